"""An atlas in; the sub-clusters of its cities out: what each shows, what they follow, how well each is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from flaneur import geo, metrics
from flaneur.errors import InputError, counted
from flaneur.evaluation.answers import Answers
from flaneur.evaluation.measures.columns import column_title, column_values
from flaneur.evaluation.phrases import points, points_span
from flaneur.evaluation.section import Findings
from flaneur.explain.atlas.atlas import Atlas, Progress
from flaneur.explain.atlas.basis import LEARNT, NEW, SPOT_M, city_names, first_of_each, spots
from flaneur.explain.atlas.clusters.agreement import Agreement
from flaneur.explain.atlas.clusters.modes import LEAST_PLACES, Division, divide
from flaneur.explain.atlas.columns import Categories, Column
from flaneur.explain.atlas.positions2d import principal
from flaneur.metrics import Interval, bootstrap_by_group
from flaneur.training.heads.cross_validation import one_blas_thread
from flaneur.types import City, Photo

SHOWN = 4
DIMS = 10
CELL_M = 1000.0
LETTERS = "ABCD"
GROUND, LEARNING = "ground", "learnt"
_COLUMNS = ("project", "source", "year", "season", "heading_deg", "sequence")
_NAMES = {GROUND: "square kilometre", LEARNING: "use in training"}
_HALF, _MUCH = 0.5, 0.05

Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Followed:
    """What sub-clusters have to do with a fact of the photos.

    Args:
        column: ``project``, ``year`` and the like, ``ground`` (the kilometre that a photo lies in) or ``learnt``.
        more: how much more often two photos with the same fact share a sub-cluster than any two; from different spots.
    """

    column: str
    more: Interval

    @property
    def name(self) -> str:
        """What two photos have in common, for people."""
        return _NAMES.get(self.column, column_title(self.column).lower())


@dataclass(frozen=True)
class SubCluster:
    """One of the parts that a city's photos fall into.

    Args:
        letter: A is the largest.
        rows: of the atlas.
        shown: of them the nearest to the middle, from different spots.
        share: of the city's photos.
        recall: share told right of those that are new to the model.
    """

    letter: str
    rows: Rows
    shown: tuple[int, ...]
    share: Interval
    recall: Interval


@dataclass(frozen=True)
class DividedCity:
    """One city.

    Args:
        city: it.
        rows: of the atlas.
        parts: its sub-clusters, the largest first; a single one where no division would come out again elsewhere.
        division: how it was found.
        follows: what the sub-clusters have to do with, the strongest first.
    """

    city: City
    rows: Rows
    parts: tuple[SubCluster, ...]
    division: Division
    follows: tuple[Followed, ...]

    @property
    def divided(self) -> bool:
        """Whether it has sub-clusters."""
        return len(self.parts) > 1


@dataclass(frozen=True)
class Clusters:
    """Sub-clusters inside cities.

    Args:
        answers: of the atlas; rows below are of it.
        cities: those with enough places.
        codes: ``[N]`` number of the sub-cluster, counted through all divided cities; -1 for photos of others.
        left_out: names of cities with too few places.
    """

    key: ClassVar[str] = "clusters"
    answers: Answers
    cities: tuple[DividedCity, ...]
    codes: NDArray[np.int64]
    left_out: tuple[str, ...] = ()

    def columns(self) -> tuple[Column, ...]:
        """Sub-clusters, to colour the map by; none where no city is divided."""
        names = tuple(f"{one.city.name} {part.letter}" for one in self.cities if one.divided for part in one.parts)
        hint = "Parts into which a city’s photos fall, the largest first."
        codes = np.where(self.codes < 0, len(names), self.codes)
        return (Categories(self.key, "sub-cluster", codes, (*names, "none in its city"), hint),) if names else ()

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; photos are not listed."""
        return {"cities": [_city_dict(one) for one in self.cities], "left_out": list(self.left_out)}

    def findings(self) -> Findings:
        """What the numbers mean."""
        divided = [one for one in self.cities if one.divided]
        if not divided:
            few = (
                f"; for {counted(len(self.left_out), 'city')} more, places are too few to tell" if self.left_out else ""
            )
            return Findings((f"No sub-clusters were found in {counted(len(self.cities), 'city')}{few}.",))
        named = ", ".join(f"{one.city.name} ({len(one.parts)})" for one in divided)
        good = f"Photos of {named} fall into sub-clusters that other places of the city would repeat."
        cut = [one.city.name for one in divided if not one.division.apart]
        beware = []
        if cut:
            beware.append(
                f"The sub-clusters of {', '.join(cut)} are no farther apart than pieces of one cloud would be: as far "
                "as can be told, they are ends of a scale rather than kinds of street."
            )
        return Findings((good,), (*beware, *map(_of_camera, filter(_follows_camera, divided))))


def _city_dict(one: DividedCity) -> dict[str, Any]:
    return {
        "city": one.city.slug,
        "photos": len(one.rows),
        "prediction_strength": round(one.division.strength, 4),
        "explained": round(one.division.explained, 4),
        "explained_of_one_cloud": round(one.division.one_cloud[0], 4),
        "apart": one.division.apart,
        "sub_clusters": [
            {"name": part.letter, "share": part.share.to_dict(), "recall_of_new_photos": part.recall.to_dict()}
            for part in one.parts
        ],
        "follow": {one.column: one.more.to_dict() for one in one.follows},
    }


def _follows_camera(one: DividedCity) -> bool:
    first = one.follows[0] if one.follows else None
    return first is not None and first.column != GROUND and first.more.low > 0 and first.more.value > _MUCH


def _of_camera(one: DividedCity) -> str:
    first = one.follows[0]
    return (
        f"{one.city.name}: two photos of the same {first.name} share a sub-cluster more often than any two, by "
        f"{points(first.more.value)} ({points_span(first.more)}), more than anything else that is known of them."
    )


def clusters(atlas: Atlas, progress: Progress | None = None) -> Clusters:
    """Divide each city's photos where other places of the city would repeat the division.

    All photos of the atlas take part, also those that the model learnt from, since sub-clusters describe photos and
    claim nothing of the model; how well each is told rests on new photos only.

    Args:
        atlas: photos and embeddings.
        progress: told stage, how much is done, of how much.

    Raises:
        InputError: no city has photos of enough places.
    """
    named = city_names(atlas)
    photos = atlas.answers.photos
    slugs = np.array([photo.city for photo in photos], dtype=object)
    rows_of = {slug: np.flatnonzero(slugs == slug) for slug in named}
    few = 2 * LEAST_PLACES
    count_of = {slug: len(np.unique(spots([photos[row] for row in rows]))) for slug, rows in rows_of.items()}
    enough = [slug for slug, count in count_of.items() if count >= few]
    if not enough:
        raise InputError(f"It takes a city with photos of {few} places or more, {SPOT_M:.0f} m apart.")
    made, codes, names = [], np.full(len(slugs), -1, np.int64), 0
    for number, slug in enumerate(enough):
        if progress is not None:
            progress("sub-clusters", number, len(enough))
        with one_blas_thread():
            made.append(_of_city(atlas, named[slug], rows_of[slug]))
        if made[-1].divided:
            for part in made[-1].parts:
                codes[part.rows] = names
                names += 1
    left_out = tuple(named[slug].name for slug, rows in rows_of.items() if len(rows) and slug not in enough)
    return Clusters(atlas.answers, tuple(made), codes, left_out)


def _of_city(atlas: Atlas, city: City, rows: Rows) -> DividedCity:
    photos = [atlas.answers.photos[row] for row in rows]
    embedded, where = principal(atlas.embeddings[rows], DIMS), spots(photos)
    division = divide(embedded, where)
    groups, count = division.groups, len(division.middles)
    member = groups[:, None] == np.arange(count)
    shares = bootstrap_by_group(metrics.shares(member, np.ones_like(member)), where)
    new = atlas.learnt[rows] == NEW
    right = np.repeat(atlas.answers.correct[rows][:, None], count, axis=1)
    among = member & new[:, None]
    recalls = bootstrap_by_group(metrics.shares(right, among), where, behind=metrics.counts_behind(among, where))
    parts = []
    for number in range(count):
        own = np.flatnonzero(groups == number)
        away = ((embedded[own] - division.middles[number]) ** 2).sum(axis=1)
        nearest = own[np.argsort(away, kind="stable")]
        shown = rows[first_of_each(nearest, where[nearest])[:SHOWN]]
        parts.append(SubCluster(LETTERS[number], rows[own], tuple(shown.tolist()), shares[number], recalls[number]))
    follows = _follows(photos, atlas.learnt[rows], groups, where) if count > 1 else ()
    return DividedCity(city, rows, tuple(parts), division, follows)


def _follows(photos: list[Photo], learnt: NDArray[np.int64], groups: Rows, where: Rows) -> tuple[Followed, ...]:
    facts = {column: column_values(photos, column) for column in _COLUMNS}
    facts |= {GROUND: _cells(photos), LEARNING: [str(kind == LEARNT) for kind in learnt]}
    found = []
    for column, values in facts.items():
        known = np.array([value is not None for value in values])
        if known.mean() < _HALF:
            continue
        names, codes = np.unique([value for value in values if value is not None], return_inverse=True)
        if len(names) < 2:
            continue
        own = np.unique(where[known], return_inverse=True)[1]
        (more,) = bootstrap_by_group(Agreement.of(groups[known], codes, own), own)
        if np.isfinite(more.value):
            found.append(Followed(column, more))
    return tuple(sorted(found, key=lambda one: -one.more.value))


def _cells(photos: list[Photo]) -> list[str | None]:
    """The square of a kilometre that each photo lies in."""
    located = [photo.location for photo in photos if photo.location is not None]
    spots = np.array([(spot.lat, spot.lon) for spot in located]).reshape(-1, 2)
    numbers = iter(geo.cells(spots, CELL_M).tolist())
    return [None if photo.location is None else "/".join(map(str, next(numbers))) for photo in photos]
