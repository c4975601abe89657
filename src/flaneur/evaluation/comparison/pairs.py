"""Which of several systems was right on the same photos in; every two of them against each other out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flaneur import metrics
from flaneur.metrics import Interval, Metric

SIGNIFICANT = 0.05


@dataclass(frozen=True, slots=True)
class Pair:
    """Two systems on the same photos.

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
        place_p: the same with whole places swapped, which is right; see :func:`flaneur.metrics.mcnemar`.
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

    def turned(self) -> Pair:
        """The same with second and first exchanged."""
        return replace(
            self,
            first=self.second,
            second=self.first,
            difference=_negative(self.difference),
            macro_difference=_negative(self.macro_difference),
            by_city=tuple(_negative(number) for number in self.by_city),
            only_first=self.only_second,
            only_second=self.only_first,
        )

    def to_dict(self, cities: Sequence[str]) -> dict[str, Any]:
        """Plain JSON values; ``cities`` are the slugs that :attr:`by_city` is about."""
        return {
            "first": self.first,
            "second": self.second,
            "better": self.better or None,
            "difference": self.difference.to_dict(),
            "macro_difference": self.macro_difference.to_dict(),
            "by_city": {city: number.to_dict() for city, number in zip(cities, self.by_city, strict=True)},
            "only_first": self.only_first,
            "only_second": self.only_second,
            "both": self.both,
            "neither": self.neither,
            "mcnemar_p": _digits(self.mcnemar_p),
            "place_p": _digits(self.place_p),
            "holm_p": _digits(self.holm_p),
        }


@dataclass(frozen=True, slots=True)
class Truth:
    """What the photos that are compared truly show.

    Args:
        labels: ``[N]`` number of the city.
        places: ``[N]`` number of the place.
        cities: how many there are.
    """

    labels: NDArray[np.intp]
    places: NDArray[np.intp]
    cities: int


def all_pairs(correct: dict[str, NDArray[np.bool_]], truth: Truth) -> tuple[Pair, ...]:
    """Every two systems against each other, in the order they are named.

    Args:
        correct: by system, ``[N]`` whether it was right.
        truth: of the N photos.
    """
    found = [_pair(first, second, correct, truth) for first, second in combinations(correct, 2)]
    return tuple(
        replace(pair, holm_p=chance) for pair, chance in zip(found, holm([one.place_p for one in found]), strict=True)
    )


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


def scores(correct: NDArray[np.bool_], truth: Truth) -> Metric:
    """Metric of ``2 + C`` values: accuracy, macro recall, recall of each city."""
    member = truth.labels[:, None] == np.arange(truth.cities)
    return metrics.joined(
        metrics.always(correct),
        metrics.balanced_accuracy(truth.labels, correct, truth.cities),
        metrics.shares(np.repeat(correct[:, None], truth.cities, axis=1), member),
    )


def behind(truth: Truth) -> NDArray[np.int64]:
    """Photos and places, ``[2 + C, 2]``, behind each value of :func:`scores`."""
    every = np.ones((len(truth.labels), 2), bool)
    member = truth.labels[:, None] == np.arange(truth.cities)
    return metrics.counts_behind(np.hstack([every, member]), truth.places)


def _pair(first: str, second: str, correct: dict[str, NDArray[np.bool_]], truth: Truth) -> Pair:
    one, other = correct[first], correct[second]
    test = metrics.mcnemar(one, other, truth.places)
    numbers = metrics.paired_difference(scores(one, truth), scores(other, truth), truth.places, behind=behind(truth))
    return Pair(
        first=first,
        second=second,
        difference=numbers[0],
        macro_difference=numbers[1],
        by_city=numbers[2:],
        only_first=test.only_first,
        only_second=test.only_second,
        both=int((one & other).sum()),
        neither=int((~one & ~other).sum()),
        mcnemar_p=test.p,
        place_p=test.p_by_group,
        holm_p=test.p_by_group,
    )


def _negative(difference: Interval) -> Interval:
    return replace(difference, value=-difference.value, low=-difference.high, high=-difference.low)


def _digits(chance: float) -> float:
    """Six digits, however small."""
    return float(f"{chance:.6g}")
