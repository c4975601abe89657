"""A report in; tables for papers and a model card out, as LaTeX and Markdown."""
