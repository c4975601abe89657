"""Guesses of people and of the model at the same places in; whether they mix up the same cities out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations
from math import factorial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flaneur.game.statistics.crossed import Crossed, crossed_share
from flaneur.game.statistics.guesses import Floats, Guesses
from flaneur.metrics import Derived, Interval, Metric, bootstrap_by_group, confusion_matrix, in_cells
from flaneur.metrics.weighted import ratio

_MOST_ORDERS = 5040
_HALVES = 200
_LEAST_MISTAKES = 10


@dataclass(frozen=True, slots=True)
class NearMisses:
    """Wrong answers at places whose country has another city among the choices.

    Args:
        share: of these answers, those that name a city of the right country.
        chance: the same if every wrong answer were as likely as any other.
    """

    share: Crossed
    chance: float

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {"same_country": self.share.to_dict(), "by_chance": round(self.chance, 6)}


@dataclass(frozen=True, slots=True)
class Mistakes:
    """What people take for what, beside what the model takes for what at the same places.

    Args:
        people: counts ``[C, C]``, row the truth.
        model: likewise, each place as often as people guessed there; ``None``: no model plays.
        correlation: Pearson's, of the shares of each city's guesses that go to each wrong city. The interval covers
            other photos before the same people. ``None``: no model, fewer than three cities, or fewer than ten
            mistakes of either side, which tell nothing.
        p: chance of a correlation at least as high if it made no difference which of the model's cities is which
            (Mantel's test); 1 where there is no correlation.
        ceiling: the same correlation of one half of the people with the other half, at places that both halves saw,
            corrected to all of them: about as high as people's own noise lets any model come. Not a number for one
            person, or with fewer than ten mistakes of either half at such places.
        people_near: whether people's wrong answers are of the right country; ``None``: cannot be told.
        model_near: the model's, likewise.
    """

    people: NDArray[np.int64]
    model: NDArray[np.int64] | None
    correlation: Interval | None
    p: float
    ceiling: float
    people_near: NearMisses | None
    model_near: NearMisses | None

    @property
    def counts(self) -> tuple[int, int]:
        """How many mistakes are compared: people's, and the model's (0 where none plays)."""
        return _wrong(self.people), 0 if self.model is None else _wrong(self.model)

    def to_dict(self, cities: Sequence[str]) -> dict[str, Any]:
        """Plain JSON values; ``cities`` are slugs in the order of the matrices."""
        return {
            "cities": list(cities),
            "people": self.people.tolist(),
            "model": None if self.model is None else self.model.tolist(),
            "correlation": None if self.correlation is None else self.correlation.to_dict(),
            "mantel_p": round(self.p, 6),
            "split_half_ceiling": None if np.isnan(self.ceiling) else round(self.ceiling, 6),
            "people_near": None if self.people_near is None else self.people_near.to_dict(),
            "model_near": None if self.model_near is None else self.model_near.to_dict(),
        }


def mistakes(guesses: Guesses, seed: int = 0) -> Mistakes:
    """Confusions of people and model, and how alike they are.

    Args:
        guesses: of people who were to name a city, or whose points on the map name one.
        seed: of what is drawn.

    Source:
        N. Mantel, "The detection of disease clustering and a generalized regression approach", *Cancer Research*
        27(2), 1967; the ceiling by C. Spearman and W. Brown's formula, both *British Journal of Psychology* 3(3), 1910.
    """
    named = guesses.where(guesses.named >= 0)
    side, rng = len(guesses.cities), np.random.default_rng(seed)
    people = confusion_matrix(named.labels, named.named, side)
    said = named.said
    model = None if said is None else confusion_matrix(named.labels, said, side)
    found, p = None, 1.0
    if said is not None and model is not None and side > 2 and _comparable(people, model):
        metric = Derived(tuple(_wrong_shares(named.labels, own, side) for own in (named.named, said)), _of_both)
        found = bootstrap_by_group(metric, named.places)[0]
        p = mantel_p(people, model, rng)
    return Mistakes(
        people=people,
        model=model,
        correlation=found,
        p=p,
        ceiling=_ceiling(named, rng),
        people_near=_near(named, named.named),
        model_near=_near(named, said),
    )


def alike(first: NDArray[Any], second: NDArray[Any]) -> float:
    """Pearson's correlation of two confusion matrices, right answers left out; each row as shares.

    Args:
        first: counts ``[C, C]``, row the truth.
        second: likewise. Not a number where either has no mistakes, or all are as common.

    >>> counts = np.array([[5, 4, 1], [2, 8, 0], [0, 1, 9]])
    >>> round(alike(counts, counts), 6)
    1.0
    """
    shares = [_off_diagonal(_row_shares(counts[None].astype(np.float64))) for counts in (first, second)]
    return float(_correlation(shares[0], shares[1])[0])


def mantel_p(first: NDArray[Any], second: NDArray[Any], rng: np.random.Generator) -> float:
    """Share of the ways to rename the second's cities that bring a correlation at least as high.

    Args:
        first: counts ``[C, C]``, row the truth.
        second: likewise.
        rng: draws the ways where there are too many to try all.
    """
    side = len(first)
    if factorial(side) <= _MOST_ORDERS:
        orders = np.array(list(permutations(range(side))), np.intp)
    else:
        orders = np.array([np.arange(side), *(rng.permutation(side) for _ in range(_MOST_ORDERS))], np.intp)
    renamed = second.astype(np.float64)[orders[:, :, None], orders[:, None, :]]
    own = _off_diagonal(_row_shares(first[None].astype(np.float64)))
    found = _correlation(np.repeat(own, len(orders), axis=0), _off_diagonal(_row_shares(renamed)))
    return float(np.mean(found >= alike(first, second) - 1e-12))


def _wrong(counts: NDArray[Any]) -> int:
    return int(counts.sum() - np.trace(counts))


def _comparable(first: NDArray[Any], second: NDArray[Any]) -> bool:
    return min(_wrong(first), _wrong(second)) >= _LEAST_MISTAKES and bool(np.isfinite(alike(first, second)))


def _wrong_shares(labels: NDArray[np.intp], named: NDArray[np.intp], side: int) -> Metric:
    """Shares of each city's guesses that go to each wrong city, ``[R, C (C - 1)]``."""

    def finish(totals: Floats) -> Floats:
        return _off_diagonal(_row_shares(totals.reshape(-1, side, side)))

    return in_cells(labels * side + named, side * side, finish)


def _of_both(values: Sequence[Floats]) -> Floats:
    return _correlation(values[0], values[1])[:, None]


def _row_shares(counts: Floats) -> Floats:
    return ratio(counts, counts.sum(axis=2, keepdims=True))


def _off_diagonal(matrices: Floats) -> Floats:
    side = matrices.shape[1]
    return matrices[:, ~np.eye(side, dtype=bool)].reshape(len(matrices), -1)


def _correlation(first: Floats, second: Floats) -> Floats:
    """Row by row, ``[R]``, over the columns that both know; not a number where one does not vary."""
    known = np.isfinite(first) & np.isfinite(second)
    count = np.maximum(1, known.sum(axis=1, keepdims=True))
    away = []
    for values in (first, second):
        filled = np.where(known, values, 0.0)
        away.append(np.where(known, filled - filled.sum(axis=1, keepdims=True) / count, 0.0))
    size = np.sqrt((away[0] ** 2).sum(axis=1) * (away[1] ** 2).sum(axis=1))
    return np.where(size > 1e-12, (away[0] * away[1]).sum(axis=1) / np.maximum(size, 1e-12), np.nan)


def _ceiling(named: Guesses, rng: np.random.Generator) -> float:
    """Mean correlation of halves of the people at places that both saw, stepped up to all of them."""
    persons = np.array(named.persons)
    if len(persons) < 2:
        return float("nan")
    side = len(named.cities)
    found: list[float] = []
    for _ in range(_HALVES):
        half = np.isin(named.people, rng.permutation(persons)[: len(persons) // 2])
        shared = np.isin(named.places, np.intersect1d(named.places[half], named.places[~half]))
        first, second = (
            confusion_matrix(named.labels[rows & shared], named.named[rows & shared], side) for rows in (half, ~half)
        )
        if _comparable(first, second):
            found.append(alike(first, second))
    if not found:
        return float("nan")
    mean = float(np.mean(found))
    return 2 * mean / (1 + mean) if mean > 0 else 0.0


def _near(guesses: Guesses, named: NDArray[np.intp] | None) -> NearMisses | None:
    if named is None:
        return None
    countries = np.array([city.country for city in guesses.cities], dtype=object)
    twins = (countries[:, None] == countries) & (countries != "") & ~np.eye(len(countries), dtype=bool)
    among = twins.any(axis=1)[guesses.labels] & (named != guesses.labels)
    if not among.any():
        return None
    near, own = twins[guesses.labels, named][among], guesses.where(among)
    chance = float(twins.sum(axis=1)[own.labels].mean() / (len(countries) - 1))
    return NearMisses(crossed_share(near, own.people, own.places), chance)
