"""Sources, cities and wishes in; a dataset with the licence of every photo out: planned, budgeted, resumable."""
