"""Providers of photos that are not there: a real HTTP server on this machine, and what it serves."""
