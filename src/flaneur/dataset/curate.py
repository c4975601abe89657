"""A dataset in; photos that show nothing or the same again set aside, each with its reason, and look-alikes tied."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from flaneur.dataset import tables
from flaneur.dataset.ingest import check_linked, in_threads
from flaneur.dataset.lock import only_one
from flaneur.dataset.manifest import update_manifest
from flaneur.dataset.measure import SIDE_PX, Measures, measure, portrait
from flaneur.dataset.passing_on import writing
from flaneur.dataset.store import Dataset
from flaneur.decode import decode
from flaneur.errors import UsageError
from flaneur.files import ColumnType, read_table, write_table
from flaneur.types import Photo

_MEASURE_COLUMNS: dict[str, ColumnType] = {
    "sha256": "string", "phash": "string", "brightness": "float64", "contrast": "float64", "sharpness": "float64",
    "edges": "float64", "flatness": "float64",
}  # fmt: skip
_FEW_EDGES = 0.03  # a "no imagery here" tile has a line of text; a dark street photo has more
_PART = 2000  # photos between two writes of the measures: what a kill costs
_ROWS, _COLUMNS = 16, 4096  # the block of hashes compared at once; it fits a core's cache


@dataclass(frozen=True, slots=True)
class CurationRule:
    """Thresholds, loose enough that real street photos stay; see :class:`flaneur.dataset.measure.Measures`.

    Args:
        min_side_px: shorter side, else ``too_small``.
        min_contrast: else ``blank``.
        max_flatness: else ``blank``, if there are hardly any edges: a provider's "no imagery here".
        min_brightness: else ``too_dark``.
        min_edges: else ``flat``: nothing but sky or a wall.
        min_sharpness: else ``blurred``.
        hash_bits: two photos whose hashes differ in at most so many of 64 bits are compared by their pixels.
        near_duplicate: correlation, 0 to 1, from which the later of two photos of a city is dropped.
        look_alike: correlation from which two photos are tied: kept, but never on two sides of a split.
    """

    min_side_px: int = 64
    min_contrast: float = 4.0
    max_flatness: float = 0.92
    min_brightness: float = 8.0
    min_edges: float = 0.005
    min_sharpness: float = 5.0
    hash_bits: int = 12
    near_duplicate: float = 0.97
    look_alike: float = 0.92

    def __post_init__(self) -> None:
        if not 0 < self.look_alike <= self.near_duplicate <= 1:
            raise UsageError(
                f"--look-alike {self.look_alike:g} must lie above 0, and --near-duplicate {self.near_duplicate:g} "
                "between it and 1."
            )


@dataclass(frozen=True, slots=True)
class CurationSummary:
    """What curation did.

    Args:
        kept: number of photos.
        dropped: number of photos by reason.
        ties: number of groups of places that look alike.
        conflicts: one line for each pair of near-duplicates that claim different cities; both stay, tied.
    """

    kept: int
    dropped: dict[str, int]
    ties: int
    conflicts: tuple[str, ...]


def curate(
    dataset: Dataset, rule: CurationRule | None = None, progress: Callable[[int], None] | None = None
) -> CurationSummary:
    """Set aside what a model should not learn from. Run again, it starts from all imported photos; killed, it goes on.

    Args:
        dataset: open it anew afterwards to see the effect.
        rule: thresholds; recorded in ``dataset.toml``.
        progress: called with the number of photos measured since the last call.

    Raises:
        InputError: the dataset cannot be written.
    """
    rule = rule or CurationRule()
    photos = dataset.all_photos
    with only_one(dataset.root), writing(dataset.root):
        measures = _measure_all(dataset, photos, progress)
        reasons = {photo.id: _fault(photo, measures[photo.sha256], rule) for photo in photos}
        sound = [photo for photo in photos if not reasons[photo.id]]
        pairs = list(_similar_pairs(dataset, sound, measures, rule))
        same = _repeats(pairs, rule.near_duplicate)
        rows = [
            {"id": photo.id, "original": photo.original, "city": photo.city, "stage": "curate"}
            | dict(zip(("reason", "detail"), reasons[photo.id] or same[photo.id], strict=True))
            for photo in photos
            if reasons[photo.id] or photo.id in same
        ]
        ties = sorted({tuple(sorted({one.place, other.place})) for one, other, _ in pairs if one.place != other.place})
        old = [asdict(row) for row in dataset.dropped if row.stage != "curate"]
        write_table(dataset.root / "dropped.parquet", tables.DROPPED_COLUMNS, old + rows)
        tables.write_ties(dataset.root, "curate", ties)
        update_manifest(dataset.root, {"curation": asdict(rule)})
    dropped = Counter(str(row["reason"]) for row in rows)
    return CurationSummary(len(photos) - len(rows), dict(dropped), len(ties), _conflicts(pairs, rule.near_duplicate))


def hamming_pairs(hashes: NDArray[np.uint64], bits: int) -> Iterator[tuple[int, int]]:
    """Pairs of hashes that differ in few bits.

    All are compared with all, block by block: exact, in constant memory, some 20 seconds for 100,000.

    Args:
        hashes: ``[N]``.
        bits: at most so many of 64 differ.

    >>> list(hamming_pairs(np.array([0, 7, 255], dtype=np.uint64), 3))
    [(0, 1)]
    """
    for top in range(0, len(hashes), _ROWS):
        rows = hashes[top : top + _ROWS, None]
        for left in range(top, len(hashes), _COLUMNS):
            near = np.bitwise_count(rows ^ hashes[None, left : left + _COLUMNS]) <= bits
            for hit in np.flatnonzero(near).tolist():
                row, column = divmod(hit, near.shape[1])
                if top + row < left + column:
                    yield top + row, left + column


def _measure_all(
    dataset: Dataset, photos: Sequence[Photo], progress: Callable[[int], None] | None
) -> dict[str, Measures]:
    path = dataset.root / "measures.parquet"
    rows = read_table(path) if path.is_file() else []
    measures = {row.pop("sha256"): Measures(**row) for row in rows}
    missing = [photo for photo in photos if photo.sha256 not in measures]
    if progress is not None:
        progress(len(photos) - len(missing))

    def work(photo: Photo) -> Measures:
        return measure(_pixels(dataset, photo))

    for start in range(0, len(missing), _PART):
        part = missing[start : start + _PART]
        for photo, result in zip(part, in_threads(work, part), strict=True):
            measures[photo.sha256] = result
            if progress is not None:
                progress(1)
        _write_measures(path, measures)
    return measures


def _pixels(dataset: Dataset, photo: Photo) -> Image.Image:
    path = dataset.image_path(photo)
    if path.stem != photo.sha256:
        check_linked(path, photo.sha256)
    return decode(path, at_least_px=SIDE_PX).image


def _write_measures(path: Path, measures: dict[str, Measures]) -> None:
    write_table(path, _MEASURE_COLUMNS, [{"sha256": sha} | asdict(values) for sha, values in sorted(measures.items())])


def _fault(photo: Photo, seen: Measures, rule: CurationRule) -> tuple[str, str] | None:
    """Reason and detail, or nothing for a sound photo."""
    side = min(photo.width, photo.height)
    one_colour = seen.flatness > rule.max_flatness and seen.edges < _FEW_EDGES
    checks = (
        ("too_small", side < rule.min_side_px, f"{photo.width} x {photo.height} pixels; {rule.min_side_px} a side"),
        ("blank", seen.contrast < rule.min_contrast, f"contrast {seen.contrast:.1f}; {rule.min_contrast}"),
        ("blank", one_colour, f"{1 - seen.flatness:.0%} differs from one colour; {1 - rule.max_flatness:.0%}"),
        ("too_dark", seen.brightness < rule.min_brightness, f"brightness {seen.brightness:.1f}; {rule.min_brightness}"),
        ("flat", seen.edges < rule.min_edges, f"{seen.edges:.2%} edges; {rule.min_edges:.2%}"),
        ("blurred", seen.sharpness < rule.min_sharpness, f"sharpness {seen.sharpness:.1f}; {rule.min_sharpness}"),
    )
    return next(((reason, f"{detail} needed") for reason, applies, detail in checks if applies), None)


_Pair = tuple[Photo, Photo, float]


def _similar_pairs(
    dataset: Dataset, photos: Sequence[Photo], measures: dict[str, Measures], rule: CurationRule
) -> Iterator[_Pair]:
    """Photos that look alike, with their correlation; the hash proposes, the pixels decide."""
    hashes = np.array([int(measures[photo.sha256].phash, 16) for photo in photos], dtype=np.uint64)
    pairs = list(hamming_pairs(hashes, rule.hash_bits))
    needed = sorted({index for pair in pairs for index in pair})

    def work(index: int) -> NDArray[np.float32]:
        return portrait(_pixels(dataset, photos[index]))

    portraits = dict(zip(needed, in_threads(work, needed), strict=True))
    for one, other in pairs:
        correlation = float(portraits[one] @ portraits[other])
        if correlation >= rule.look_alike:
            yield photos[one], photos[other], correlation


def _repeats(pairs: Sequence[_Pair], threshold: float) -> dict[str, tuple[str, str]]:
    """Reason and detail of the photos that repeat, in the same city, one that is kept."""
    earlier: dict[str, list[tuple[Photo, float]]] = {}
    for one, other, correlation in pairs:
        if correlation >= threshold and one.city == other.city:
            earlier.setdefault(other.id, []).append((one, correlation))
    gone: dict[str, tuple[str, str]] = {}
    for photo in sorted(earlier):  # by id, as the pairs are: whether the earlier one stays is known by now
        for kept, correlation in earlier[photo]:
            if kept.id not in gone:
                gone[photo] = ("near_duplicate", f"looks like {kept.original} (correlation {correlation:.3f})")
                break
    return gone


def _conflicts(pairs: Sequence[_Pair], threshold: float) -> tuple[str, ...]:
    return tuple(
        f"{one.original} ({one.city}) and {other.original} ({other.city}) look the same (correlation {correlation:.3f})"
        for one, other, correlation in pairs
        if correlation >= threshold and one.city != other.city
    )
