"""Trials: what takes further work than one answer a photo, such as heads fitted again or photos altered."""
