"""Feature maps in; patches that tell a city from the rest, out."""
