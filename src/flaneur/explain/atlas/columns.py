"""Facts of photos in; columns out by which points of the map are coloured: categories or numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flaneur.errors import UsageError, did_you_mean


@dataclass(frozen=True)
class Categories:
    """One of a few names for each photo.

    Args:
        key: stable, such as ``city``.
        title: for people.
        codes: ``[N]`` position in ``names``; -1 where nothing is known.
        names: for people, in the order of the legend.
        hint: what is meant, one sentence; may be empty.
        kind: how colours are chosen: ``names`` (any), ``verdict`` (right, wrong, refused, of a city it does not know).
    """

    key: str
    title: str
    codes: NDArray[np.int64]
    names: tuple[str, ...]
    hint: str = ""
    kind: str = "names"

    def __post_init__(self) -> None:
        if self.codes.ndim != 1 or (
            len(self.codes) and not -1 <= self.codes.min() <= self.codes.max() < len(self.names)
        ):
            raise ValueError(f"{self.key}: codes are not positions in {len(self.names)} names.")


@dataclass(frozen=True)
class Numbers:
    """A number for each photo, drawn on a scale from low to high.

    Args:
        key: stable, such as ``year``.
        title: for people.
        values: ``[N]``; not-a-number where nothing is known.
        hint: what is meant, one sentence; may be empty.
        kind: how numbers are written: ``year``, ``share`` (0 to 1, as per cent) or ``number``.
    """

    key: str
    title: str
    values: NDArray[np.float64]
    hint: str = ""
    kind: str = "number"


Column = Categories | Numbers


def named(columns: tuple[Column, ...], key: str) -> Column:
    """The column of that key.

    Raises:
        UsageError: there is none.
    """
    for column in columns:
        if column.key == key:
            return column
    raise no_column(key, [column.key for column in columns])


def no_column(key: str, keys: Sequence[str]) -> UsageError:
    """What to say where there is no column of that key.

    >>> str(no_column("yaer", ["city", "year"]))
    "photos cannot be coloured by 'yaer'. Did you mean 'year'? Use one of city, year."
    """
    return UsageError(f"photos cannot be coloured by {key!r}.{did_you_mean(key, keys)} Use one of {', '.join(keys)}.")
