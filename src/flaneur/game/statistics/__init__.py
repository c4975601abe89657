"""Guesses of people, and a model's on the same places, in; numbers with intervals that say what they cover out."""
