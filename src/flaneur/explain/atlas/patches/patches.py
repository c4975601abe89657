"""An atlas in; what makes each city look like itself out: patches frequent in it and rare elsewhere.

After Doersch et al. 2012; see :mod:`flaneur.explain.atlas.patches.mining`. Patches are mined from the photos that the
model was trained on, ranked on those that its settings were chosen by, and every number is of photos new to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from flaneur import metrics
from flaneur.errors import InputError
from flaneur.evaluation.answers import Answers
from flaneur.evaluation.phrases import percent, span
from flaneur.evaluation.section import Findings
from flaneur.explain.atlas.atlas import Atlas, Progress
from flaneur.explain.atlas.basis import Basis, first_of_each
from flaneur.explain.atlas.cells import Box, Cells
from flaneur.explain.atlas.columns import Column
from flaneur.explain.atlas.patches.ranking import Found, look, rivals_of
from flaneur.explain.atlas.patches.supply import supply
from flaneur.metrics import Interval, bootstrap_by_group, counts_behind
from flaneur.training.heads.cross_validation import one_blas_thread
from flaneur.types import City

ROWS, PAIR_ROWS, PAIRS, CROPS = 4, 2, 3, 6
Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Crop:
    """A piece of a photo: row of the atlas, and left, top, right, bottom as shares of its width and height."""

    row: int
    box: Box


@dataclass(frozen=True, slots=True)
class Patch:
    """One kind of patch.

    Args:
        city: number of the city that it is of.
        own: share of that city's new photos that have it.
        elsewhere: share of the new photos of the cities that it is held against.
        shown: where it is clearest in new photos of its city, from different spots.
    """

    city: int
    own: Interval
    elsewhere: Interval
    shown: tuple[Crop, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two cities held against each other.

    Args:
        cities: their numbers.
        told: share of their new places that patches alone put into the right one of the two; both count alike.
        patches: of the one, then of the other; only of the pairs that are told worst.
    """

    cities: tuple[int, int]
    told: Interval
    patches: tuple[Patch, ...] = ()


@dataclass(frozen=True)
class Patches:
    """What makes each city look like itself.

    Args:
        answers: of the atlas; rows below are of it.
        cities: C of them.
        patches: of each city the most frequent kinds that are rare in every other city.
        told: mean over cities of the share of new places that patches alone put into the right city.
        chance: of that.
        of_project: the same where only cities of the same project are to choose among; not-a-number without such.
        chance_of_project: of that.
        pairs: told worst first.
        basis: the new photos.
    """

    key: ClassVar[str] = "patches"
    answers: Answers
    cities: tuple[City, ...]
    patches: tuple[tuple[Patch, ...], ...]
    told: Interval
    chance: float
    of_project: Interval
    chance_of_project: float
    pairs: tuple[Pair, ...]
    basis: Basis

    def columns(self) -> tuple[Column, ...]:
        """None: patches are parts of photos."""
        return ()

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; photos are rows of the atlas."""
        return {
            "told_by_patches_alone": self.told.to_dict(),
            "chance": round(self.chance, 6),
            "told_within_projects": self.of_project.to_dict(),
            "chance_within_projects": None if np.isnan(self.chance_of_project) else round(self.chance_of_project, 6),
            "cities": [
                {"city": city.slug, "patches": [_patch_dict(one) for one in own]}
                for city, own in zip(self.cities, self.patches, strict=True)
            ],
            "pairs": [
                {"cities": [self.cities[number].slug for number in one.cities], "told": one.told.to_dict()}
                for one in self.pairs
            ],
            "left_out": list(self.basis.left_out),
        }

    def findings(self) -> Findings:
        """What the numbers mean."""
        said, good, beware = f"{percent(self.told.value)} ({span(self.told)})", [], []
        if self.told.low > self.chance:
            good.append(
                f"Patches alone put {said} of new places into the right city of {len(self.cities)}; chance is "
                f"{percent(self.chance)}."
            )
        else:
            beware.append(f"Patches alone tell new places no better than chance: {said}.")
        if np.isnan(self.of_project.value):
            beware.append("No two cities share a project, so a patch may show the camera as well as the city.")
        elif self.of_project.low > self.chance_of_project:
            good.append(
                f"Among cities of one project, whose photos were made alike, it is {percent(self.of_project.value)} "
                f"({span(self.of_project)}) against {percent(self.chance_of_project)} by chance: not the project alone."
            )
        else:
            beware.append(
                "Among cities of one project patches tell no better than chance: they may show the cameras of projects."
            )
        return Findings(tuple(good), tuple(beware))


def _patch_dict(one: Patch) -> dict[str, Any]:
    shown = [{"photo": crop.row, "box": list(crop.box)} for crop in one.shown]
    return {"own": one.own.to_dict(), "elsewhere": one.elsewhere.to_dict(), "shown": shown}


def patches(atlas: Atlas, progress: Progress | None = None) -> Patches:
    """Mine, rank and try patches of every city.

    Args:
        atlas: of photos of all parts of the split that its model learnt from; with cells.
        progress: told stage, how much is done, of how much.

    Raises:
        InputError: the model gives out no feature map, or fewer than two cities have enough photos of each part.
    """
    parts = supply(atlas)
    found = parts.new
    if atlas.cells is None:
        raise InputError("This atlas was made without a feature map.")
    cells = atlas.cells(None if progress is None else lambda done, total: progress("patches", done, total))
    with one_blas_thread():
        seen = look(cells, parts.mined, parts.labels, parts.ranked, found.rows)
    count = len(found.cities)
    every = range(count)

    def drawn(city: int, against: Sequence[int], most: int) -> tuple[Patch, ...]:
        best = seen.unlike(city, against)[:most]
        return tuple(_patch(atlas, cells, found, seen, (one, city, against)) for one in best)

    others = [[one for one in every if one != city] for city in every]
    scores = seen.scores([(city, others[city]) for city in every], found.places)
    told = _told(scores, found, np.ones((count, count), bool))
    alike = rivals_of([_projects(atlas, found, city) for city in every])
    of_project = _told(scores, found, alike)
    pairs = []
    for pair in combinations(every, 2):
        two = seen.scores([(pair[0], [pair[1]]), (pair[1], [pair[0]])], found.places)
        pairs.append(Pair(pair, _told_of_two(two, found, pair)))
    pairs.sort(key=lambda one: (one.told.value, one.cities))
    worst = [
        Pair(one.cities, one.told, tuple(
            patch for city, other in (one.cities, one.cities[::-1]) for patch in drawn(city, [other], PAIR_ROWS)
        ))
        for one in pairs[:PAIRS]
    ]  # fmt: skip
    sizes = alike.sum(axis=1)
    return Patches(
        atlas.answers,
        found.cities,
        tuple(drawn(city, others[city], ROWS) for city in every),
        told,
        1 / count,
        of_project,
        float((1 / sizes[sizes > 1]).mean()) if (sizes > 1).any() else float("nan"),
        (*(worst if count > 2 else pairs), *pairs[PAIRS:]),
        found,
    )


def _patch(atlas: Atlas, cells: Cells, found: Basis, seen: Found, asked: tuple[int, int, Sequence[int]]) -> Patch:
    """One detector of a city, held against others."""
    one, city, against = asked
    hits = np.repeat(seen.hits(one, against)[:, None], 2, axis=1)
    among = np.column_stack([found.labels == city, np.isin(found.labels, against)])
    behind = counts_behind(among, found.places)
    own, elsewhere = bootstrap_by_group(metrics.shares(hits, among), found.places, behind=behind)
    order = np.argsort(-seen.new[:, one], kind="stable")
    order = order[found.labels[order] == city]
    shown = []
    for index in first_of_each(order, found.spots[order])[:CROPS].tolist():
        row = int(found.rows[index])
        shown.append(Crop(row, cells.box(atlas.answers.photos[row], int(seen.new_cells[index, one]))))
    return Patch(city, own, elsewhere, tuple(shown))


def _projects(atlas: Atlas, found: Basis, city: int) -> set[str]:
    rows = found.rows[found.labels == city].tolist()
    return {project for row in rows if (project := atlas.answers.photos[row].project)}


def _told(scores: NDArray[np.float64], found: Basis, among: NDArray[np.bool_]) -> Interval:
    """Mean recall over the cities that have another to choose among; ``among`` ``[C, C]``."""
    asked = (among.sum(axis=1) > 1)[found.labels]
    correct = np.where(among[found.labels], scores, -np.inf).argmax(axis=1) == found.labels
    return _balanced(found.labels[asked], correct[asked], found.places[asked])


def _told_of_two(scores: NDArray[np.float64], found: Basis, pair: tuple[int, int]) -> Interval:
    asked = np.isin(found.labels, pair)
    labels = (found.labels[asked] == pair[1]).astype(np.intp)
    return _balanced(labels, scores[asked].argmax(axis=1) == labels, found.places[asked])


def _balanced(labels: Rows, correct: NDArray[np.bool_], places: Rows) -> Interval:
    if not len(labels):
        return Interval(float("nan"), float("nan"), float("nan"), 0, 0)
    numbers, columns = np.unique(labels, return_inverse=True)
    return bootstrap_by_group(metrics.balanced_accuracy(columns, correct, len(numbers)), places)[0]
