"""Tables that others made (CSV, JSON lines, Parquet) in; rows of text out, or one line that says what is wrong."""
