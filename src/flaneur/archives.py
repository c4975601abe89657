"""Archives read in place, and safely: names and bytes of their members out; nothing is ever unpacked to disk."""
