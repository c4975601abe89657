"""Pixels to logits, in torch. Nothing outside training and models may need it."""
