"""A model on disk: its card, its network and how to run it, and the golden pictures that prove it whole."""
