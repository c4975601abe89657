"""A module to run in; a process of its own that is asked over pipes, kept within limits, and may be killed, out."""
