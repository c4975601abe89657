"""Photos and a column's name in; each photo's value in it, as people read it, out: year, season, project and so on."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import fields

import numpy as np
from numpy.typing import NDArray

from flaneur.errors import UsageError, did_you_mean
from flaneur.evaluation.measures.periods import periods
from flaneur.types import Photo

_DERIVED = ("year", "season", "period")
_TELLS_ONE_PHOTO = {"id", "sha256", "place", "location", "captured_at", "page_url", "original"}
_OWN = tuple(field.name for field in fields(Photo) if field.name not in _TELLS_ONE_PHOTO)
COLUMNS = (*_DERIVED, *_OWN)
"""What photos can be sliced and crossed by: year and season of the capture, the older and the newer half of each city,
and every column that photos share."""

_TITLES = {
    "heading_deg": "Direction of view", "width": "Width in pixels", "height": "Height in pixels",
    "sequence": "Drive or walk",
}  # fmt: skip
_SEASONS = ("spring", "summer", "autumn", "winter")
_SECTORS = ("north", "north-east", "east", "south-east", "south", "south-west", "west", "north-west")
_FEW_VALUES = 6  # a number with no more values than these is not put into bins
_BINS = 4


def column_values(photos: Sequence[Photo], column: str) -> list[str | None]:
    """Each photo's value in a column; ``None`` where the data do not tell.

    A season is three months, spring from March in the north and from September in the south; within the tropics it
    stands for these months only. Where a photo has no position, it is taken to lie in the hemisphere of the photos of
    its city that have one. Directions are eight sectors of 45°. Other numbers, if many, are four bins with equally many
    photos.

    Args:
        photos: that are looked at together: the bins are theirs.
        column: one of :data:`COLUMNS`.

    Raises:
        UsageError: no such column, with the nearest name.

    >>> column_values([Photo("a:1", "0", "rome", "p", 640, 480, "a", captured_at="2019-07")], "year")
    ['2019']
    """
    if column not in COLUMNS:
        nearest = did_you_mean(column, COLUMNS)
        raise UsageError(f"{column!r} is no column to sort photos by. Use one of {', '.join(COLUMNS)}.{nearest}")
    match column:
        case "year":
            return [_year(photo) for photo in photos]
        case "season":
            return _seasons(photos)
        case "period":
            return periods(photos)
        case "heading_deg":
            return [None if photo.heading_deg is None else _sector(photo.heading_deg) for photo in photos]
        case "width" | "height":
            return _binned([getattr(photo, column) for photo in photos])
        case _:
            return [getattr(photo, column) or None for photo in photos]


def column_title(column: str) -> str:
    """A column's name for people.

    >>> column_title("year"), column_title("heading_deg")
    ('Year', 'Direction of view')
    """
    return _TITLES.get(column, column.replace("_", " ").capitalize())


def in_order(values: Iterable[str], column: str) -> list[str]:
    """Values of a column sorted as people expect it: seasons from spring, sectors from north, numbers by size.

    >>> in_order(["winter", "spring"], "season"), in_order(["1024 to 2048", "640 to 1023"], "width")
    (['spring', 'winter'], ['640 to 1023', '1024 to 2048'])
    """
    listed: dict[str, tuple[str, ...]] = {"season": _SEASONS, "heading_deg": _SECTORS}
    order = {value: index for index, value in enumerate(listed.get(column, ()))}
    return sorted(values, key=lambda value: (order.get(value, 0), _natural(value)))


def _natural(text: str) -> list[tuple[int, str]]:
    return [(int(piece), "") if piece.isdigit() else (-1, piece) for piece in re.split(r"(\d+)", text)]


def _year(photo: Photo) -> str | None:
    return photo.captured_at[:4] if photo.captured_at else None


def _month(photo: Photo) -> int | None:
    found = re.match(r"\d{4}-(\d{2})", photo.captured_at or "")
    return int(found[1]) if found else None


def _seasons(photos: Sequence[Photo]) -> list[str | None]:
    south = _southern(photos)
    made: list[str | None] = []
    for photo in photos:
        month, below = _month(photo), south.get(photo.city)
        if photo.location is not None:
            below = photo.location.lat < 0
        if month is None or below is None:
            made.append(None)
        else:
            made.append(_SEASONS[(month // 3 - 1 + 2 * below) % 4])
    return made


def _southern(photos: Sequence[Photo]) -> dict[str, bool]:
    """Cities with positions, and whether most of these lie south of the equator."""
    votes: Counter[str] = Counter()
    for photo in photos:
        if photo.location is not None:
            votes[photo.city] += 1 if photo.location.lat < 0 else -1
    return {city: vote > 0 for city, vote in votes.items()}


def _sector(heading_deg: float) -> str:
    return _SECTORS[int((heading_deg + 22.5) // 45) % 8]


def _binned(numbers: Sequence[int]) -> list[str | None]:
    """Each value itself if they are few, else its bin of equally many."""
    if len(set(numbers)) <= _FEW_VALUES:
        return [str(number) for number in numbers]
    values = np.array(numbers)
    ends = np.unique(np.quantile(values, np.arange(1, _BINS) / _BINS, method="lower"))
    bins = np.searchsorted(ends, values, side="left")
    names = {number: _range(values[bins == number]) for number in np.unique(bins).tolist()}
    return [names[number] for number in bins.tolist()]


def _range(values: NDArray[np.int64]) -> str:
    low, high = int(values.min()), int(values.max())
    return str(low) if low == high else f"{low} to {high}"
