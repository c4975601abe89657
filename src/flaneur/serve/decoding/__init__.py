"""Untrusted bytes in; the square that a network sees out, decoded in processes that may be killed at any moment."""
