"""Embedded photos in; how accuracy grows with photos per city and falls with the number of cities, out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from flaneur import metrics
from flaneur.dataset.split import Split
from flaneur.dataset.store import Dataset
from flaneur.errors import InputError, counted
from flaneur.evaluation.phrases import percent, span
from flaneur.evaluation.section import Findings
from flaneur.evaluation.trials.refit import (
    Bench,
    drawn_order,
    first_of_each,
    learnable,
    of_cities,
    quick_head,
    set_up,
)
from flaneur.evaluation.trials.scaling import Fit as Fit
from flaneur.evaluation.trials.scaling import fit_curve
from flaneur.metrics import Interval, bootstrap_by_group
from flaneur.protocols import Encoder
from flaneur.training.heads.logistic import one_blas_thread
from flaneur.training.heads.parts import Part, Progress, tell
from flaneur.types import City

_FAR = 10  # a curve is read up to so many times the most photos a city that were seen
_STEPS = (5, 10, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700, 1000, 1500, 2000, 3000, 5000, 7000, 10_000)
_LEAST = 20  # training photos of a city, or it would end the curve before it begins
_DRAWS, _MOST_COUNTS = 5, 8
_TARGETS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99)
_FLATTERED = (
    "The learning curve flatters: the network itself was trained on all of these cities' photos. It does not say how "
    "many photos a new city needs; a frozen encoder would."
)


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """Heads that learnt from so much, on the same test photos.

    Args:
        count: photos per city, or cities.
        accuracy: share told right, mean of the draws.
        macro_recall: mean over the cities.
        chance: of a blind guess.
    """

    count: int
    accuracy: Interval
    macro_recall: Interval
    chance: float


@dataclass(frozen=True, slots=True)
class LearningCurve:
    """How many photos and cities make how much.

    Args:
        by_photos: photos per city, fewest first; whole places are drawn.
        by_cities: number of cities, fewest first, each with all its photos.
        fit: through ``by_photos``, where there are enough points.
        draws: seeded draws that each point is the mean of.
        uneven: cities with fewer training photos than the largest count, which bring all they have.
        even: photos a city that every city has; the curve is fitted up to there.
        encoder_saw_them: whether the encoder itself was trained on photos of these cities. Then few photos seem to
            suffice, since the work was done before.
    """

    key: ClassVar[str] = "learning_curve"
    by_photos: tuple[CurvePoint, ...]
    by_cities: tuple[CurvePoint, ...]
    fit: Fit | None
    draws: int = 1
    uneven: tuple[City, ...] = ()
    even: int = 0
    encoder_saw_them: bool = False

    def needed(self, accuracy: float) -> int | None:
        """Photos a city that the fitted curve asks for, ``None`` where it cannot be said; see :meth:`why_not`."""
        if self.fit is None or self.why_not(accuracy):
            return None
        gap = (self.fit.ceiling - accuracy) / self.fit.scale
        return max(1, math.ceil(float(gap ** (-1 / self.fit.power)) - 1e-9))

    def why_not(self, accuracy: float) -> str:
        """Why the number of photos for that accuracy cannot be told; empty if it can."""
        if self.fit is None:
            return f"not to be told from so few points: a city has but {counted(self.even, 'training photo')}"
        if self.fit.on_bound:
            return "not to be told: no curve of the usual form fits the points"
        if accuracy >= self.fit.ceiling:
            return f"not reached: the curve flattens near {percent(self.fit.ceiling)}"
        gap = (self.fit.ceiling - accuracy) / self.fit.scale
        if gap ** (-1 / self.fit.power) > _FAR * self.even:
            return f"more than {_FAR} times as many photos away as were seen"
        return ""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "by_photos": [_point_dict(point) for point in self.by_photos],
            "by_cities": [_point_dict(point) for point in self.by_cities],
            "fit": None if self.fit is None else {name: round(value, 6) for name, value in asdict(self.fit).items()},
            "draws": self.draws,
            "uneven": [city.slug for city in self.uneven],
            "even": self.even,
            "encoder_saw_them": self.encoder_saw_them,
        }

    def findings(self) -> Findings:
        """What the numbers mean."""
        said = [line for line in (self._asked(), self._more_cities()) if line]
        if not self.encoder_saw_them:
            return Findings(good=tuple(said))
        return Findings(beware=(*said, _FLATTERED)) if said else Findings()

    def _asked(self) -> str:
        """How many photos; the only question most people have."""
        if not self.by_photos:
            return ""
        first, last = self.by_photos[0], self.by_photos[-1]
        said = (
            f"With {first.count} photos of each city a head on this encoder is right for "
            f"{percent(first.accuracy.value)} ({span(first.accuracy)}), with {last.count} for "
            f"{percent(last.accuracy.value)} ({span(last.accuracy)})."
        )
        target = next((share for share in _TARGETS if share > last.accuracy.value), None)
        if self.fit is None or self.fit.on_bound or target is None:
            return said
        by = f"{said} By a curve through the points up to {self.even} photos of each, {percent(target)}"
        count = self.needed(target)
        if count is None:
            return f"{by} is {self.why_not(target)}."
        guess = "; that is read off the curve, not measured" if count > last.count else ""
        return f"{by} would take about {_two_digits(count)} of each{guess}."

    def _more_cities(self) -> str:
        if len(self.by_cities) < 2:
            return ""
        few, many = self.by_cities[0], self.by_cities[-1]
        return (
            f"Between {few.count} cities it is right for {percent(few.accuracy.value)} (a blind guess: "
            f"{percent(few.chance)}), among {many.count} for {percent(many.accuracy.value)} ({percent(many.chance)})."
        )


def learning_curve(
    dataset: Dataset,
    encoder: Encoder,
    split: Split,
    progress: Progress | None = None,
    part: str = "test",
    *,
    encoder_saw_them: bool = False,
) -> LearningCurve:
    """Fit heads to fewer photos and to fewer cities, and score them on the same photos.

    Each draw puts the places of a city in an order of its own and takes photos from its beginning, so that whole places
    come and fewer photos are part of more. Numbers are means over the draws. The strength of the penalty is chosen
    once, on all training photos. Cities with fewer than 20 of these are left aside; photos per city go up to what half
    of the cities have, and from where one has no more it brings all it has.

    Args:
        dataset: with cached or computable features.
        encoder: frozen.
        split: whose parts share no place.
        progress: told stage, done, of how many.
        part: that is scored.
        encoder_saw_them: see :class:`LearningCurve`.

    Raises:
        InputError: a part without photos, or fewer than two cities.
    """
    bench = set_up(dataset, encoder, split, part, progress)
    cities = [city for city in learnable(bench.train, _LEAST) if city in set(bench.tested.cities.tolist())]
    if len(cities) < 2:
        raise InputError(
            f"{dataset.name}: a learning curve needs two cities or more with {_LEAST} training photos each and with "
            f"photos in part {part!r}. Add photos, or split again."
        )
    bench = Bench(of_cities(bench.train, cities), of_cities(bench.tested, cities), bench.strength)
    have = np.unique(bench.train.cities, return_counts=True)[1]
    steps, counts = _steps(have), _city_counts(len(cities))
    with one_blas_thread():
        told = _Counter(progress, len(steps) + len(counts))
        by_photos = tuple(told(_by_photos(bench, count)) for count in steps)
        by_cities = tuple(told(_by_cities(bench, cities, count)) for count in counts)
    few = {city for city, count in zip(cities, have, strict=True) if count < steps[-1]}
    uneven = tuple(city for city in dataset.cities if city.slug in few)
    fit = fit_curve([(point.count, point.accuracy.value) for point in by_photos if point.count <= have.min()])
    return LearningCurve(by_photos, by_cities, fit, _DRAWS, uneven, int(have.min()), encoder_saw_them)


class _Counter:
    """Tells progress after each point."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self._progress, self._total, self._done = progress, total, 0

    def __call__(self, point: CurvePoint) -> CurvePoint:
        self._done += 1
        tell(self._progress, "curve", self._done, self._total)
        return point


def _steps(have: NDArray[np.int64]) -> list[int]:
    """Round numbers up to what half of the cities have, and the most that all have.

    >>> _steps(np.array([142, 161, 171, 387, 418, 425, 427, 591]))
    [5, 10, 20, 30, 50, 70, 100, 142, 200, 300]
    """
    even, half = int(have.min()), int(np.sort(have)[len(have) // 2])
    return sorted({even, *(step for step in _STEPS if step <= half and not 0.83 < step / even < 1.2)})


def _city_counts(cities: int) -> list[int]:
    """From two to all of them, at most eight counts.

    >>> _city_counts(8), _city_counts(100)
    ([2, 3, 4, 5, 6, 7, 8], [2, 3, 6, 11, 19, 33, 57, 100])
    """
    if cities <= _MOST_COUNTS + 1:
        return list(range(2, cities + 1))
    return sorted({round(float(count)) for count in np.geomspace(2, cities, _MOST_COUNTS)})


def _by_photos(bench: Bench, count: int) -> CurvePoint:
    drawn = []
    for seed in range(_DRAWS):
        order = drawn_order(bench.train, np.random.default_rng(seed))
        train = bench.train.take(first_of_each(bench.train.cities, order, count))
        drawn.append((train, bench.tested))
    return _point(count, drawn, bench.strength, len(np.unique(bench.train.cities)))


def _by_cities(bench: Bench, cities: Sequence[str], count: int) -> CurvePoint:
    rng = np.random.default_rng(count)
    draws = 1 if count == len(cities) else _DRAWS
    chosen = [sorted(rng.choice(cities, count, replace=False).tolist()) for _ in range(draws)]
    drawn = [(of_cities(bench.train, own), of_cities(bench.tested, own)) for own in chosen]
    return _point(count, drawn, bench.strength, count)


def _point(count: int, drawn: Sequence[tuple[Part, Part]], strength: float, among: int) -> CurvePoint:
    """All draws together: a place that several of them score is resampled as one."""
    right = np.concatenate([quick_head(train, strength).right(tested) for train, tested in drawn])
    places = np.concatenate([tested.places for _, tested in drawn])
    names, labels = np.unique(np.concatenate([tested.cities for _, tested in drawn]), return_inverse=True)
    metric = metrics.joined(metrics.always(right), metrics.balanced_accuracy(labels, right, len(names)))
    photos = len({photo.id for _, tested in drawn for photo in tested.photos})
    behind = np.tile(np.array([photos, len(np.unique(places))], np.int64), (2, 1))
    accuracy, macro = bootstrap_by_group(metric, places, behind=behind)
    return CurvePoint(count, accuracy, macro, 1 / among)


def _two_digits(count: int) -> str:
    """A number no more exact than a curve is.

    >>> _two_digits(1234), _two_digits(57)
    ('1,200', '57')
    """
    digits = max(0, len(str(count)) - 2)
    return f"{round(count, -digits):,}"


def _point_dict(point: CurvePoint) -> dict[str, Any]:
    return {
        "count": point.count,
        "accuracy": point.accuracy.to_dict(),
        "macro_recall": point.macro_recall.to_dict(),
        "chance": round(point.chance, 6),
    }
