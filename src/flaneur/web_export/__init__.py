"""A bundle in; a static folder that answers in the visitor's browser out."""
