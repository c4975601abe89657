"""A dataset in; a form that other tools read out; one module each, found by its name."""
