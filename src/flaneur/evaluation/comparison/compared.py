"""What several systems said of the same photos, row by row, in; their numbers side by side and pair by pair out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from flaneur import metrics
from flaneur.cities import located
from flaneur.errors import UsageError, did_you_mean
from flaneur.evaluation.comparison.guesses import Guesses
from flaneur.evaluation.comparison.pairs import Pair, Truth, all_pairs, behind, scores
from flaneur.geo import distance_km
from flaneur.metrics import Interval, bootstrap_by_group
from flaneur.types import City, Location


@dataclass(frozen=True, slots=True)
class ModelNumbers:
    """One system on the photos that all have in common.

    Args:
        name: of the system.
        choices: cities it chose among; ``None`` where nobody says.
        accuracy: share of photos told right.
        macro_recall: mean over the cities.
        by_city: recall, city by city.
        top_3: share whose city is among its first three; ``None``, as below, where it does not state what is needed.
        ece: expected calibration error.
        nll: mean negative log-likelihood of the true city, in nats.
        median_km: from the guessed city's centre to the photo; ``None`` where the centre of a guess is not known.
        coverage: share it dared to answer.
        accuracy_answered: of those.
    """

    name: str
    choices: int | None
    accuracy: Interval
    macro_recall: Interval
    by_city: tuple[Interval, ...]
    top_3: Interval | None
    ece: Interval | None
    nll: Interval | None
    median_km: Interval | None
    coverage: Interval
    accuracy_answered: Interval

    def to_dict(self, cities: Sequence[str]) -> dict[str, Any]:
        """Plain JSON values; ``cities`` are the slugs that :attr:`by_city` is about."""
        return {
            "name": self.name,
            "choices": self.choices,
            "accuracy": self.accuracy.to_dict(),
            "macro_recall": self.macro_recall.to_dict(),
            "by_city": {city: number.to_dict() for city, number in zip(cities, self.by_city, strict=True)},
            "top_3": _or_null(self.top_3),
            "ece": _or_null(self.ece),
            "nll": _or_null(self.nll),
            "median_km": _or_null(self.median_km),
            "coverage": self.coverage.to_dict(),
            "accuracy_answered": self.accuracy_answered.to_dict(),
        }


@dataclass(frozen=True)
class Compared:
    """Two or more systems on the same photos.

    Args:
        models: their numbers, in the order they were named.
        pairs: every two of them, corrected for how many pairs there are.
        cities: that the photos are of.
        said: what each said, aligned row by row.
        left_out: sentences: photos that are not compared, and why.
        paths: the file of a photo, by id, where its dataset is on this computer.
        command: that makes this again.
    """

    models: tuple[ModelNumbers, ...]
    pairs: tuple[Pair, ...]
    cities: tuple[City, ...]
    said: tuple[Guesses, ...]
    left_out: tuple[str, ...] = ()
    paths: Mapping[str, Path] = field(default_factory=dict)
    command: str = ""

    def __repr__(self) -> str:
        seen = self.models[0].accuracy
        told = ", ".join(f"{model.name} {model.accuracy.value:.3f}" for model in self.models)
        return f"<flaneur comparison: accuracy {told}; {seen.n} photos of {seen.groups} places>"

    @property
    def names(self) -> tuple[str, ...]:
        """Of the systems."""
        return tuple(model.name for model in self.models)

    @property
    def differing(self) -> tuple[int, ...]:
        """Rows that some got right and others wrong."""
        right = np.column_stack([one.correct for one in self.said])
        return tuple(np.flatnonzero(right.any(axis=1) & ~right.all(axis=1)).tolist())

    def pair(self, first: str, second: str) -> Pair:
        """Two systems against each other, in the order in which they were named.

        Raises:
            UsageError: there is no such pair.
        """
        for pair in self.pairs:
            if (pair.first, pair.second) == (first, second):
                return pair
        strange = [name for name in (first, second) if name not in self.names]
        hint = did_you_mean(strange[0], self.names) if strange else ""
        raise UsageError(
            f"no pair {first!r} and {second!r}. Compared are {', '.join(self.names)}; name two, in this order.{hint}"
        )


def measured(said: Sequence[Guesses]) -> Compared:
    """Compare systems that answered the same photos.

    Args:
        said: aligned, as :func:`flaneur.evaluation.comparison.common_photos.in_common` makes them.
    """
    slugs = sorted({photo.city for photo in said[0].photos})
    labels = np.array([slugs.index(photo.city) for photo in said[0].photos], np.intp)
    names = [f"{photo.city}\0{photo.place}" for photo in said[0].photos]
    places = np.asarray(np.unique(np.array(names, dtype=object), return_inverse=True)[1], np.intp)
    truth = Truth(labels, places, len(slugs))
    known = {city.slug: city for one in said for city in one.cities}
    needed = set(slugs).union(*(one.guess for one in said)) & set(known)
    centres = {slug: located(known[slug]).centre for slug in sorted(needed)}
    return Compared(
        models=tuple(_numbers(one, truth, centres) for one in said),
        pairs=all_pairs({one.name: one.correct for one in said}, truth),
        cities=tuple(known.get(slug, City(slug, slug)) for slug in slugs),
        said=tuple(said),
    )


def _numbers(one: Guesses, truth: Truth, centres: Mapping[str, Location | None]) -> ModelNumbers:
    """All from the same resamples, which are drawn once."""
    correct = one.correct
    asked = np.column_stack([np.ones_like(one.answered), one.answered])
    parts = [scores(correct, truth), metrics.shares(np.column_stack([one.answered, correct]), asked)]
    counts = [behind(truth), metrics.counts_behind(asked, truth.places)]
    parts += [] if one.top_3 is None else [metrics.always(one.top_3)]
    parts += [] if one.loss is None else [metrics.means(one.loss[:, None])]
    counts += [counts[0][:1]] * (len(parts) - len(counts))
    found = bootstrap_by_group(metrics.joined(*parts), truth.places, behind=np.vstack(counts))
    (accuracy, macro, *cities), rest = found[: 2 + truth.cities], list(found[2 + truth.cities :])
    coverage, answered = rest[:2]
    nll = None if one.loss is None else rest.pop()
    top_3 = None if one.top_3 is None else rest.pop()
    ece = None
    if one.probability is not None:
        ece = bootstrap_by_group(metrics.calibration_error(one.probability, correct), truth.places, pivot=True)[0]
    return ModelNumbers(
        name=one.name,
        choices=len(one.cities) or None,
        accuracy=accuracy,
        macro_recall=macro,
        by_city=tuple(cities),
        top_3=top_3,
        ece=ece,
        nll=nll,
        median_km=_median_km(one, truth, centres),
        coverage=coverage,
        accuracy_answered=answered,
    )


def _median_km(one: Guesses, truth: Truth, centres: Mapping[str, Location | None]) -> Interval | None:
    """As in :func:`flaneur.evaluation.measures.distance.distance`, on all photos or not at all."""
    stood = [_point(photo.location or centres.get(photo.city)) for photo in one.photos]
    guessed = [_point(centres.get(guess)) for guess in one.guess]
    points = np.array([stood, guessed])
    if np.isnan(points).any():
        return None
    return bootstrap_by_group(metrics.medians(distance_km(*points)[:, None]), truth.places)[0]


def _point(at: Location | None) -> tuple[float, float]:
    return (math.nan, math.nan) if at is None else (at.lat, at.lon)


def _or_null(number: Interval | None) -> dict[str, Any] | None:
    return None if number is None else number.to_dict()
