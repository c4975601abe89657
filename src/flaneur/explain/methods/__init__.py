"""Maps of what in a photo speaks for a city; the file of a method is its name."""
