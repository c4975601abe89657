"""Answers and the training photos in; accuracy by the distance to the nearest training photo, out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from flaneur import geo, metrics
from flaneur.evaluation.answers import Answers
from flaneur.evaluation.phrases import metres, points, points_span
from flaneur.evaluation.section import Findings
from flaneur.metrics import Floats, Interval, bootstrap_by_group, counts_behind
from flaneur.types import Photo

RING_EDGES_M = (0.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0, 5000.0, 10000.0, math.inf)
_SAME_SPOT_M = 25.0  # nearer than this, two photos show the same houses
_MUCH = 0.1


@dataclass(frozen=True, slots=True)
class Ring:
    """Photos about as far from the nearest training photo.

    Args:
        low_m: at least so many metres.
        high_m: less than so many; infinite for the outermost.
        accuracy: share told right.
    """

    low_m: float
    high_m: float
    accuracy: Interval


@dataclass(frozen=True, slots=True)
class NearestTrain:
    """Whether photos near a training photo are told better, as they are where a model remembers places.

    Args:
        rings: nearest first; empty ones are left out.
        fall: accuracy of each city's nearest third of photos minus that of its farthest third: above 0, nearness helps.
        without: photos without a position, left out.
        nearest_m: from the nearest of all to its training photo.
    """

    key: ClassVar[str] = "nearest_train"
    rings: tuple[Ring, ...]
    fall: Interval
    without: int
    nearest_m: float

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; the outermost ring has no upper end."""
        return {
            "rings": [
                {
                    "low_m": ring.low_m,
                    "high_m": None if ring.high_m == float("inf") else ring.high_m,
                    "accuracy": ring.accuracy.to_dict(),
                }
                for ring in self.rings
            ],
            "fall": self.fall.to_dict(),
            "without": self.without,
            "nearest_m": round(self.nearest_m, 1),
        }

    def findings(self) -> Findings:
        """What the numbers mean."""
        if self.nearest_m < _SAME_SPOT_M:
            spot = f"Some of these photos were taken {metres(self.nearest_m)} from a training photo, which may show"
            return Findings(beware=(f"{spot} the same houses.", *self._of_the_fall()[1]))
        those = "the photos with a position" if self.without else "these photos"
        apart = f"The nearest of {those} was taken {metres(self.nearest_m)} from a training photo."
        good, beware = self._of_the_fall()
        return Findings((apart, *good), beware)

    def _of_the_fall(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Sentences for and against; none where too few photos stand behind them."""
        fall, nearest = self.fall, "The third of each city's photos that is nearest to training photos is told"
        if fall.low > 0:
            more = f"{nearest} right more often than the farthest third, by {points(fall.value)} ({points_span(fall)}):"
            return (), (f"{more} it partly knows streets, not cities, and is weaker far from those it learnt from.",)
        if fall.high < _MUCH:
            same = f"{nearest} no better than the farthest third (difference in points: {points_span(fall)}):"
            return (f"{same} remembered streets do not explain its score.",), ()
        return (), ()


def nearest_train(known: Answers, train: Sequence[Photo]) -> NearestTrain | None:
    """Accuracy by the distance to the nearest training photo, whatever city that is of.

    The thirds are taken city by city, so that both hold the same mix of cities: a dense city lies nearer to its
    training photos than a wide one, and may be easier for other reasons.

    Args:
        known: answers of photos whose city the model knows.
        train: photos that the model learnt from.

    Returns:
        ``None`` where no photo of the one or of the other has a position.

    >>> from flaneur.types import City, Location
    >>> at = [Location(59.91, 10.70 + step / 100) for step in range(4)]
    >>> photos = [Photo(f"a:{n}", "0", "oslo", f"p{n}", 64, 48, "a", location=one) for n, one in enumerate(at)]
    >>> said = Answers((City("oslo", "Oslo"),), tuple(photos[1:]), np.ones((3, 1)), np.zeros(3))
    >>> found = nearest_train(said, photos[:1])
    >>> round(found.nearest_m), [(ring.low_m, ring.accuracy.n) for ring in found.rings]
    (557, [(500.0, 1), (1000.0, 2)])
    """
    located = np.array([photo.location is not None for photo in known.photos], bool)
    learnt = _positions(train)
    if not located.any() or not len(learnt):
        return None
    apart_m = geo.nearest_m(_positions(known.photos), learnt)[0]
    correct, places, labels = known.correct[located], known.places[located], known.labels[located]
    ring = np.searchsorted(RING_EDGES_M, apart_m, side="right") - 1
    used = np.unique(ring)
    among = ring[:, None] == used
    hits = np.repeat(correct[:, None], len(used), axis=1)
    near, far = thirds(apart_m, labels)
    fall = metrics.difference(_share(correct, near), _share(correct, far))
    behind = counts_behind(np.column_stack([among, near | far]), places)
    *found, fallen = bootstrap_by_group(metrics.joined(metrics.shares(hits, among), fall), places, behind=behind)
    return NearestTrain(
        rings=tuple(
            Ring(RING_EDGES_M[index], RING_EDGES_M[index + 1], seen)
            for index, seen in zip(used.tolist(), found, strict=True)
        ),
        fall=fallen,
        without=int((~located).sum()),
        nearest_m=float(apart_m.min()),
    )


def _positions(photos: Sequence[Photo]) -> Floats:
    """``[M, 2]`` latitude and longitude of those photos that have them."""
    found = [(photo.location.lat, photo.location.lon) for photo in photos if photo.location is not None]
    return np.array(found, np.float64).reshape(-1, 2)


def thirds(apart_m: Floats, labels: NDArray[np.intp]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """The nearest and the farthest third of each city's photos, each ``[N]``.

    Args:
        apart_m: ``[N]`` or any other distance.
        labels: ``[N]`` number of the city.

    >>> [third.tolist() for third in thirds(np.array([3.0, 1.0, 2.0]), np.zeros(3, int))]
    [[False, True, False], [True, False, False]]
    """
    order = np.lexsort((apart_m, labels))
    count = np.bincount(labels)
    rank = np.empty(len(labels), np.intp)
    rank[order] = np.arange(len(labels)) - (np.cumsum(count) - count)[labels[order]]
    third = (count // 3)[labels]
    return rank < third, rank >= count[labels] - third


def _share(correct: NDArray[np.bool_], rows: NDArray[np.bool_]) -> metrics.Metric:
    return metrics.shares(correct[:, None], rows[:, None])
