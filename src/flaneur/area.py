"""Where to look for photos: a disc, a polygon or positions in; spots, evenly spread, out."""
