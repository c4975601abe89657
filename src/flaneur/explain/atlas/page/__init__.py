"""An atlas in; a page that needs nothing else out."""
