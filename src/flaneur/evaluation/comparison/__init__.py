"""What several systems said of the same photos in; who is better, and whether that may be chance, out."""
