"""Grouped photos in; heads with and without a group, judged on the same photos, out: the work of a crossing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from flaneur import metrics
from flaneur.errors import counted
from flaneur.evaluation.measures.columns import in_order
from flaneur.evaluation.trials.refit import (
    LEAST_PHOTOS,
    LEAST_PLACES,
    QuickHead,
    drawn_order,
    first_of_each,
    learnable,
    of_cities,
    quick_head,
)
from flaneur.metrics import Interval, bootstrap_by_group
from flaneur.training.heads.parts import Part

_MOST_GROUPS = 12  # those with most photos; a matrix of more is not read, and every group costs five heads
_DRAWS = 3


@dataclass(frozen=True, slots=True)
class Cell:
    """One head tested on one group.

    Args:
        accuracy: share told right of the tested group's photos whose city the head learnt, choosing among all cities
            it learnt; ``None`` where that cannot be measured.
        chance: of a blind guess among those cities; not-a-number where there is no head.
        cities: how many it learnt and chose among.
        train_photos: it learnt from.
        tested_cities: how many of its cities the tested photos show.
        why: it could not be measured; empty if it was.
    """

    accuracy: Interval | None
    chance: float
    cities: int
    train_photos: int
    tested_cities: int = 0
    why: str = ""


@dataclass(frozen=True, slots=True)
class GroupDrop:
    """What it costs never to have learnt from a group.

    Args:
        group: that is tested.
        drop: right answers lost, as a share of its photos, among the cities that other groups show too.
        with_it: accuracy on them of heads that learnt from all groups.
        without: accuracy on the same photos of a head that learnt from all groups but this one; equally many photos
            of each city, so that only the group makes the difference.
        cities: to choose among.
        share: of the group's photos among what the first heads learnt of these cities, 0 to 1.
    """

    group: str
    drop: Interval
    with_it: Interval
    without: Interval
    cities: int
    share: float


@dataclass(frozen=True, slots=True)
class Grouped:
    """Photos that have a value, and which."""

    part: Part
    values: NDArray[np.str_]

    @classmethod
    def of(cls, part: Part, value_of: dict[str, str | None]) -> Grouped:
        """Those of a part that have a value; ``value_of`` is by photo id."""
        found = [value_of[photo.id] for photo in part.photos]
        rows = np.array([value is not None for value in found], bool)
        return cls(part.take(rows), np.array([value for value in found if value is not None], dtype=np.str_))

    def __len__(self) -> int:
        return len(self.values)

    def only(self, group: str) -> Part:
        """The photos of one group."""
        return self.part.take(self.values == group)


@dataclass(frozen=True, slots=True)
class Learnt:
    """A head with what it learnt from; no head where there were too few cities."""

    part: Part
    head: QuickHead | None


@dataclass(frozen=True, slots=True)
class Paired:
    """The same photos judged by heads with and without a group's photos; a row for each draw of the former."""

    group: str
    tested: Part
    with_it: NDArray[np.bool_]
    without: NDArray[np.bool_]
    cities: int
    share: float


def groups(train: Grouped, tested: Grouped, column: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Values worth a row and a column, and the others."""
    names, counts = np.unique(np.concatenate([train.values, tested.values]), return_counts=True)
    by_size = sorted(zip(names.tolist(), counts.tolist(), strict=True), key=lambda pair: (-pair[1], pair[0]))
    large = {name for name, count in by_size[:_MOST_GROUPS] if count >= LEAST_PHOTOS}
    return tuple(in_order(large, column)), tuple(in_order(set(names.tolist()) - large, column))


def is_bound(train: Grouped, tested: Grouped, group: str) -> bool:
    """Whether no other group shows any city of this one often enough to learn it."""
    others = learnable(train.part.take(train.values != group))
    return set(others).isdisjoint([*train.only(group).cities.tolist(), *tested.only(group).cities.tolist()])


def learn(train: Part, strength: float) -> Learnt:
    """A head of the cities that these photos show often enough."""
    part = of_cities(train, learnable(train))
    return Learnt(part, quick_head(part, strength) if len(np.unique(part.cities)) > 1 else None)


def cell(learnt: Learnt, tested: Part) -> Cell:
    """The head on those of these photos whose city it learnt."""
    if learnt.head is None:
        count = len(np.unique(learnt.part.cities))
        why = "its photos show one city only" if count else f"it has {LEAST_PHOTOS} training photos of no city"
        return Cell(None, math.nan, count, len(learnt.part.photos), why=why)
    own = of_cities(tested, learnt.head.cities.tolist())
    cities, places, count = len(learnt.head.cities), np.unique(own.places), len(np.unique(own.cities))
    empty = Cell(None, 1 / cities, cities, len(learnt.part.photos), count)
    if len(own.photos) < LEAST_PHOTOS or len(places) < LEAST_PLACES:
        why = f"too few photos of its cities to test on: {counted(len(own.photos), 'photo')} of "
        why += counted(len(places), "place")
        return replace(empty, why=why if own.photos else "the tested photos show none of its cities")
    accuracy = bootstrap_by_group(metrics.always(learnt.head.right(own)), own.places)[0]
    return replace(empty, accuracy=accuracy)


def pair(train: Grouped, others: Learnt, tested: Part, group: str, strength: float) -> Paired | None:
    """Heads that learnt equally much with the group's photos and without, on the group's photos."""
    if others.head is None:
        return None
    cities = others.head.cities.tolist()
    whole = of_cities(train.part, cities)
    own = of_cities(train.only(group), cities)
    asked = of_cities(tested, cities)
    few = len(asked.photos) < LEAST_PHOTOS or len(np.unique(asked.places)) < LEAST_PLACES
    if few or len(own.photos) < LEAST_PHOTOS:
        return None
    names, counts = np.unique(others.part.cities, return_counts=True)
    most = dict(zip(names.tolist(), counts.tolist(), strict=True))
    told = []
    for seed in range(_DRAWS):
        rows = first_of_each(whole.cities, drawn_order(whole, np.random.default_rng(seed)), most)
        told.append(quick_head(whole.take(rows), strength).right(asked))
    without = np.tile(others.head.right(asked), _DRAWS)
    return Paired(group, asked, np.concatenate(told), without, len(cities), len(own.photos) / len(whole.photos))


def drop_of(paired: Sequence[Paired]) -> tuple[Interval, Interval, Interval]:
    """Difference, with and without: of all pairs together."""
    with_it, without = (np.concatenate([getattr(one, side) for one in paired]) for side in ("with_it", "without"))
    places = np.concatenate([np.tile(one.tested.places, _DRAWS) for one in paired])
    photos = sum(len(one.tested.photos) for one in paired)
    first, second = metrics.always(with_it), metrics.always(without)
    behind = np.tile(np.array([photos, len(np.unique(places))], np.int64), (3, 1))
    every = metrics.joined(metrics.difference(first, second), first, second)
    drop, one, other = bootstrap_by_group(every, places, behind=behind)
    return drop, one, other


def group_drop(paired: Paired) -> GroupDrop:
    """The numbers of one group."""
    return GroupDrop(paired.group, *drop_of([paired]), paired.cities, paired.share)
