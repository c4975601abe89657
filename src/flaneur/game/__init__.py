"""A dataset and people in; rounds, an experiment and its statistics out."""
