"""Logits and truth of photos that were not trained on in; a temperature and two thresholds of doubt out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flaneur.errors import InputError, UsageError

_COLDEST, _HOTTEST = 0.05, 20.0


@dataclass(frozen=True, slots=True)
class DoubtRule:
    """When a model shall say "none of the cities I know".

    Args:
        refused_share: at most this share of validation photos, which all show known cities, may be refused as novel.
        least_right: below the probability threshold, less than this share of the validation answers is right.
        doubtful_share: at most this share of validation photos may be refused as improbable, however poor the model is.
    """

    refused_share: float = 0.05
    least_right: float = 0.5
    doubtful_share: float = 0.1

    def __post_init__(self) -> None:
        for name in ("refused_share", "least_right", "doubtful_share"):
            if not 0 <= getattr(self, name) < 1:
                raise UsageError(f"doubt.{name} must be a share from 0 to below 1, not {getattr(self, name)}.")


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What validation gave.

    Args:
        novelty: above it, a photo is refused.
        probability: below it, a top answer is refused.
        refused_share: of the photos that the thresholds were chosen on, by either.
    """

    novelty: float
    probability: float
    refused_share: float


def log_softmax(logits: NDArray[np.floating]) -> NDArray[np.float64]:
    """``[N, C]`` logits to log probabilities.

    >>> np.exp(log_softmax(np.array([[0.0, 0.0]]))).tolist()
    [[0.5, 0.5]]
    """
    shifted = np.asarray(logits, np.float64)
    shifted = shifted - shifted.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)), np.float64)


def negative_log_likelihood(
    logits: NDArray[np.floating], labels: NDArray[np.int64], weights: NDArray[np.float64] | None = None
) -> float:
    """Mean nats a photo, weighted where ``weights`` ``[N]`` are given."""
    losses = -log_softmax(logits)[np.arange(len(labels)), labels]
    return float(np.average(losses, weights=weights))


def fit_temperature(
    logits: NDArray[np.floating], labels: NDArray[np.int64], weights: NDArray[np.float64] | None = None
) -> float:
    """The temperature under which probabilities fit best; probabilities are ``softmax(logits / temperature)``.

    Args:
        logits: ``[N, C]`` of photos that the head has not seen.
        labels: ``[N]`` city indices.
        weights: ``[N]``, where photos count unevenly.

    Returns:
        Between 0.05 and 20; 1 where there are no photos.

    Source:
        Guo et al., *On Calibration of Modern Neural Networks*, ICML 2017, section 4.2.

    >>> over_sure = np.array([[8.0, 0.0]] * 10); right_in_seven = np.array([0] * 7 + [1] * 3)
    >>> round(float(np.exp(log_softmax(over_sure / fit_temperature(over_sure, right_in_seven)))[0, 0]), 3)
    0.7
    """
    from scipy.optimize import minimize_scalar

    if len(labels) == 0:
        return 1.0

    def loss(log_temperature: float) -> float:
        return negative_log_likelihood(logits / np.exp(log_temperature), labels, weights)

    found = minimize_scalar(
        loss, bounds=(np.log(_COLDEST), np.log(_HOTTEST)), method="bounded", options={"xatol": 1e-5}
    )
    return float(round(float(np.exp(found.x)), 6))


def choose_thresholds(
    novelty: NDArray[np.floating],
    probability: NDArray[np.floating],
    right: NDArray[np.bool_],
    rule: DoubtRule = DoubtRule(),
) -> Thresholds:
    """Bars of doubt from photos of known cities.

    Args:
        novelty: ``[N]`` of the photos.
        probability: ``[N]`` of the top city, calibrated.
        right: ``[N]`` whether the top city is the true one.
        rule: what may be refused.

    Raises:
        InputError: no photos.

    >>> bars = choose_thresholds(np.linspace(0, 1, 101), np.full(101, 0.9), np.full(101, True))
    >>> round(bars.novelty, 3), bars.probability, round(bars.refused_share, 3)
    (0.95, 0.0, 0.05)
    """
    if len(novelty) == 0:
        raise InputError("No validation photos to choose the thresholds of doubt on. Give the split a validation part.")
    ordered = np.sort(np.asarray(novelty, np.float64))
    allowed = int(np.floor(rule.refused_share * len(ordered)))
    bar = float(ordered[len(ordered) - 1 - allowed])
    doubt = _probability_bar(np.asarray(probability, np.float64), np.asarray(right, bool), rule)
    refused = (np.asarray(novelty) > bar) | (np.asarray(probability) < doubt)
    return Thresholds(bar, doubt, float(refused.mean()))


def _probability_bar(probability: NDArray[np.float64], right: NDArray[np.bool_], rule: DoubtRule) -> float:
    """The highest bar, within ``doubtful_share``, below which answers are right less often than ``least_right``."""
    order = np.argsort(probability, kind="stable")
    below = np.arange(1, len(order) + 1)
    poor = np.flatnonzero(np.cumsum(right[order]) < rule.least_right * below)
    poor = poor[poor < int(rule.doubtful_share * len(order))]
    if poor.size == 0:
        return 0.0
    # Probabilities are calibrated: one wrong answer among a dozen must not turn every sure answer into doubt.
    return min(float(probability[order[poor[-1] + 1]]), rule.least_right)
