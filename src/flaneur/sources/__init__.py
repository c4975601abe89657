"""Providers of street photos; one module each, found by its name: terms, limits, where photos are, and their bytes."""
