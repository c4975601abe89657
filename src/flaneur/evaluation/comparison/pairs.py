"""Which of two models was right on the same photos in; who is better, and whether that may be chance, out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import lgamma, log

import numpy as np
from numpy.typing import NDArray

from flaneur.metrics import Floats, Interval

SIGNIFICANT = 0.05


@dataclass(frozen=True, slots=True)
class Pair:
    """Two models on the same photos.

    Args:
        first: name of the one.
        second: name of the other.
        difference: of their accuracies, first minus second.
        macro_difference: of their macro recalls.
        by_city: of their recalls, city by city.
        only_first: photos that only the first got right.
        only_second: photos that only the second got right.
        both: photos that both got right.
        neither: photos that neither got right.
        mcnemar_p: exact; counts every photo as independent, so it is too small where places have several.
        place_p: :func:`swap_test`, where places count as one; equal to McNemar's where each place has one photo.
        holm_p: ``place_p`` corrected for the number of pairs; see :func:`holm`.
    """

    first: str
    second: str
    difference: Interval
    macro_difference: Interval
    by_city: tuple[Interval, ...]
    only_first: int
    only_second: int
    both: int
    neither: int
    mcnemar_p: float
    place_p: float
    holm_p: float

    @property
    def better(self) -> str:
        """Name of the better one, or nothing where they cannot be told apart.

        One is better if the interval of the difference leaves out 0 and the corrected p is below 0.05.
        """
        apart = self.difference.low > 0 or self.difference.high < 0
        if not apart or self.holm_p >= SIGNIFICANT:
            return ""
        return self.first if self.difference.value > 0 else self.second


def swap_test(differences: NDArray[np.int64]) -> float:
    """Chance of a difference this large if, in each place, it were a coin's toss which model gave which answers.

    Exact and two-sided: of all ways of swapping the two models' answers place by place, the share whose total differs
    from 0 by as much as the one seen. A permutation test that keeps photos of a place together; where each place has
    one photo it is McNemar's exact test.

    Args:
        differences: ``[G]`` of each place, photos that only the first got right minus those only the second did.

    Source:
        Fisher's randomisation test, with whole clusters swapped; McNemar, *Psychometrika* 12, 1947, is its case of
        single photos.

    >>> swap_test(np.array([1, 1, 1, 1, 1, -1])), swap_test(np.array([5, -1])), swap_test(np.array([0, 0]))
    (0.21875, 1.0, 1.0)
    """
    sizes, counts = np.unique(np.abs(differences[differences != 0]), return_counts=True)
    chances = np.ones(1)  # of each total, from the most negative to the most positive
    for size, count in zip(sizes.tolist(), counts.tolist(), strict=True):
        step = np.zeros(2 * size * count + 1)
        step[:: 2 * size] = _coin(count)
        chances = np.convolve(chances, step)
    totals = np.abs(np.arange(len(chances)) - len(chances) // 2)
    return float(min(1.0, chances[totals >= abs(int(differences.sum()))].sum()))


def holm(chances: Sequence[float]) -> list[float]:
    """P values corrected for their number: the chance of even one false claim among them stays below the level.

    Source:
        Holm, *A simple sequentially rejective multiple test procedure*, Scandinavian Journal of Statistics 6, 1979.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    corrected, worst = [0.0] * len(chances), 0.0
    for rank, index in enumerate(sorted(range(len(chances)), key=lambda one: chances[one])):
        worst = max(worst, min(1.0, (len(chances) - rank) * chances[index]))
        corrected[index] = worst
    return corrected


def _coin(tosses: int) -> Floats:
    """Chances, ``[tosses + 1]``, of so many heads."""
    logs = [lgamma(tosses + 1) - lgamma(k + 1) - lgamma(tosses - k + 1) - tosses * log(2) for k in range(tosses + 1)]
    return np.exp(np.array(logs))
