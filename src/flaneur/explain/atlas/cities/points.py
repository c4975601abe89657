"""An atlas in; its cities as points out: how far apart their photos are, which are most and least distinct, a tree."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from typing import Any, ClassVar

import numpy as np

from flaneur.errors import counted
from flaneur.evaluation.measures.groups import group_key
from flaneur.evaluation.section import Findings
from flaneur.explain.atlas.atlas import Atlas, Progress
from flaneur.explain.atlas.basis import FEW_PLACES, SPOT_M, Basis, basis
from flaneur.explain.atlas.cities.gaps import Gaps
from flaneur.explain.atlas.cities.tree import Merge, tree
from flaneur.explain.atlas.columns import Column
from flaneur.metrics import Interval, bootstrap_by_group, counts_behind
from flaneur.training.heads.cross_validation import one_blas_thread
from flaneur.training.heads.logits import unit_rows
from flaneur.types import City

RESAMPLES = 200


@dataclass(frozen=True, slots=True)
class CityPoint:
    """One city among the others; the unit is the distance of two photos of one city, on average over all cities.

    Args:
        city: it.
        apart: mean distance to the other cities.
        spread: of two of its photos from different places; above 1 it is more varied than cities are on average.
        nearest: number of the nearest city.
    """

    city: City
    apart: Interval
    spread: Interval
    nearest: int

    @property
    def spots(self) -> int:
        """Squares of 200 m that its photos are of."""
        return self.spread.groups

    @property
    def few_spots(self) -> bool:
        """Whether they are so few that an interval, which draws them anew, knows next to nothing."""
        return self.spots < FEW_PLACES


@dataclass(frozen=True)
class CityPoints:
    """Distances between cities as the model's encoder sees them.

    Args:
        points: C of them.
        pairs: of cities, ``C (C - 1) / 2`` in the order of :func:`itertools.combinations`; the unit as above.
        merges: ``C - 1``, nearest first; average linkage.
        across: mean distance of cities without a common project minus that of cities with one; not-a-number where
            all have one, or none.
        projects: of those photos, each with the numbers of its cities.
        basis: photos behind it all; a square of 200 m counts as one place.
    """

    key: ClassVar[str] = "cities"
    points: tuple[CityPoint, ...]
    pairs: tuple[Interval, ...]
    merges: tuple[Merge, ...]
    across: Interval
    projects: tuple[tuple[str, tuple[int, ...]], ...]
    basis: Basis

    def between(self, one: int, other: int) -> Interval:
        """The distance of two cities, by their numbers."""
        first, second = sorted((one, other))
        count = len(self.points)
        return self.pairs[first * (2 * count - first - 1) // 2 + second - first - 1]

    def by_distinctness(self) -> list[int]:
        """Numbers of the cities, the most distinct first."""
        return sorted(range(len(self.points)), key=lambda row: (-self.points[row].apart.value, row))

    def columns(self) -> tuple[Column, ...]:
        """None: the map is coloured by city already."""
        return ()

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, cities by their slugs."""
        slugs = [point.city.slug for point in self.points]
        return {
            "cities": [
                {
                    "city": point.city.slug,
                    "apart": point.apart.to_dict(),
                    "spread": point.spread.to_dict(),
                    "nearest": slugs[point.nearest],
                }
                for point in self.points
            ],
            "distances": [
                {"cities": list(pair), "distance": found.to_dict()}
                for pair, found in zip(combinations(slugs, 2), self.pairs, strict=True)
            ],
            "tree": [
                {
                    "cities": [slugs[row] for row in merge.members],
                    "distance": round(merge.distance, 6),
                    "support": round(merge.support, 4),
                }
                for merge in self.merges
            ],
            "different_projects": self.across.to_dict(),
            "photos": self.basis.kind,
            "left_out": list(self.basis.left_out),
        }

    def findings(self) -> Findings:
        """What the numbers mean."""
        order, names = self.by_distinctness(), [point.city.name for point in self.points]
        most, least = self.points[order[0]], self.points[order[-1]]
        near = min(combinations(range(len(names)), 2), key=lambda pair: self.between(*pair).value)
        good = (
            f"{most.city.name} is the most distinct city, {number(most.apart)} from the others on average; "
            f"{least.city.name} the least, {number(least.apart)}. 1 is the distance of two photos of one city.",
            f"{names[near[0]]} and {names[near[1]]} look most alike to it: {number(self.between(*near))}.",
        )
        return Findings(good, (*self._of_projects(), *self._of_few_spots(), *self.basis.warnings))

    def _of_few_spots(self) -> tuple[str, ...]:
        few = ", ".join(f"{one.city.name} ({one.spots})" for one in self.points if one.few_spots)
        return (
            f"Photos of fewer than {FEW_PLACES} squares of {SPOT_M:.0f} m stand for {few}: its distances are less "
            "certain than their intervals say.",
        ) * bool(few)

    def _of_projects(self) -> tuple[str, ...]:
        if not self.across.low > 0:
            return ()
        return (
            f"Cities of different projects are farther apart than those of one, by {number(self.across)}: part of the "
            f"distances may be cameras, or what the projects chose to photograph, and not streets.{self._branches()}",
        )

    def _branches(self) -> str:
        """Whether the tree has projects for branches."""
        several = [members for _, members in self.projects if len(members) > 1]
        whole = [members for members in several if members in {merge.members for merge in self.merges}]
        if not whole:
            return ""
        return f" In the tree, {len(whole)} of {counted(len(several), 'project')} with several cities are branches."


def number(found: Interval) -> str:
    """A distance with its interval, short.

    >>> number(Interval(0.512, 0.44, 0.6, 90, 30))
    '0.51 (0.44 to 0.60)'
    """
    if math.isnan(found.value):
        return "not measured"
    ends = "" if math.isnan(found.low) else f" ({found.low:.2f} to {found.high:.2f})"
    return f"{found.value:.2f}{ends}"


def city_points(atlas: Atlas, progress: Progress | None = None) -> CityPoints:
    """How far apart cities are for the model's encoder, in multiples of the distance of two photos of one city.

    Args:
        atlas: photos and embeddings.
        progress: told stage, how much is done, of how much.

    Raises:
        InputError: fewer than two cities have enough places.

    Source:
        The distance of two means without the part that chance adds to it: mean squared distance of two photos of the
        two cities less half of that within the one and within the other (Székely and Rizzo, *Energy statistics*,
        Journal of Statistical Planning and Inference 143(8), 2013, exponent 2), over pairs of photos from different
        spots.
    """
    found = basis(atlas, least_cities=2)
    if progress is not None:
        progress("distances between cities", 0, 1)
    projects, every = _projects(atlas, found), range(len(found.cities))
    alike = np.array([[any(one in own and other in own for _, own in projects) for other in every] for one in every])
    with one_blas_thread():
        gaps = Gaps.of(unit_rows(atlas.embeddings[found.rows]), found.labels, found.spots, alike)
        photos = np.arange(len(found.cities)) == found.labels[:, None]
        pairs = list(combinations(range(len(found.cities)), 2))
        among = np.column_stack([photos[:, one] | photos[:, other] for one, other in pairs])
        all_of_them = np.ones((len(photos), len(found.cities) + 1), bool)
        behind = counts_behind(np.hstack([among, all_of_them[:, 1:], photos, all_of_them[:, :1]]), found.spots)
        numbers = bootstrap_by_group(gaps, found.spots, behind=behind)
        resampled = gaps.of_places(gaps.drawn(RESAMPLES, np.random.default_rng(0)))[:, : len(pairs)]
        distances = np.array([one.value for one in numbers[: len(pairs)]])
        merges = tree(distances, resampled)
    apart, spread = numbers[len(pairs) :], numbers[len(pairs) + len(found.cities) :]
    near = gaps.square(distances)
    np.fill_diagonal(near, np.inf)
    if progress is not None:
        progress("distances between cities", 1, 1)
    points = zip(found.cities, apart, spread, near.argmin(axis=1).tolist(), strict=False)
    return CityPoints(
        tuple(CityPoint(*row) for row in points), numbers[: len(pairs)], merges, numbers[-1], projects, found
    )


def _projects(atlas: Atlas, found: Basis) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """By name, the numbers of the cities that have photos of it."""
    cities: dict[str, set[int]] = {}
    for row, label in zip(found.rows, found.labels.tolist(), strict=True):
        cities.setdefault(group_key(atlas.answers.photos[row]), set()).add(label)
    return tuple((name, tuple(sorted(own))) for name, own in sorted(cities.items()))
