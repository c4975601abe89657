"""A model and photos in; what speaks for a city, and what makes a city look like itself, out."""
