"""Place Pulse 2.0 in; found photos out: one photo a location, of 56 cities.

Two copies of it go round:

- photos named ``<lat>_<lon>_<id>_<city>.JPG``, which say all themselves;
- ``<id>.jpg`` beside a table of votes (``votes_clean.csv`` of figshare) with ``left``, ``right``, ``place_name_left``
  and ``place_name_right``. Its ``lat_…`` and ``long_…`` hold each other's values; which is which is seen from values
  beyond 90 degrees, and where there are none, positions are left out. City and position of each photo of the table are
  held in memory (some 111,000).

The photos are Google Street View pictures of 2007 to 2012.

Source:
    A. Dubey et al., *Deep Learning the City*, ECCV 2016; P. Salesses, C. Hidalgo, doi 10.6084/m9.figshare.11859993.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from flaneur.csv_table import columns, rows
from flaneur.errors import InputError, counted
from flaneur.photo_tree import Tree, open_tree
from flaneur.protocols import FoundPhoto

logger = logging.getLogger(__name__)

Known = Mapping[str, tuple[str, str, str]]

_NAMED = re.compile(r"(?P<lat>-?\d+(?:\.\d+)?)_(?P<lon>-?\d+(?:\.\d+)?)_(?P<id>[0-9a-f]{24})_(?P<city>.+)")
_ID = re.compile(r"[0-9a-f]{24}")
_SIDES = ("left", "right")
_NEEDED = tuple(f"{what}{side}" for side in _SIDES for what in ("", "place_name_"))


def find(path: Path) -> Iterator[FoundPhoto]:
    """The photos of Place Pulse 2.0, in the order of their names. Those of no known city are counted and told.

    Args:
        path: the folder that holds the photos and, where their names do not say it, the votes; or a zip or tar file.

    Raises:
        InputError: it is not there, or no photo's city is known.
    """
    tree = open_tree(path)
    return _photos(tree)


def _photos(tree: Tree) -> Iterator[FoundPhoto]:
    known = _votes(tree)
    found = unknown = 0
    for name in tree.files():
        city, facts = _told(name, known)
        photo = tree.photo((name,), city, facts) if city else None
        if photo is None:
            unknown += 1
        else:
            found += 1
            yield photo
    if not found:
        raise InputError(
            f"{tree.path}: no photo of Place Pulse 2.0 whose city is known. Put votes_clean.csv beside the photos, or "
            "take the copy whose files are named LAT_LON_ID_CITY.JPG."
        )
    if unknown:
        logger.warning("%s: left out, since nothing names their city: %s.", tree.path, counted(unknown, "photo"))


def _told(name: str, known: Known) -> tuple[str, dict[str, str]]:
    """City and facts of a photo: from its name, else from the votes."""
    stem = name.rpartition("/")[2].rpartition(".")[0]
    if match := _NAMED.fullmatch(stem):
        city = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", match["city"]).replace("_", " ")
        return city, {"lat": match["lat"], "lon": match["lon"], "place": match["id"]}
    city, lat, lon = known.get(stem, ("", "", ""))
    return city, ({"lat": lat, "lon": lon} if lat and lon else {}) | {"place": stem}


def _votes(tree: Tree) -> Known:
    """Id of each photo to its city, latitude and longitude, as far as a table of votes tells them."""
    known: dict[str, tuple[str, str, str]] = {}
    for folder in ["", *(f"{name}/" for name in tree.folders())]:
        for name in tree.tables(folder):
            table = tree.table(folder + name)
            if table is None or not set(_NEEDED) <= set(columns(table)):
                continue
            for _, row in rows(table):
                for side in _SIDES:
                    if _ID.fullmatch(row.get(side, "")) and row.get(f"place_name_{side}"):
                        place = (row[f"place_name_{side}"], row.get(f"lat_{side}", ""), row.get(f"long_{side}", ""))
                        known.setdefault(row[side], place)
    return _straightened(tree, known)


def _straightened(tree: Tree, known: Known) -> Known:
    beyond = [sum(1 for place in known.values() if _beyond(place[column])) for column in (1, 2)]
    if beyond[0] > beyond[1]:
        return {photo: (city, lon, lat) for photo, (city, lat, lon) in known.items()}
    if known and not beyond[1]:
        logger.warning("%s: positions are left out: the votes do not show which number is the latitude.", tree.path)
        return {photo: (city, "", "") for photo, (city, _, _) in known.items()}
    return known


def _beyond(number: str) -> bool:
    try:
        return abs(float(number)) > 90
    except ValueError:
        return False
