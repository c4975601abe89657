"""A model and a dataset in; a map of the photos as the model sees them, and what it tells of cities, out."""
