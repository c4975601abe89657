"""The datasets of this computer in; those that can be played, with what is in them, out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from flaneur.errors import FlaneurError
from flaneur.files import read_rows
from flaneur.settings import home

_PHOTOS, _SPLIT = "photos.parquet", "splits/default.parquet"


@dataclass(frozen=True, slots=True)
class Offer:
    """A dataset that can be played.

    Args:
        name: of the dataset.
        cities: slugs of the cities in it, sorted.
        photos: in it.
    """

    name: str
    cities: tuple[str, ...]
    photos: int


def is_anything_offered() -> bool:
    """Whether this computer has a dataset that can be played at all."""
    return next(_folders(), None) is not None


def offers() -> list[Offer]:
    """Datasets below ``~/flaneur/datasets`` that have been split, by name; one that cannot be read is left out."""
    found = []
    for folder in _folders():
        try:
            slugs = [str(row["city"]) for row in read_rows(folder / _PHOTOS, ["city"])]
        except (FlaneurError, OSError):
            continue
        found.append(Offer(folder.name, tuple(sorted(set(slugs))), len(slugs)))
    return found


def _folders() -> Iterator[Path]:
    return (path.parents[1] for path in sorted((home() / "datasets").glob(f"*/{_SPLIT}")))
