"""Photos to a frozen, split dataset."""
