"""Scores of two kinds of photos in; how well they are told apart, out."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from flaneur.metrics.weighted import Floats, Metric, ratio


def auroc(scores: Floats, positive: NDArray[np.bool_]) -> float:
    """Chance that a positive scores above a negative, ties counting half (Mann and Whitney's rank statistic).

    >>> auroc(np.array([0.1, 0.4, 0.4, 0.8]), np.array([False, False, True, True]))
    0.875
    """
    return float(ranking_power(scores, positive)(np.ones((1, len(scores))))[0, 0]) if len(scores) else math.nan


def ranking_power(scores: Floats, positive: NDArray[np.bool_]) -> Metric:
    """Metric form of :func:`auroc`."""
    above, under = np.flatnonzero(positive), np.flatnonzero(~positive)
    under = under[np.argsort(scores[under], kind="stable")]
    left = np.searchsorted(scores[under], scores[above], side="left")
    right = np.searchsorted(scores[under], scores[above], side="right")

    def metric(weights: Floats) -> Floats:
        negatives = np.pad(np.cumsum(weights[:, under], axis=1), ((0, 0), (1, 0)))
        positives = weights[:, above]
        below = 0.5 * (negatives[:, left] + negatives[:, right])  # ties count half
        return ratio((positives * below).sum(axis=1), positives.sum(axis=1) * negatives[:, -1])[:, None]

    return metric
