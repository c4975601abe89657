"""Stated probabilities and the truth in; how far the one is from the other, out."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from flaneur.metrics.nature import Floats
from flaneur.metrics.weighted import Metric, OfSums, ratio


def calibration_bins(confidence: Floats, bins: int = 15) -> NDArray[np.intp]:
    """Bin of each row, ``[N]`` in ``[0, bins)``: bins of equal mass by rank; equal confidences always share a bin.

    >>> calibration_bins(np.array([0.9, 0.1, 0.5, 0.9]), bins=2).tolist()
    [1, 0, 0, 1]
    """
    rank = np.searchsorted(np.sort(confidence), confidence, side="left")
    return np.asarray(rank * bins // max(1, len(confidence)), np.intp)


def expected_calibration_error(confidence: Floats, correct: NDArray[np.bool_], bins: int = 15) -> float:
    """Mean over photos of the gap between stated and observed accuracy in their bin of equal mass.

    Args:
        confidence: ``[N]`` probability of the answer, 0 to 1.
        correct: ``[N]`` whether it was right.
        bins: how many bins of equal mass.

    Source:
        Nguyen and O'Connor, *Posterior calibration and exploratory analysis for NLP models*, EMNLP 2015 (equal mass).

    >>> expected_calibration_error(np.array([0.5, 0.5, 1.0, 1.0]), np.array([True, False, True, False]), bins=2)
    0.25
    """
    if not len(confidence):
        return math.nan
    return float(calibration_error(confidence, correct, bins)(np.ones((1, len(confidence))))[0, 0])


def calibration_error(confidence: Floats, correct: NDArray[np.bool_], bins: int = 15) -> Metric:
    """Metric form of :func:`expected_calibration_error`; the bins stay those of the whole sample."""
    member = np.eye(bins)[calibration_bins(confidence, bins)]
    columns = np.column_stack([member * (confidence - correct)[:, None], np.ones(len(confidence))])
    return OfSums(columns, lambda sums: ratio(np.abs(sums[:, :-1]).sum(axis=1), sums[:, -1])[:, None])


def brier_score(probabilities: Floats, labels: NDArray[np.intp]) -> Floats:
    """Per photo, ``[N]`` in ``[0, 2]``: squared distance of the probabilities from the truth; the mean is the score.

    >>> brier_score(np.array([[0.8, 0.2]]), np.array([0])).round(2).tolist()
    [0.08]
    """
    return np.asarray(((probabilities - np.eye(probabilities.shape[1])[labels]) ** 2).sum(axis=1))


def negative_log_likelihood(log_probabilities: Floats, labels: NDArray[np.intp]) -> Floats:
    """Per photo, ``[N]`` in nats, 0 or more: minus the log probability of the truth; the mean is the score.

    Args:
        log_probabilities: ``[N, C]``, natural logarithms.
        labels: ``[N]`` column of the true class.

    >>> negative_log_likelihood(np.log([[0.5, 0.5], [0.1, 0.9]]), np.array([0, 1])).round(3).tolist()
    [0.693, 0.105]
    """
    return np.asarray(-log_probabilities[np.arange(len(labels)), labels])
