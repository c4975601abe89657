"""Two models' answers to the same photos in; whether the one is right more often than the other, out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flaneur.metrics.bootstrap import bootstrap_by_group
from flaneur.metrics.interval import Interval
from flaneur.metrics.nature import Floats
from flaneur.metrics.weighted import Metric, difference


@dataclass(frozen=True, slots=True)
class McNemar:
    """How often only one of two models is right, and how likely a split as uneven is if neither is better.

    Args:
        only_first: photos that only the first has right.
        only_second: photos that only the second has right.
        p: two-sided, exact; takes every photo for an observation of its own.
        p_by_group: the same with whole places for observations; equals ``p`` where each photo is its own place.
    """

    only_first: int
    only_second: int
    p: float
    p_by_group: float


def mcnemar(
    first: NDArray[np.bool_], second: NDArray[np.bool_], groups: Sequence[str] | NDArray[Any] | None = None
) -> McNemar:
    """Exact test of whether two models are right equally often on the same photos.

    Photos that both have right, or both wrong, say nothing. Each other photo counts +1 for the model that has it right.
    If neither is better, the sign of what a place adds up to is a coin's: p is the share of all outcomes of these coins
    with a sum at least as far from 0 as the one seen.

    Args:
        first: ``[N]`` whether the first model is right.
        second: ``[N]`` likewise.
        groups: ``[N]`` place of each photo; each its own by default.

    Source:
        McNemar, Psychometrika 12, 1947, in its exact (binomial) form; by place: the sign-flip test of Fisher, *The
        Design of Experiments*, 1935, section 21, on the sums by place.

    >>> test = mcnemar(np.array([True] * 6 + [False] * 2), np.array([False] * 6 + [True] * 2))
    >>> test.only_first, test.only_second, round(test.p, 4)
    (6, 2, 0.2891)
    """
    gains = first.astype(np.int64) - second.astype(np.int64)
    p = _sign_flip_p(gains)
    by_group = p
    if groups is not None:
        index = np.unique(np.asarray(groups), return_inverse=True)[1]
        by_group = _sign_flip_p(np.bincount(index, gains).round().astype(np.int64))
    return McNemar(int((gains > 0).sum()), int((gains < 0).sum()), p, by_group)


def paired_difference(
    first: Metric,
    second: Metric,
    groups: Sequence[str] | NDArray[Any],
    *,
    behind: NDArray[np.int64] | None = None,
    repeats: int = 1000,
    seed: int = 0,
) -> tuple[Interval, ...]:
    """``first - second`` on the same photos, value by value, from resampling whole places.

    Both are measured on the same resample, so what makes a place hard for both cancels out.

    Args:
        first: metric of N photos.
        second: another of the same N photos, with as many values.
        groups: ``[N]`` place of each photo.
        behind: ``[M, 2]`` photos and places behind each value; everything by default.
        repeats: resamples.
        seed: of the resampling.

    >>> from flaneur.metrics import always
    >>> good, poor = np.array([True, True, True, False]), np.array([True, False, False, False])
    >>> paired_difference(always(good), always(poor), list("abcd"))[0].value
    0.5
    """
    return bootstrap_by_group(difference(first, second), groups, behind=behind, repeats=repeats, seed=seed)


def _sign_flip_p(sums: NDArray[np.int64]) -> float:
    """Share of all choices of signs that bring the total at least as far from 0 as it is."""
    sizes, counts = np.unique(np.abs(sums[sums != 0]), return_counts=True)
    chances = np.ones(1)  # of every total from -reach to +reach
    for size, count in zip(sizes.tolist(), counts.tolist(), strict=True):
        steps = np.zeros(2 * size * count + 1)
        steps[:: 2 * size] = _binomial(count)
        chances = np.convolve(chances, steps)
    reach = (len(chances) - 1) // 2
    far = np.abs(np.arange(-reach, reach + 1)) >= abs(int(sums.sum()))
    return min(1.0, float(chances[far].sum()))


def _binomial(count: int) -> Floats:
    """Chance of each number of heads, ``[count + 1]``, of so many coins."""
    log_factorial = np.array([math.lgamma(k + 1) for k in range(count + 1)])
    return np.asarray(np.exp(log_factorial[-1] - log_factorial - log_factorial[::-1] - count * math.log(2)))
