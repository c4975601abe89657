"""A split in; whatever its parts share, or how near they come, out."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

from flaneur import geo
from flaneur.dataset.manifest import update_manifest
from flaneur.dataset.passing_on import writing
from flaneur.dataset.split import PARTS, Split, SplitRule, positions, split, write_split
from flaneur.dataset.store import Dataset
from flaneur.errors import InputError, IntegrityError, counted
from flaneur.types import Photo

AS_PUBLISHED = "as published: split photo by photo, so places are on both sides and scores flatter"
_LISTED = 3  # violations of one kind that are spelt out


@dataclass(frozen=True, slots=True)
class Audit:
    """What an audit found.

    Args:
        violations: one line for each kind of leak; a split with any must not be trusted.
        warnings: one line for each weakness, such as a city that a part lacks.
        nearest_m: distance in metres between the closest photos of two parts, such as ``train-test``; ``None`` where
            no positions are known.
        counts: photos by city and part.
    """

    violations: tuple[str, ...]
    warnings: tuple[str, ...]
    nearest_m: dict[str, float | None]
    counts: dict[str, dict[str, int]]

    @property
    def ok(self) -> bool:
        """Whether nothing leaks."""
        return not self.violations

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {
            "ok": self.ok,
            "violations": list(self.violations),
            "warnings": list(self.warnings),
            "nearest_m": {
                pair: None if metres is None else round(metres, 1) for pair, metres in self.nearest_m.items()
            },
            "counts": self.counts,
        }


def audit_split(photos: Sequence[Photo], made: Split, ties: Iterable[Collection[str]] = ()) -> Audit:
    """Check a split against the photos, not against the way it was made.

    Args:
        photos: all of the dataset.
        made: the split.
        ties: places that belong together.
    """
    photos = sorted(photos, key=lambda photo: photo.id)
    used = [photo for photo in photos if made.part_of.get(photo.id) in PARTS]
    nearest, near = _distances(used, made)
    violations = [
        *_unknown(photos, made),
        *_shared("place", ((photo.place, made.part_of[photo.id]) for photo in used)),
        *_shared("sequence", ((photo.sequence, made.part_of[photo.id]) for photo in used if photo.sequence)),
        *_shared("look-alike group", _tie_parts(used, made, ties)),
        *near,
    ]
    counts = _counts(photos, made)
    return Audit(tuple(violations), (*_missing(counts), *_blind(used)), nearest, counts)


def _blind(used: Sequence[Photo]) -> list[str]:
    """Whether nothing is known that could tell photos of one place from photos of two."""
    if any(photo.location or photo.sequence for photo in used) or len({photo.place for photo in used}) < len(used):
        return []
    return [
        "nothing says which photos show the same place, so each counts as a place of its own, and views of one place "
        "may be in several parts. Import a CSV with place, or lat and lon, for a score that can be believed."
    ]


def split_dataset(dataset: Dataset, rule: SplitRule) -> tuple[Split, Audit]:
    """Split a dataset, audit the split and write both beside it, as ``splits/<name>.*`` and in ``dataset.toml``.

    Raises:
        InputError: there is no photo, or the dataset cannot be written.
        IntegrityError: the audit found a leak in a split by place; nothing is written then.
    """
    if not dataset.photos:
        raise InputError(f"{dataset.name}: there is no photo in it. See: flaneur dataset info {dataset.name} --dropped")
    made = split(dataset.photos, rule, dataset.ties)
    return made, keep_split(dataset, made)


def keep_split(dataset: Dataset, made: Split, **facts: Any) -> Audit:
    """Audit a split and write both, with further facts. One by photo is written with its leaks, which are its purpose.

    Raises:
        IntegrityError: the audit found a leak in a split by place; nothing is written then.
    """
    audit = audit_split(dataset.photos, made, dataset.ties)
    if not audit.ok and made.rule.by == "place":
        raise IntegrityError(f"{dataset.name}: the split leaks and was not written. {' '.join(audit.violations)}")
    facts |= {"note": AS_PUBLISHED} if made.rule.by == "photo" else {}
    with writing(dataset.root):
        write_split(dataset.root / "splits", made, {"dataset": dataset.content_hash, "audit": audit.to_dict(), **facts})
        rules = Dataset(dataset.root, dataset.name).manifest.get("split", {})  # not the cached one
        update_manifest(dataset.root, {"split": {**rules, made.name: asdict(made.rule)}})
    return audit


def _unknown(photos: Sequence[Photo], made: Split) -> list[str]:
    ids = {photo.id for photo in photos}
    without, strange = sorted(ids - made.part_of.keys()), sorted(made.part_of.keys() - ids)
    lines = []
    if without:
        lines.append(f"in no part: {counted(len(without), 'photo')}, such as {without[0]}. Make the split again.")
    if strange:
        lines.append(f"in the split but not in the dataset: {counted(len(strange), 'photo')}, such as {strange[0]}.")
    return lines


def _shared(kind: str, parts: Iterable[tuple[str, str]]) -> list[str]:
    found: dict[str, set[str]] = defaultdict(set)
    for name, part in parts:
        found[name].add(part)
    torn = [(name, sorted(own, key=PARTS.index)) for name, own in sorted(found.items()) if len(own) > 1]
    if not torn:
        return []
    listed = "; ".join(f"{name} in {' and '.join(own)}" for name, own in torn[:_LISTED])
    more = f"; and {len(torn) - _LISTED} more" if len(torn) > _LISTED else ""
    return [f"{counted(len(torn), kind)} in several parts: {listed}{more}."]


def _tie_parts(used: Sequence[Photo], made: Split, ties: Iterable[Collection[str]]) -> Iterable[tuple[str, str]]:
    parts: dict[str, set[str]] = defaultdict(set)
    for photo in used:
        parts[photo.place].add(made.part_of[photo.id])
    for tie in ties:
        for place in sorted(tie):
            for part in parts.get(place, ()):
                yield " ~ ".join(sorted(tie)), part


def _distances(used: Sequence[Photo], made: Split) -> tuple[dict[str, float | None], list[str]]:
    ids, points = positions(used)
    rows = {part: [index for index, photo in enumerate(ids) if made.part_of[photo] == part] for part in PARTS}
    nearest: dict[str, float | None] = {}
    lines = []
    for one, other in combinations(PARTS, 2):
        metres, row = geo.nearest_m(points[rows[one]], points[rows[other]])
        known = len(rows[one]) > 0 and len(rows[other]) > 0
        nearest[f"{one}-{other}"] = float(metres.min()) if known else None
        near = int((metres < made.rule.gap_m).sum())
        if near:
            first = int(metres.argmin())
            pair = f"{ids[rows[one][first]]} and {ids[rows[other][row[first]]]}"
            lines.append(
                f"{counted(near, f'{one} photo')} nearer than {made.rule.gap_m:g} m to {other} photos; "
                f"{metres[first]:.1f} m apart: {pair}."
            )
    return nearest, lines


def _counts(photos: Sequence[Photo], made: Split) -> dict[str, dict[str, int]]:
    counted = Counter((photo.city, made.part_of.get(photo.id, "unused")) for photo in photos)
    cities = sorted({photo.city for photo in photos})
    return {city: {part: counted[city, part] for part in (*PARTS, "unused")} for city in cities}


def _missing(counts: dict[str, dict[str, int]]) -> list[str]:
    return [
        f"{city} has no {part} photos: its photos hang together in too few groups. Add places, or choose smaller cells."
        for city, parts in counts.items()
        for part in PARTS
        if not parts[part]
    ]
