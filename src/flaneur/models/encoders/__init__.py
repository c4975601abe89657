"""One encoder family a module."""
