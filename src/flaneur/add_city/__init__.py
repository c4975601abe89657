"""A bundle and photos of one more city in; a bundle that knows it, and what that costs the others, out."""
