"""Learning: features, heads, calibration; fine-tuning with the train extra."""
