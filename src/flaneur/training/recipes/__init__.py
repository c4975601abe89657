"""What a recipe says: its settings, its files, the paper it follows, and the checks before anything is loaded."""
