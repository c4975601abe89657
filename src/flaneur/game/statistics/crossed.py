"""Values of people at places in; their mean with intervals over other people, other places, and both at once, out.

Guesses are not independent: each person makes many, and each place is guessed by many. What an interval covers hangs
on what would be drawn anew: other people before the same photos, the same people before other photos, or both.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flaneur.metrics import Z95, Interval, wilson

Floats = NDArray[np.float64]
_TAIL = 0.975


@dataclass(frozen=True, slots=True)
class Crossed:
    """A mean over N guesses with three 95 % intervals; ``n`` counts guesses, ``groups`` what was drawn anew.

    Args:
        by_people: other people of this kind before the same photos; undefined for one person.
        by_places: the same people before other photos of this kind; undefined for one place.
        both: other people before other photos; ``groups`` counts people. Undefined for one person or one place.
    """

    by_people: Interval
    by_places: Interval
    both: Interval

    @property
    def value(self) -> float:
        """The mean."""
        return self.both.value

    @property
    def widest(self) -> Interval:
        """The interval that covers most among those that are defined: of one person, that over other photos."""
        for interval in (self.both, self.by_people, self.by_places):
            if math.isfinite(interval.low):
                return interval
        return self.by_places

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        names = {"both": self.both, "by_people": self.by_people, "by_places": self.by_places}
        ends = {name: [_rounded(one.low), _rounded(one.high)] for name, one in names.items()}
        counts = {"guesses": self.both.n, "people": self.both.groups, "places": self.by_places.groups}
        return {"value": _rounded(self.value), **ends, **counts}


def crossed_share(hits: NDArray[np.bool_], people: NDArray[Any], places: NDArray[Any]) -> Crossed:
    """A share of guesses.

    Each interval is Wilson's, at as many guesses as would tell as much if they were independent, fewer where people or
    places are few (Student's t instead of the normal).

    Args:
        hits: ``[N]`` whether each guess is one.
        people: ``[N]`` who made it.
        places: ``[N]`` where.

    Source:
        Variance clustered two ways: A. C. Cameron, J. B. Gelbach, D. L. Miller, "Robust inference with multiway
        clustering", *Journal of Business & Economic Statistics* 29(2), 2011; effective number of guesses:
        E. L. Korn, B. I. Graubard, "Confidence intervals for proportions with small expected number of positive counts
        estimated from survey data", *Survey Methodology* 24(2), 1998, in Wilson's interval as C. Franco and others
        have it, *Journal of Survey Statistics and Methodology* 7(3), 2019.

    >>> people, places = np.repeat([0, 1, 2, 3], 5), np.tile([0, 1, 2, 3, 4], 4)
    >>> share = crossed_share(np.arange(20) % 3 > 0, people, places)
    >>> round(share.value, 2), share.by_people.groups, share.by_places.groups
    (0.65, 4, 5)
    """
    return _crossed(np.asarray(hits, np.float64), people, places, _share_ends)


def crossed_difference(gains: Floats, people: NDArray[Any], places: NDArray[Any]) -> Crossed:
    """A mean of differences, each -1, 0 or 1: a person right or wrong, less a model at the same place.

    Args:
        gains: ``[N]`` of each guess.
        people: ``[N]`` who made it.
        places: ``[N]`` where.

    >>> crossed_difference(np.array([1.0, 0.0, -1.0, 0.0]), np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])).value
    0.0
    """
    return _crossed(np.asarray(gains, np.float64), people, places, _difference_ends)


def _crossed(values: Floats, people: NDArray[Any], places: NDArray[Any], ends: Any) -> Crossed:
    who, where = (np.unique(group, return_inverse=True)[1] for group in (people, places))
    guesses, persons, spots = len(values), int(who.max(initial=-1)) + 1, int(where.max(initial=-1)) + 1
    if not guesses:
        nothing = Interval(math.nan, math.nan, math.nan, 0, 0)
        return Crossed(nothing, nothing, nothing)
    mean = float(values.mean())
    alone = _variance(values - mean, np.arange(guesses))
    by_people, by_places = _variance(values - mean, who), _variance(values - mean, where)
    joint = max(by_people + by_places - alone, by_people, by_places)
    made = [
        _interval(mean, ends(mean, max(variance, alone), units, guesses), guesses, told)
        for variance, units, told in (
            (by_people, persons, persons), (by_places, spots, spots), (joint, min(persons, spots), persons),
        )
    ]  # fmt: skip
    return Crossed(*made)


def _interval(mean: float, ends: tuple[float, float], guesses: int, groups: int) -> Interval:
    return Interval(mean, ends[0], ends[1], guesses, groups)


def _variance(rest: Floats, groups: NDArray[np.intp]) -> float:
    """Of the mean, if whole groups are drawn: the squares of what the rests of each group add up to."""
    sums = np.bincount(groups, rest)
    count = len(sums)
    return float((sums**2).sum() / len(rest) ** 2 * count / (count - 1)) if count > 1 else 0.0


def _share_ends(share: float, variance: float, units: int, guesses: int) -> tuple[float, float]:
    """Wilson's interval; where all guesses are right, or none, nothing tells more than one guess a unit would."""
    if units < 2:
        return (math.nan, math.nan)
    worth = units if variance <= 0 else min(guesses, share * (1 - share) / variance)
    worth *= (Z95 / student(units - 1)) ** 2
    return wilson(share * worth, worth)


def _difference_ends(mean: float, variance: float, units: int, _guesses: int) -> tuple[float, float]:
    if units < 2:
        return (math.nan, math.nan)
    if variance <= 0:
        room = wilson(0, units)[1]
        return (max(-1.0, mean - room), min(1.0, mean + room))
    half = student(units - 1) * math.sqrt(variance)
    return (max(-1.0, mean - half), min(1.0, mean + half))


def student(degrees: int) -> float:
    """Student's t: 97.5 % point.

    >>> round(student(5), 3), round(student(10**9), 2)
    (2.571, 1.96)
    """
    from scipy.special import stdtrit

    return float(stdtrit(degrees, _TAIL))


def _rounded(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 6) + 0.0
