"""Embeddings to a model, without torch: heads, calibration, novelty, attention over views, the card."""
