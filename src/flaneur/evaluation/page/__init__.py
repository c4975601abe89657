"""A report in; a page that needs nothing else out."""
