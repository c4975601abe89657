"""A dataset that people already have in; found photos out. One layout a file."""
