"""Bundles and datasets in; reports out. No deep-learning framework: the exported bundle is what is measured."""
