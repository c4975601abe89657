"""A report in; matplotlib figures for papers and notebooks out, without touching pyplot's state."""
