"""Embeddings of one city in; the kinds of streets it has, out."""
