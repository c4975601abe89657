"""A table of photos in; found photos out, after the whole table has been looked through.

Two passes: the first finds what is wrong before anything is imported, the second gives the photos one by one. Sixteen
bytes a row are kept in between, so that a table of half a million photos needs eight megabytes.
"""

from __future__ import annotations

import logging
import re
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flaneur.csv_table import TableFile, columns, on_disk, rows
from flaneur.errors import InputError, counted
from flaneur.photo_positions import Positions
from flaneur.protocols import FoundPhoto

logger = logging.getLogger(__name__)

FACTS = ("lat", "lon", "heading", "captured", "place", "sequence", "project", "author", "licence", "page_url")
ALIASES = {
    "latitude": "lat", "longitude": "lon", "lng": "lon", "heading_deg": "heading", "captured_at": "captured",
    "license": "licence",
}  # fmt: skip
"""Other names of these columns, in tables that are not flaneur's own layout."""

_ALIKE, _RARE, _COMPARED = 0.85, 20, 300  # likeness, times as many photos, cities

_DRIVE = re.compile(r"[A-Za-z]:")


@dataclass(frozen=True, slots=True)
class Entry:
    """What one row says.

    Args:
        key: the photo's name in the tree or folder.
        city: as the user gave it.
        facts: as in :class:`flaneur.protocols.FoundPhoto`.
    """

    key: str
    city: str
    facts: dict[str, str]


@dataclass(frozen=True, slots=True)
class PhotoTable:
    """A table, and how it is to be understood.

    Args:
        table: the file.
        needed: columns that must be there.
        entry: what a row says; raises ``InputError`` without the table's name and line, which are put before it.
        locate: a key to the photo's file, or to an archive and its name in there.
        typed: whether people typed the cities, who misspell.
    """

    table: TableFile
    needed: tuple[str, ...]
    entry: Callable[[Mapping[str, str]], Entry]
    locate: Callable[[str], tuple[Path, str]] = field(repr=False)
    typed: bool = True

    def entries(self) -> Iterator[tuple[int, Entry]]:
        """Line and entry of every row."""
        for number, row in rows(self.table, self.needed):
            try:
                yield number, self.entry(row)
            except InputError as error:
                raise InputError(f"{self.table.name}, line {number}: {error}") from error


def photos_of(path: Path) -> Iterator[FoundPhoto]:
    """The photos of a CSV file with the columns ``file`` and ``city`` and any of :data:`FACTS`.

    Files are relative to the table's folder. Positions, empty cells and repeated files are checked in the whole table
    before the first photo is given.

    Args:
        path: of the table.

    Raises:
        InputError: one line with the file, the line and the mend.
    """
    return photos_in(on_disk(path), path.parent, lambda key: (path.parent / key, ""))


def photos_in(table: TableFile, folder: Path, locate: Callable[[str], tuple[Path, str]]) -> Iterator[FoundPhoto]:
    """The same, wherever the table is.

    Args:
        table: the table.
        folder: what files are relative to; an absolute path below it is one of them.
        locate: says where a photo is.
    """
    names = columns(table)
    found = PhotoTable(table, ("file", "city"), lambda row: _entry(row, folder), locate)
    rows(table, found.needed)  # says first if one is missing
    if ("lat" in names) != ("lon" in names):
        raise InputError(f"{table.name}: lat and lon only work together; one of the two columns is missing.")
    if unknown := [name for name in names if name not in ("file", "city", *FACTS)]:
        logger.warning("%s: ignored columns: %s.", table.name, ", ".join(unknown))
    return checked(found)


def checked(table: PhotoTable) -> Iterator[FoundPhoto]:
    """The photos of a table, once all of it has been looked through.

    Raises:
        InputError: a row cannot be understood, most positions are impossible, or one file claims two cities.
    """
    repeated = _look_through(table)
    return _photos(table, repeated)


def facts_of(row: Mapping[str, str]) -> dict[str, str]:
    """The facts of a photo that a row knows, also under :data:`ALIASES`.

    >>> facts_of({"latitude": " 41.9", "lon": "12.5", "licence": "", "shoe": "44"})
    {'lat': '41.9', 'lon': '12.5'}
    """
    known = {ALIASES.get(name, name): value.strip() for name, value in row.items() if value.strip()}
    return {name: known[name] for name in FACTS if name in known}


def captured(text: str) -> str:
    """A date as it is, or one given as milliseconds since 1970, as Mapillary's datasets do.

    >>> captured("1546300800000"), captured("2019-07-04")
    ('2019-01-01T00:00:00+00:00', '2019-07-04')
    """
    if not re.fullmatch(r"\d{12,14}(\.0)?", text):
        return text
    return datetime.fromtimestamp(int(float(text)) / 1000, UTC).isoformat(timespec="seconds")


def inner_name(name: str, folder: Path | None = None) -> str:
    r"""A file's name below the table's folder, with ``/`` between folders.

    Args:
        name: as the table spells it.
        folder: an absolute path below it is taken; nowhere where there is none.

    Raises:
        InputError: it lies elsewhere.

    >>> inner_name(".\\rome\\a.jpg")
    'rome/a.jpg'
    """
    spelt = name.strip().replace("\\", "/")
    if spelt.startswith("/") or _DRIVE.match(spelt):
        if folder is None or not Path(spelt).is_relative_to(folder.absolute()):
            raise InputError(
                f"{spelt} does not lie below the table's folder. Put the table into a folder above all its photos, and "
                "name them relative to it."
            )
        spelt = Path(spelt).relative_to(folder.absolute()).as_posix()
    parts = [part for part in spelt.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise InputError(f"{spelt} leads out of the table's folder. Put the table into a folder above all its photos.")
    return "/".join(parts)


def _entry(row: Mapping[str, str], folder: Path) -> Entry:
    for column in ("file", "city"):
        if not row.get(column, "").strip():
            raise InputError(f"{column} is empty. Fill it in or remove the line.")
    facts = {name: row[name].strip() for name in FACTS if row.get(name, "").strip()}
    return Entry(inner_name(row["file"], folder), row["city"].strip(), facts)


def _photos(table: PhotoTable, repeated: set[int]) -> Iterator[FoundPhoto]:
    given = set()
    for number, entry in table.entries():
        if hash(entry.key) in repeated:
            if entry.key in given:
                name = table.table.name
                logger.warning("%s, line %d: %s is named again; the first line counts.", name, number, entry.key)
                continue
            given.add(entry.key)
        path, member = table.locate(entry.key)
        yield FoundPhoto(path, entry.key, entry.city, entry.facts, member)


def _look_through(table: PhotoTable) -> set[int]:
    """Hashes of the keys that are named more than once."""
    keys, cities, wrong, placed = array("q"), array("q"), [], 0
    names: Counter[str] = Counter()
    positions = Positions()
    for number, entry in table.entries():
        names[entry.city] += 1
        keys.append(hash(entry.key))
        cities.append(hash(entry.city))
        if entry.facts.get("lat"):
            placed += 1
            if _is_position(entry.facts):
                positions.add(entry.city, float(entry.facts["lat"]), float(entry.facts["lon"]))
            else:
                wrong.append((number, entry.facts["lat"], entry.facts.get("lon", "")))
    if 2 * len(wrong) > placed:  # a few odd ones cost their rows later; a table full of them is a mistake to stop at
        number, lat, lon = wrong[0]
        raise InputError(
            f"{table.table.name}, line {number}: ({lat}, {lon}) is not (latitude, longitude) in degrees "
            f"({counted(len(wrong), 'such line')}). Are the columns swapped?"
        )
    if table.typed:
        _mention_misspelt(table, names)
        _mention_swapped(table, positions)
    return _repeated(table, np.array(keys, dtype=np.int64), np.array(cities, dtype=np.int64))


def _mention_misspelt(table: PhotoTable, names: Counter[str]) -> None:
    """A city of a few rows that is spelt nearly like one of many is probably that one. It is told, not changed."""
    often = [name for name, count in names.most_common(_COMPARED) if count >= _RARE]
    for name, count in names.items():
        others = [other for other in often if names[other] >= _RARE * count]
        if others and len(names) <= _COMPARED and (close := get_close_matches(name, others, n=1, cutoff=_ALIKE)):
            logger.warning(
                "%s: %s of %r, and %s of %r. Are they one city?",
                table.table.name, counted(count, "photo"), name, f"{names[close[0]]:,}", close[0],
            )  # fmt: skip


def _mention_swapped(table: PhotoTable, positions: Positions) -> None:
    """Positions that are possible, but far from any city of that name, and near one the other way round."""
    found = positions.swapped()
    for city, (lat, lon) in list(found.items())[:1]:
        more = f" (and likewise {counted(len(found) - 1, 'more city')})" if len(found) > 1 else ""
        logger.warning(
            "%s: the photos of %r lie about (%.2f, %.2f), far from any city of that name, but near one the other way "
            "round%s. Are lat and lon swapped?",
            table.table.name, city, lat, lon, more,
        )  # fmt: skip


def _repeated(table: PhotoTable, keys: NDArray[np.int64], cities: NDArray[np.int64]) -> set[int]:
    values, counts = np.unique(keys, return_counts=True)
    twice = set(values[counts > 1].tolist())
    if twice:
        of_them = np.flatnonzero(np.isin(keys, values[counts > 1]))
        if len({(int(keys[row]), int(cities[row])) for row in of_them}) > len(twice):
            _tell_conflict(table, twice)
    return twice


def _tell_conflict(table: PhotoTable, repeated: set[int]) -> None:
    cities: dict[str, str] = {}
    for number, entry in table.entries():
        key, city = entry.key, entry.city
        if hash(key) in repeated and cities.setdefault(key, city) != city:
            raise InputError(
                f"{table.table.name}, line {number}: {key} is named again, now as {city!r}, before as "
                f"{cities[key]!r}. Keep one line."
            )


def _is_position(facts: Mapping[str, str]) -> bool:
    try:
        return abs(float(facts["lat"])) <= 90 and abs(float(facts.get("lon", ""))) <= 180
    except ValueError:
        return False
