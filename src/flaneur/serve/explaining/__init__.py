"""A photo and a question in; a heat map out, made in a process that gives way to others and may be killed."""
