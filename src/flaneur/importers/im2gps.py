"""Im2GPS or Im2GPS3k in; found photos out: a CSV with ``IMG_ID,LAT,LON`` and the photos beside it or in a folder.

They know positions only, so the gazetteer says the city: :func:`flaneur.city_at.city_at`. A photo that lies in none is
given without a city and with the reason in its facts, so that the dataset lists it among the refused. Names are the
gazetteer's (``paris-fr``), as collecting gives them. The photos are Flickr's: author and page are in the file's name.

Source:
    J. Hays, A. Efros, *IM2GPS*, CVPR 2008; N. Vo, N. Jacobs, J. Hays, *Revisiting IM2GPS*, ICCV 2017; the tables are
    TIBHannover/GeoEstimation's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from flaneur.city_at import city_at
from flaneur.csv_table import columns
from flaneur.errors import InputError
from flaneur.photo_table import Entry, PhotoTable, checked, inner_name
from flaneur.photo_tree import Tree, open_tree
from flaneur.protocols import FoundPhoto
from flaneur.types import Location

_COLUMNS = (("img_id", "image_file", "filename"), ("lat", "latitude"), ("lon", "longitude", "lng"))
_FLICKR = re.compile(r"(?P<photo>\d+)_[0-9a-f]+_\d+_(?P<author>\d+@N\d+)\.\w+")
_NOWHERE = "it lies in no city: its position is in the disc of none of the gazetteer's"


def find(path: Path) -> Iterator[FoundPhoto]:
    """The photos of Im2GPS, in the order of the table, each with the city it lies in.

    Args:
        path: the folder of the table, a zip or tar file of it, or the table.

    Raises:
        InputError: it is not there, or no table has the columns.
        UsageError: the gazetteer is not installed.
    """
    folder = path.parent if path.suffix.lower() == ".csv" and path.is_file() else path
    tree = open_tree(folder).with_archives("")
    names = [path.name] if folder != path else tree.tables()
    tables = [(name, chosen) for name in names if (chosen := _chosen(tree, name))]
    if not tables:
        raise InputError(f"{path}: no table with the columns IMG_ID, LAT and LON, as in im2gps3k_places365.csv.")
    return _photos(tree, tables)


def _chosen(tree: Tree, name: str) -> tuple[str, ...]:
    """The table's columns for the file's name, latitude and longitude, or nothing."""
    table = tree.table(name)
    known = columns(table) if table else []
    chosen = tuple(next((column for column in either if column in known), "") for either in _COLUMNS)
    return chosen if all(chosen) else ()


def _photos(tree: Tree, tables: list[tuple[str, tuple[str, ...]]]) -> Iterator[FoundPhoto]:
    folders = ["", *(f"{name}/" for name in tree.folders())]
    for name, chosen in tables:
        if table := tree.table(name):
            yield from checked(PhotoTable(table, chosen, _Reader(chosen), _Finder(tree, folders), typed=False))


class _Reader:
    """A row to its entry; the columns differ from copy to copy."""

    def __init__(self, chosen: tuple[str, ...]) -> None:
        self._file, self._lat, self._lon = chosen

    def __call__(self, row: Mapping[str, str]) -> Entry:
        facts = {"lat": row[self._lat].strip(), "lon": row[self._lon].strip()}
        key = inner_name(row[self._file])
        flickr = _FLICKR.fullmatch(key.rpartition("/")[2])
        if author := row.get("author", "").strip() or (flickr["author"] if flickr else ""):
            facts["author"] = author
        if flickr:
            facts["page_url"] = f"https://www.flickr.com/photos/{flickr['author']}/{flickr['photo']}"
        city, refused = _city(facts)
        return Entry(key, city, facts | ({"refused": refused} if refused else {}))


class _Finder:
    """Where a photo lies: beside the table, or in one of the folders there."""

    def __init__(self, tree: Tree, folders: list[str]) -> None:
        self._tree, self._folders = tree, folders

    def __call__(self, key: str) -> tuple[Path, str]:
        return self._tree.find(*(f"{folder}{key}" for folder in self._folders)) or (self._tree.path / key, "")


def _city(facts: Mapping[str, str]) -> tuple[str, str]:
    """The city's slug, or why there is none."""
    try:
        found = city_at(Location(float(facts["lat"]), float(facts["lon"])))
    except ValueError:
        return "", f"({facts['lat']}, {facts['lon']}) is no position."
    except InputError as error:
        return "", str(error)
    return (found.slug, "") if found else ("", _NOWHERE)
