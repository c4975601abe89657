"""Answers in; whether the stated probabilities and the refusals can be trusted, out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from flaneur import metrics
from flaneur.evaluation.answers import Answers
from flaneur.metrics import Interval, bootstrap_by_group, counts_behind

RELIABILITY_BINS = 10


@dataclass(frozen=True, slots=True)
class HowSure:
    """Whether the stated probability and the refusals can be trusted.

    Args:
        ece: expected calibration error.
        brier: squared error of the probabilities, 0 to 2.
        nll: minus the log probability of the true city, in nats.
        coverage: share of photos answered.
        accuracy_answered: of those answered.
        accuracy_refused: of those refused, had they been answered.
        bins: for each bin of equal mass: mean confidence and the accuracy seen.
    """

    ece: Interval
    brier: Interval
    nll: Interval
    coverage: Interval
    accuracy_answered: Interval
    accuracy_refused: Interval
    bins: tuple[tuple[float, Interval], ...]


def how_sure(known: Answers) -> HowSure:
    """Calibration and refusals on photos of cities that the model knows."""
    correct, confidence = known.correct, known.confidence
    logs, labels = known.log_probabilities, known.labels
    losses = np.column_stack([metrics.brier_score(np.exp(logs), labels), metrics.negative_log_likelihood(logs, labels)])
    bins = metrics.calibration_bins(confidence, RELIABILITY_BINS)
    member = bins[:, None] == np.unique(bins)
    among = np.column_stack([np.ones_like(correct), known.answered, ~known.answered, member])
    hits = np.column_stack([known.answered, np.tile(correct[:, None], among.shape[1] - 1)])
    behind = counts_behind(among, known.places)
    found = bootstrap_by_group(metrics.shares(hits, among), known.places, behind=behind)
    error = bootstrap_by_group(metrics.calibration_error(confidence, correct), known.places, pivot=True)
    brier, nll = bootstrap_by_group(metrics.means(losses), known.places)
    return HowSure(
        ece=error[0],
        brier=brier,
        nll=nll,
        coverage=found[0],
        accuracy_answered=found[1],
        accuracy_refused=found[2],
        bins=tuple((float(confidence[rows].mean()), seen) for rows, seen in zip(member.T, found[3:], strict=True)),
    )
