"""Photos in; train, validation and test parts out that share no place, drive, near-duplicate or stretch of ground.

Papers deal photo by photo instead, which leaves places on both sides; ``by = "photo"`` does so, for comparison only.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from flaneur import geo
from flaneur.errors import InputError, IntegrityError, UsageError, did_you_mean
from flaneur.files import ColumnType, read_json, read_table, sha256_json, write_json, write_table
from flaneur.settings import is_plain
from flaneur.types import Photo

Part = Literal["train", "validation", "test", "unused"]
PARTS: tuple[Part, ...] = ("train", "validation", "test")
_COLUMNS: dict[str, ColumnType] = {"id": "string", "part": "string", "group": "string", "reason": "string"}


@dataclass(frozen=True, slots=True)
class SplitRule:
    """How to split.

    Args:
        name: of the split.
        train: share of each city's photos, 0 to 1; the three shares sum to 1.
        validation: likewise; heads, temperatures and thresholds are chosen on it.
        test: likewise; only ever looked at to report.
        cell_m: photos in one grid cell of this side, in metres, stay together; 0 for no cells.
        gap_m: no photo of one part lies nearer than this to one of another; who would, is left out.
        seed: of the order in which groups are dealt.
        by: ``place``: what belongs together stays together. ``photo``: photo by photo, as papers do; it leaks, cells
            and gap have no effect, and only :mod:`flaneur.training.reproduce` takes it.
    """

    name: str = "default"
    train: float = 0.7
    validation: float = 0.15
    test: float = 0.15
    cell_m: float = 500.0
    gap_m: float = 50.0
    seed: int = 0
    by: Literal["place", "photo"] = "place"

    def __post_init__(self) -> None:
        if not (abs(sum(self.shares) - 1) <= 1e-6 and min(self.shares) > 0):
            shares = f"--train {self.train:g}, --validation {self.validation:g} and --test {self.test:g}"
            raise UsageError(f"{shares} must each be above 0 and sum to 1.")
        if self.by not in ("place", "photo"):
            raise UsageError(f"by is {self.by!r}; photos are split by 'place' or by 'photo'.")
        for option, value in (("cell-m", self.cell_m), ("gap-m", self.gap_m), ("seed", self.seed)):
            if not 0 <= value < np.inf:
                raise UsageError(f"--{option} {value:g} must be 0 or more.")
        if not is_plain(self.name):
            raise UsageError(f"{self.name!r} cannot be the name of a split. Use letters, digits, '-', '_' and '.'.")

    @property
    def shares(self) -> tuple[float, float, float]:
        """Train, validation, test."""
        return (self.train, self.validation, self.test)


@dataclass(frozen=True)
class Split:
    """Which photo is in which part.

    Args:
        name: of the split.
        rule: it was made by.
        part_of: ``train``, ``validation``, ``test`` or ``unused`` by photo id.
        group_of: name of the group that stayed together, by photo id.
    """

    name: str
    rule: SplitRule
    part_of: dict[str, Part]
    group_of: dict[str, str]

    def ids(self, part: Part) -> list[str]:
        """Sorted ids of a part."""
        return sorted(photo for photo, own in self.part_of.items() if own == part)

    @property
    def hash(self) -> str:
        """Equal hash, equal parts."""
        return sha256_json(sorted(self.part_of.items()))


def split(photos: Sequence[Photo], rule: SplitRule, ties: Iterable[Collection[str]] = ()) -> Split:
    """Split photos by place and ground, city by city.

    Photos of one place, sequence, grid cell or tie form a group. Each city's groups are dealt to the parts: large
    ones first, the rest in a seeded order, each to the part that lacks most. Then whoever lies nearer than the gap to
    another part is left out: train photos before validation photos, test photos never.

    Args:
        photos: in any order; the result does not depend on it.
        rule: shares, cell, gap and seed.
        ties: places that belong together, such as those that share a near-duplicate.
    """
    photos = sorted(photos, key=lambda photo: photo.id)
    if rule.by == "photo":
        alone = {photo.id: photo.id for photo in photos}
        return Split(rule.name, rule, _deal(photos, alone, rule), alone)
    group_of = _groups(photos, rule.cell_m, ties)
    part_of_group = _deal(photos, group_of, rule)
    parts = {photo.id: part_of_group[group_of[photo.id]] for photo in photos}
    _open_gap(photos, parts, rule.gap_m)
    return Split(rule.name, rule, parts, group_of)


def redealt(honest: Split, photos: Sequence[Photo], name: str) -> Split:
    """The parts of a split, dealt out again photo by photo: as many photos of each city in each part, and it leaks.

    Photos that the split left out stay out, so that two models differ in nothing but who is on which side.

    Args:
        honest: a split by place.
        photos: all of the dataset.
        name: of the split that is made.
    """
    rule = replace(honest.rule, name=name, by="photo")
    parts: dict[str, Part] = {photo.id: "unused" for photo in photos}
    for number, city in enumerate(sorted({photo.city for photo in photos})):
        own = sorted(photo.id for photo in photos if photo.city == city and honest.part_of.get(photo.id) in PARTS)
        order = np.random.default_rng([rule.seed, number]).permutation(len(own))
        parts |= {photo: honest.part_of[own[taken]] for photo, taken in zip(own, order, strict=True)}
    return Split(name, rule, parts, {photo.id: photo.id for photo in photos})


def write_split(folder: Path, made: Split, facts: dict[str, Any]) -> None:
    """Write ``<name>.parquet`` and then ``<name>.json``: rule, hash and facts such as counts and audit."""
    rows = [
        {"id": photo, "part": part, "group": made.group_of[photo], "reason": "gap" if part == "unused" else ""}
        for photo, part in sorted(made.part_of.items())
    ]
    write_table(folder / f"{made.name}.parquet", _COLUMNS, rows)
    write_json(folder / f"{made.name}.json", {"rule": asdict(made.rule), "hash": made.hash, **facts})


def read_split(folder: Path, name: str) -> Split:
    """Read a split back.

    Raises:
        IntegrityError: table and hash do not belong together.
    """
    facts = read_json(folder / f"{name}.json")
    rows = read_table(folder / f"{name}.parquet")
    parts = {row["id"]: row["part"] for row in rows}
    made = Split(name, SplitRule(**facts["rule"]), parts, {row["id"]: row["group"] for row in rows})
    if made.hash != facts["hash"]:
        raise IntegrityError(f"{folder / name}.parquet is not what {name}.json describes. Make the split again.")
    return made


def missing_split(folder: Path, dataset: str, name: str) -> InputError:
    """The error for a split that is not there: a near name, or how to make one."""
    near = did_you_mean(name, (path.stem for path in folder.glob("*.json")))
    return InputError(
        f"{dataset}: no split called {name!r}.{near or f' Make it with: flaneur dataset split {dataset}'}"
    )


def add_facts(folder: Path, name: str, facts: dict[str, Any]) -> None:
    """Add facts, such as a measurement, to ``<name>.json`` beside a split."""
    write_json(folder / f"{name}.json", read_json(folder / f"{name}.json") | facts)


def positions(photos: Sequence[Photo]) -> tuple[list[str], np.ndarray[Any, np.dtype[np.float64]]]:
    """Ids and ``[N, 2]`` latitude, longitude of the photos that have a position."""
    known = [(photo.id, photo.location) for photo in photos if photo.location is not None]
    points = np.array([(place.lat, place.lon) for _, place in known], dtype=np.float64).reshape(-1, 2)
    return [photo for photo, _ in known], points


class _Components:
    """Union-find over names; a component is named by the first of its names."""

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}

    def find(self, node: str) -> str:
        parent = self._parent
        parent.setdefault(node, node)
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    def join(self, one: str, other: str) -> None:
        first, second = sorted((self.find(one), self.find(other)))
        self._parent[second] = first


def _groups(photos: Sequence[Photo], cell_m: float, ties: Iterable[Collection[str]]) -> dict[str, str]:
    """Connected components of photos over what they share, each named by its first place."""
    components = _Components()
    for photo in photos:
        if photo.sequence is not None:
            components.join(f"place {photo.place}", f"sequence {photo.sequence}")
    for first, *others in (sorted(tie) for tie in ties if tie):
        for place in others:
            components.join(f"place {first}", f"place {place}")
    if cell_m > 0:
        placed = [photo for photo in photos if photo.location is not None]
        _, points = positions(placed)
        for photo, (band, column) in zip(placed, geo.cells(points, cell_m).tolist(), strict=True):
            components.join(f"place {photo.place}", f"cell {band} {column}")
    roots = {photo.id: components.find(f"place {photo.place}") for photo in photos}
    names: dict[str, str] = {}
    for photo in photos:
        names[roots[photo.id]] = min(photo.place, names.get(roots[photo.id], photo.place))
    return {photo.id: names[root] for photo, root in zip(photos, roots.values(), strict=True)}


def _deal(photos: Sequence[Photo], group_of: dict[str, str], rule: SplitRule) -> dict[str, Part]:
    """A part for each group; a group over several cities counts for the one that has most of it."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for photo in photos:
        counts[group_of[photo.id]][photo.city] += 1
    of_city: dict[str, dict[str, int]] = defaultdict(dict)
    for group, cities in sorted(counts.items()):
        of_city[min(cities, key=lambda city: (-cities[city], city))][group] = cities.total()
    part_of: dict[str, Part] = {}
    for number, (_, sizes) in enumerate(sorted(of_city.items())):
        part_of |= _deal_city(sizes, rule, np.random.default_rng([rule.seed, number]))
    return part_of


def _deal_city(sizes: dict[str, int], rule: SplitRule, rng: np.random.Generator) -> dict[str, Part]:
    """Large groups first, or they would find no room; the rest in random order, so that each part gets a mix."""
    names = [sorted(sizes)[index] for index in rng.permutation(len(sizes))]
    total = sum(sizes.values())
    large = total * min(rule.shares) / 2
    names.sort(key=lambda name: -sizes[name] if sizes[name] > large else 0)
    lacking = {part: share * total for part, share in zip(PARTS, rule.shares, strict=True)}
    empty = set(PARTS)
    part_of: dict[str, Part] = {}
    for left, name in zip(range(len(names), 0, -1), names, strict=True):
        among = [part for part in PARTS if part in empty] if left <= len(empty) else list(PARTS)
        part = max(among, key=lambda part: lacking[part])
        lacking[part] -= sizes[name]
        empty.discard(part)
        part_of[name] = part
    return part_of


def _open_gap(photos: Sequence[Photo], parts: dict[str, Part], gap_m: float) -> None:
    """Set photos aside until no two parts lie nearer than the gap."""
    ids, points = positions(photos)
    for losing, keeping in (("validation", ("test",)), ("train", ("validation", "test"))):
        own = [index for index, photo in enumerate(ids) if parts[photo] == losing]
        other = [index for index, photo in enumerate(ids) if parts[photo] in keeping]
        metres, _ = geo.nearest_m(points[own], points[other])
        for index, distance in zip(own, metres, strict=True):
            if distance < gap_m:
                parts[ids[index]] = "unused"
