"""Embeddings by city in; the cities as points, with the gaps between them and their tree, out."""
