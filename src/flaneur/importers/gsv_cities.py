"""GSV-Cities in; found photos out: ``Dataframes/<City>.csv`` beside ``Images/<City>/*.jpg``.

A photo's file name is made of its row: city, place, date, direction, position as Python spells the number, panorama.
Where that spelling or the suffix differs from the file's, place and panorama find it. Place numbers repeat from city to
city; the dataset keeps them apart. Rows are read one by one; if names have to be searched for, those of one city are
held. Licence of the photos: CC BY-NC-ND 4.0.

Source:
    A. Ali-bey, B. Chaib-draa, P. Giguère, *GSV-Cities*, Neurocomputing 2022; amaralibey/gsv-cities, its data loader.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from flaneur.csv_table import rows
from flaneur.errors import InputError, counted
from flaneur.photo_tree import Tree, find_tree
from flaneur.protocols import FoundPhoto

logger = logging.getLogger(__name__)

LICENCE = "CC-BY-NC-ND-4.0"
NAMES = {"osl": "Oslo", "prg": "Prague", "prs": "Paris", "trt": "Toronto", "washingtondc": "Washington"}
"""Codes that are no names; the others, such as ``BuenosAires``, only lack blanks."""

_NEEDED = ("place_id", "year", "month", "northdeg", "lat", "lon", "panoid")
_SUFFIXES = (".jpg", ".JPG", ".jpeg", ".png")
_PLACES = 10**5  # a file name has the place's number within its city


def find(path: Path) -> Iterator[FoundPhoto]:
    """The photos of GSV-Cities, city by city in the order of their rows. Rows without a photo are counted and told.

    Args:
        path: the folder that holds ``Dataframes`` and ``Images`` (or one above it), or a zip or tar file of it.

    Raises:
        InputError: it is not there, or no row has its photo.
    """
    tree = find_tree(path, lambda tree: bool(tree.tables("Dataframes/")), "GSV-Cities (Dataframes/*.csv and Images)")
    return _photos(tree.with_archives("Images/"))


def _photos(tree: Tree) -> Iterator[FoundPhoto]:
    found = missing = 0
    for name in tree.tables("Dataframes/"):
        table, files = tree.table(f"Dataframes/{name}"), _Files(tree)
        if table is None:
            continue
        for _, row in rows(table, _NEEDED):
            photo = _photo(files, row, row.get("city_id") or name.rpartition(".")[0])
            if photo is None:
                missing += 1
            else:
                found += 1
                yield photo
    if not found:
        raise InputError(
            f"{tree.path}: none of {counted(missing, 'row')} has its photo. Images/<City>/ is needed, too."
        )
    if missing:
        logger.warning("%s: left out, since the photo is not there: %s.", tree.path, counted(missing, "row"))


def _photo(files: _Files, row: Mapping[str, str], code: str) -> FoundPhoto | None:
    facts = {
        "lat": row["lat"],
        "lon": row["lon"],
        "heading": _turned(row["northdeg"]),
        "captured": f"{_number(row['year']):04d}-{_number(row['month']):02d}",
        "place": row["place_id"],
        "licence": LICENCE,
        "page_url": f"https://www.google.com/maps/@?api=1&map_action=pano&pano={row['panoid']}",
    }
    make = partial(files.tree.photo, city=city_name(code), facts=facts)
    return make(tuple(_names(row, code))) or make(files.like(code, row["place_id"], row["panoid"]))


def city_name(code: str) -> str:
    """A folder's name as a city's name.

    >>> city_name("PRS"), city_name("MexicoCity"), city_name("Rome")
    ('Paris', 'Mexico City', 'Rome')
    """
    return NAMES.get(code.lower()) or re.sub(r"(?<=[a-z])(?=[A-Z])", " ", code)


def _names(row: Mapping[str, str], code: str) -> Iterator[str]:
    """What the file may be called: as pandas spells the position, or as the table does."""
    place, north = _number(row["place_id"]) % _PLACES, _number(row["northdeg"])
    when = f"{_number(row['year']):04d}_{_number(row['month']):02d}"
    spellings = [(_spelt(row["lat"]), _spelt(row["lon"])), (row["lat"], row["lon"])]
    for lat, lon in dict.fromkeys(spellings):
        for suffix in _SUFFIXES:
            yield f"Images/{code}/{code}_{place:07d}_{when}_{north:03d}_{lat}_{lon}_{row['panoid']}{suffix}"


class _Files:
    """The files of one city, by place and panorama; looked up only where a name cannot be guessed."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self._known: dict[tuple[int, str], list[str]] | None = None

    def like(self, code: str, place_id: str, panoid: str) -> tuple[str, ...]:
        """Names of the files of that place and panorama; none where it is not one."""
        if self._known is None:
            self._known = {}
            for name in self.tree.files(f"Images/{code}/"):
                if key := _key(name):
                    self._known.setdefault(key, []).append(name)
        names = self._known.get((_number(place_id) % _PLACES, panoid), [])
        return tuple(names) if len(names) == 1 else ()


def _key(name: str) -> tuple[int, str] | None:
    """Place and panorama of a file, read from the left: a panorama's id may hold ``_`` and ``-``.

    >>> _key("Images/PRS/PRS_0000007_2019_05_584_48.85_2.35_a-_b_.JPG")
    (7, 'a-_b_')
    """
    parts = name.rpartition("/")[2].rpartition(".")[0].split("_", 7)
    return (int(parts[1]), parts[7]) if len(parts) == 8 and parts[1].isdecimal() else None


def _number(text: str) -> int:
    try:
        return int(float(text))
    except (ValueError, OverflowError):
        return 0


def _turned(northdeg: str) -> str:
    """The table has directions beyond a full turn.

    >>> _turned("584")
    '224'
    """
    return str(_number(northdeg) % 360)


def _spelt(number: str) -> str:
    try:
        return str(float(number))
    except ValueError:
        return number
