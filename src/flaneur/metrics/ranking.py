"""Scores of two kinds of photos in; how well they are told apart, out."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from flaneur.metrics.nature import SHARE, Floats, Nature
from flaneur.metrics.weighted import Derived, Metric, ratio


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

    def power(weights: Floats) -> Floats:
        negatives = np.pad(np.cumsum(weights[:, under], axis=1), ((0, 0), (1, 0)))
        positives = weights[:, above]
        below = 0.5 * (negatives[:, left] + negatives[:, right])  # ties count half
        return ratio((positives * below).sum(axis=1), positives.sum(axis=1) * negatives[:, -1])[:, None]

    nature = Nature("share", positive.astype(np.intp))
    return Derived((power,), lambda values: values[0], lambda _: (nature,))


def area_under_risk_coverage(confidence: Floats, correct: NDArray[np.bool_]) -> float:
    """Mean error among the surest 1, 2, … N photos: 0 is perfect, the error rate is what blind doubt gets.

    Equal confidences are taken in every order alike, so the order of the photos does not matter.

    Args:
        confidence: ``[N]``, higher is surer.
        correct: ``[N]`` whether the answer was right.

    Source:
        Geifman and El-Yaniv, *Selective Classification for Deep Neural Networks*, NeurIPS 2017; the area as in Geifman,
        Uziel and El-Yaniv, *Bias-Reduced Uncertainty Estimation for Deep Neural Classifiers*, ICLR 2019.

    >>> round(area_under_risk_coverage(np.array([0.9, 0.8, 0.7, 0.6]), np.array([True, True, False, True])), 4)
    0.1458
    """
    if not len(confidence):
        return math.nan
    return float(selective_risk(confidence, correct)(np.ones((1, len(confidence))))[0, 0])


def selective_risk(confidence: Floats, correct: NDArray[np.bool_]) -> Metric:
    """Metric form of :func:`area_under_risk_coverage`; weights are whole numbers: how often each photo was drawn.

    A wrong answer of rank q raises the error among the surest q, q + 1, … N: by 1/q + 1/(q + 1) + … + 1/N in all, that
    is H(N) - H(q - 1) of harmonic numbers. Among m ties at ranks s + 1 to s + m, this is averaged over their ranks, for
    which sums of H suffice: H(0) + … + H(n - 1) = n H(n) - n.
    """
    order = np.argsort(-confidence, kind="stable")
    ranked, wrong = confidence[order], np.flatnonzero(~correct[order])
    first = np.searchsorted(-ranked, -ranked[wrong], side="left")
    last = np.searchsorted(-ranked, -ranked[wrong], side="right")

    def risk(weights: Floats) -> Floats:
        drawn = np.rint(weights[:, order]).astype(np.int64)
        until = np.pad(np.cumsum(drawn, axis=1), ((0, 0), (1, 0)))
        total = until[:, -1]
        harmonic = np.append(0.0, np.cumsum(1 / np.arange(1, total.max(initial=0) + 1)))
        summed = np.arange(len(harmonic)) * (harmonic - 1)
        before, after = until[:, first], until[:, last]
        mean = ratio(summed[after] - summed[before], (after - before).astype(np.float64))
        added = np.where(drawn[:, wrong] > 0, drawn[:, wrong] * (harmonic[total][:, None] - mean), 0.0)
        return ratio(added.sum(axis=1), total.astype(np.float64))[:, None]

    return Derived((risk,), lambda values: values[0], lambda _: (SHARE,))
