"""How photos are altered, whose photos they borrow from, and when a model is said to lean on what was altered."""
