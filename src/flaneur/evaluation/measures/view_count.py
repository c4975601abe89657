"""Answers in; accuracy by how many views of a place are joined, always of the same places, out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from flaneur import metrics
from flaneur.errors import counted
from flaneur.evaluation.answers import Answers
from flaneur.evaluation.measures.views import only_city
from flaneur.evaluation.phrases import percent, points, points_span
from flaneur.evaluation.section import Findings
from flaneur.fusion import fuse_places
from flaneur.metrics import Floats, Interval, bootstrap_by_group

MOST_VIEWS = 12
ENOUGH_PLACES = 100
DRAWS = 20


@dataclass(frozen=True, slots=True)
class ViewCount:
    """The same places seen in fewer or more views.

    Args:
        rows: for 1, 2, 3, … views the share of places told right, mean over seeded draws of the views.
        places: that have at least the most views, and that every row is about.
        gain: what the most views bring beside one, at the same places.
        only_city: name of the one city that all of these places are in; empty if there are several.
    """

    key: ClassVar[str] = "view_count"
    rows: tuple[tuple[int, Interval], ...]
    places: int
    gain: Interval
    only_city: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "rows": [{"views": views, "accuracy": accuracy.to_dict()} for views, accuracy in self.rows],
            "places": self.places,
            "gain": self.gain.to_dict(),
        }

    def findings(self) -> Findings:
        """What the numbers mean."""
        (_, one), *middle, (most, together) = self.rows
        where = f", all of them in {self.only_city}," if self.only_city else ","
        at = (
            f"At {counted(self.places, 'place')} with at least {most} views{where} one view is right for "
            f"{percent(one.value)}"
        )
        last = f"{most} together for {percent(together.value)}"
        by = f"{points(self.gain.value)}, {points_span(self.gain)}"
        if self.gain.high < 0:
            return Findings(beware=(f"{at} of them, {last} ({by}): further views mislead it.",))
        if self.gain.low > 0 and middle:
            return Findings(good=(f"{at} of them, two together for {percent(middle[0][1].value)}, {last}.",))
        return Findings()


def view_count(known: Answers) -> ViewCount | None:
    """How much each further view of a place brings, joined as the model does.

    All rows are about the same places, so that the curve shows what views do, not which places have many. The most
    views are as many as half of the places with several have, or a hundred of these places, but no more than twelve.
    Each draw shuffles the views of every place and takes the first 1, 2, 3, … of them.

    Args:
        known: answers of photos whose city the model knows.

    Returns:
        ``None`` where no place has several views.

    >>> from flaneur.types import City, Photo
    >>> cities = (City("oslo", "Oslo"), City("rome", "Rome"))
    >>> photos = tuple(Photo(f"a:{n}", "0", "oslo", "square", 64, 48, "a") for n in range(2))
    >>> found = view_count(Answers(cities, photos, np.array([[3.0, 0.0], [2.0, 0.0]]), np.zeros(2)))
    >>> [(views, accuracy.value) for views, accuracy in found.rows]
    [(1, 1.0), (2, 1.0)]
    """
    count = np.bincount(known.places)
    several = int((count > 1).sum())
    if not several:
        return None
    least = min(ENOUGH_PLACES, several / 2)
    most = max(views for views in range(2, MOST_VIEWS + 1) if (count >= views).sum() >= least)
    rows = np.flatnonzero((count >= most)[known.places])
    _, index = np.unique(known.places[rows], return_inverse=True)
    right = _right(known, rows, index, most)
    gain = metrics.means(right[:, [-1]] - right[:, [0]], "difference")
    behind = np.tile([len(rows), len(right)], (most + 1, 1))
    *found, more = bootstrap_by_group(
        metrics.joined(metrics.means(right, "share"), gain), np.arange(len(right)), behind=behind
    )
    return ViewCount(tuple(enumerate(found, start=1)), len(right), more, only_city(known.cities, known.labels[rows]))


def _right(known: Answers, rows: NDArray[np.intp], index: NDArray[np.intp], most: int) -> Floats:
    """``[P, most]`` share of the draws in which so many views of a place name its city.

    Args:
        known: answers of photos.
        rows: ``[V]`` the photos of places with enough views.
        index: ``[V]`` number of each one's place, 0 to P - 1.
        most: views.
    """
    rng = np.random.default_rng(0)
    places = int(index.max()) + 1
    label = np.zeros(places, np.intp)
    label[index] = known.labels[rows]
    right = np.zeros((places, most))
    for _ in range(DRAWS):
        order = np.lexsort((rng.random(len(rows)), index))
        rank = np.arange(len(rows)) - np.searchsorted(index[order], index[order])
        for views in range(1, most + 1):
            taken = order[rank < views]
            right[:, views - 1] += _fused(known, rows[taken], index[taken]) == label
    return right / DRAWS


def _fused(known: Answers, rows: NDArray[np.intp], index: NDArray[np.intp]) -> NDArray[np.intp]:
    """``[P]`` the answer for each place from these of its views."""
    attention = None if known.attention is None else known.attention[rows]
    heat = known.doubt.temperature
    joined = fuse_places(known.logits[rows], index, known.fusion, temperature=heat, attention=attention)
    return np.asarray(joined.argmax(axis=1), np.intp)
