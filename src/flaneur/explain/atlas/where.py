"""An atlas in; where in each city its model succeeds, out: districts with their recall, and whether it matters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from flaneur import geo, metrics
from flaneur.errors import InputError
from flaneur.evaluation.answers import Answers
from flaneur.evaluation.measures.nearest_train import thirds
from flaneur.evaluation.phrases import percent, points, points_span, span
from flaneur.evaluation.section import Findings
from flaneur.explain.atlas.atlas import Atlas, Progress
from flaneur.explain.atlas.basis import Basis, basis
from flaneur.explain.atlas.columns import Column
from flaneur.metrics import Floats, Interval, bootstrap_by_group, counts_behind
from flaneur.types import City

PLACES_EACH = 12  # a district with fewer says little
_MOST_CUTS = 4  # at most 2 to the power of so many districts
Rows = NDArray[np.intp]


@dataclass(frozen=True)
class District:
    """A part of a city, cut so that all have about as many places.

    Args:
        south_west: latitude and longitude in degrees.
        north_east: likewise.
        recall: share of its photos told right.
    """

    south_west: tuple[float, float]
    north_east: tuple[float, float]
    recall: Interval


@dataclass(frozen=True)
class WhereCity:
    """One city.

    Args:
        city: it.
        rows: of the atlas, photos with a position.
        recall: of all of them.
        districts: those of the city; a single one where it has few places.
    """

    city: City
    rows: Rows
    recall: Interval
    districts: tuple[District, ...]


@dataclass(frozen=True)
class Where:
    """Where in cities a model succeeds.

    Args:
        answers: of the atlas; rows below are of it.
        cities: those with positions.
        fall: recall of each city's third of photos nearest to its middle minus that of its outermost third.
        basis: photos behind it.
        without: photos of them that have no position.
    """

    key: ClassVar[str] = "where"
    answers: Answers
    cities: tuple[WhereCity, ...]
    fall: Interval
    basis: Basis
    without: int

    def columns(self) -> tuple[Column, ...]:
        """None: right and wrong are there already."""
        return ()

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "cities": [
                {
                    "city": one.city.slug,
                    "recall": one.recall.to_dict(),
                    "districts": [
                        {
                            "south_west": [round(number, 5) for number in district.south_west],
                            "north_east": [round(number, 5) for number in district.north_east],
                            "recall": district.recall.to_dict(),
                        }
                        for district in one.districts
                    ],
                }
                for one in self.cities
            ],
            "centre_less_edge": self.fall.to_dict(),
            "photos": self.basis.kind,
            "without_position": self.without,
        }

    def findings(self) -> Findings:
        """What the numbers mean."""
        beware = (*self._of_edges(), *self._of_districts(), *self.basis.warnings)
        if self.fall.low <= 0 <= self.fall.high:
            said = (
                "No difference between the middle and the edge of the cities can be seen "
                f"(in points, the middle less the edge: {points_span(self.fall)})."
            )
            return Findings((said,), beware)
        return Findings((), beware)

    def _of_edges(self) -> tuple[str, ...]:
        if not self.fall.low > 0 and not self.fall.high < 0:
            return ()
        better, worse = ("middle", "edge") if self.fall.low > 0 else ("edge", "middle")
        more = f"{points(self.fall.value)} ({points_span(self.fall)})"
        return (f"It succeeds more often in the {better} of cities than at their {worse}: {more} in its favour.",)

    def _of_districts(self) -> tuple[str, ...]:
        """Districts whose interval lies below that of the city."""
        weak = [
            f"{one.city.name} ({percent(district.recall.value)}, {span(district.recall)}, "
            f"against {percent(one.recall.value)})"
            for one in self.cities
            for district in one.districts
            if district.recall.high < one.recall.low
        ]
        return (
            f"Districts where it clearly fails more often than in the rest of the city: {'; '.join(weak)}.",
        ) * bool(weak)


def where(atlas: Atlas, progress: Progress | None = None) -> Where:
    """Recall by district, and in the middle of cities against their edge.

    Args:
        atlas: photos with positions, and answers.
        progress: told stage, how much is done, of how much.

    Raises:
        InputError: no photo of a city that the model knows has a position.
    """
    found = basis(atlas, known_only=True)
    if progress is not None:
        progress("where it succeeds", 0, 1)
    spots = _positions(atlas, found.rows)
    located = ~np.isnan(spots[:, 0])
    if not located.any():
        raise InputError("No photo of a city that the model knows has a position.")
    made = []
    for number, city in enumerate(found.cities):
        own = np.flatnonzero(located & (found.labels == number))
        if len(own):
            made.append(_city(atlas, city, found.rows[own], spots[own], found.places[own]))
    rows, labels, places = found.rows[located], found.labels[located], found.places[located]
    near, far = thirds(_from_centre_km(spots[located], labels), labels)
    right = atlas.answers.correct[rows][:, None]
    fall = metrics.difference(metrics.shares(right, near[:, None]), metrics.shares(right, far[:, None]))
    behind = counts_behind((near | far)[:, None], places)
    return Where(
        atlas.answers, tuple(made), bootstrap_by_group(fall, places, behind=behind)[0], found, int((~located).sum())
    )


def districts(spots: Floats, places: Rows) -> Rows:
    """Cuts ground in halves of as many places, across its longer side, as long as both halves have enough.

    Args:
        spots: ``[N, 2]`` latitude and longitude in degrees.
        places: ``[N]`` number of the place.

    Returns:
        ``[N]`` number of the district, 0 to at most 15.

    >>> districts(np.column_stack([np.zeros(24), np.arange(24)]), np.arange(24)).tolist()[10:14]
    [0, 0, 1, 1]
    """
    made = np.zeros(len(spots), np.intp)
    for _ in range(_MOST_CUTS):
        ways = [_cut(spots[made == number], places[made == number]) for number in range(made.max(initial=0) + 1)]
        if not any(way is not None for way in ways):
            break
        finer = 2 * made
        for number, way in enumerate(ways):
            if way is not None:
                finer[np.flatnonzero(made == number)[way]] += 1
        made = np.unique(finer, return_inverse=True)[1]
    return made


def _cut(spots: Floats, places: Rows) -> NDArray[np.bool_] | None:
    """Which photos, ``[N]``, are in the northern or eastern half; nothing where a half would have too few places."""
    names, index = np.unique(places, return_inverse=True)
    if len(names) < 2 * PLACES_EACH:
        return None
    middles = np.column_stack([np.bincount(index, column) for column in spots.T]) / np.bincount(index)[:, None]
    sides = np.ptp(middles, axis=0) * (1.0, float(np.cos(np.radians(middles[:, 0].mean()))))
    along = middles[:, int(sides.argmax())]
    second = along > np.median(along)
    if min(second.sum(), (~second).sum()) < PLACES_EACH:
        return None
    return np.asarray(second[index])


def _city(atlas: Atlas, city: City, rows: Rows, spots: Floats, places: Rows) -> WhereCity:
    number = districts(spots, places)
    among = np.column_stack([np.ones(len(rows), bool), number[:, None] == np.arange(number.max() + 1)])
    right = np.repeat(atlas.answers.correct[rows][:, None], among.shape[1], axis=1)
    recall, *each = bootstrap_by_group(metrics.shares(right, among), places, behind=counts_behind(among, places))
    boxes = [
        (spots[number == one].min(axis=0).tolist(), spots[number == one].max(axis=0).tolist())
        for one in range(len(each))
    ]
    parts = [District(tuple(low), tuple(high), share) for (low, high), share in zip(boxes, each, strict=True)]
    return WhereCity(city, rows, recall, tuple(parts))


def _positions(atlas: Atlas, rows: Rows) -> Floats:
    found = [atlas.answers.photos[row].location for row in rows]
    spots = [(np.nan, np.nan) if spot is None else (spot.lat, spot.lon) for spot in found]
    return np.array(spots, np.float64).reshape(-1, 2)


def _from_centre_km(spots: Floats, labels: Rows) -> Floats:
    """``[N]`` from the median of the city's positions."""
    centres = np.zeros_like(spots)
    for number in np.unique(labels):
        centres[labels == number] = np.median(spots[labels == number], axis=0)
    return geo.distance_km(spots, centres)
