"""OSV-5M in; found photos out: ``train.csv``, ``test.csv`` beside ``images/{train,test}/NN/<id>.jpg`` or ``NN.zip``.

The zip files are read where they are. A city is what ``unique_city`` tells apart: ``Waitangi NZ``, and where a country
has several of that name, with region (``Springfield Illinois US``), and where that is not enough, sub-region. Whether
there are several is seen from both tables, so keep both even if you import one part's photos. Rows without a city are
left out. ``NA`` is Namibia.

Rows are read one by one, twice; held are the names of all cities (some seventy thousand) and a few dozen bytes a photo
that is there, to find it. Licence of the photos: CC BY-SA 4.0, by Mapillary's contributors.

Source:
    G. Astruc et al., *OpenStreetView-5M*, CVPR 2024; https://huggingface.co/datasets/osv5m/osv5m.
"""

from __future__ import annotations

import logging
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np

from flaneur.csv_table import rows
from flaneur.errors import InputError, counted
from flaneur.photo_table import captured
from flaneur.photo_tree import Tree, find_tree
from flaneur.protocols import FoundPhoto

logger = logging.getLogger(__name__)

LICENCE = "CC-BY-SA-4.0"
_PARTS = ("train", "test")
_NEEDED = ("id", "latitude", "longitude", "country", "city")
_NONE = frozenset({"", "NaN", "nan"})  # but Nan is a city of Thailand

Names = Mapping[tuple[str, str], Mapping[tuple[str, str], str]]


def find(path: Path) -> Iterator[FoundPhoto]:
    """The photos of OSV-5M that are there. Rows without a photo or a city are counted and told.

    Args:
        path: the folder that holds ``train.csv`` or ``test.csv`` and ``images`` (or one above it).

    Raises:
        InputError: it is not there, or no row has its photo.
    """
    tree = find_tree(path, _is_it, "OSV-5M (train.csv or test.csv, and images)")
    for part in _PARTS:
        tree = tree.with_archives(f"images/{part}/")
    return _photos(tree)


def _is_it(tree: Tree) -> bool:
    return bool({"train.csv", "test.csv"} & set(tree.tables())) and "images" in tree.folders()


def _photos(tree: Tree) -> Iterator[FoundPhoto]:
    names = _cities(tree)
    left: Counter[str] = Counter()
    found = 0
    for part in _PARTS:
        if part in tree.folders("images/"):
            for photo in _part(tree, part, names, left):
                found += 1
                yield photo
    if not found:
        raise InputError(
            f"{tree.path}: none of {counted(left['missing'], 'row')} has its photo. Images lie in images/train/00.zip "
            "and so on."
        )
    for reason, told in (("missing", "the photo is not there"), ("city", "they name no city")):
        if left[reason]:
            logger.warning("%s: left out, since %s: %s.", tree.path, told, counted(left[reason], "row"))


def _part(tree: Tree, part: str, names: Names, left: Counter[str]) -> Iterator[FoundPhoto]:
    where = _Where(tree.files(f"images/{part}/"))
    for row in _rows(tree, part):
        city = _city(row)
        if not city:
            left["city"] += 1
        elif photo := _photo(tree, where.find(row["id"]), row, names[city, row["country"]][_region(row)]):
            yield photo
        else:
            left["missing"] += 1


class _Where:
    """Which of a few folders holds a photo, by its id: nine bytes a photo.

    >>> _Where(["images/test/00/7.jpg", "images/test/01/8.jpg"]).find("8")
    ('images/test/01/8.jpg',)
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._folders: dict[tuple[str, str], int] = {}
        hashes, places = array("q"), array("i")
        for name in names:
            folder, _, file = name.rpartition("/")
            stem, _, suffix = file.rpartition(".")
            hashes.append(hash(stem))
            places.append(self._folders.setdefault((folder, suffix), len(self._folders)))
        order = np.argsort(found := np.array(hashes, dtype=np.int64))
        self._hashes, self._places = found[order], np.array(places, dtype=np.int32)[order]

    def find(self, photo: str) -> tuple[str, ...]:
        """Its name, or nothing."""
        first = int(np.searchsorted(self._hashes, hash(photo)))
        if first == len(self._hashes) or self._hashes[first] != hash(photo):
            return ()
        folder, suffix = list(self._folders)[self._places[first]]
        return (f"{folder}/{photo}.{suffix}",)


def _rows(tree: Tree, part: str) -> Iterator[Mapping[str, str]]:
    table = tree.table(f"{part}.csv")
    if table is not None:
        yield from (row for _, row in rows(table, _NEEDED))


def _photo(tree: Tree, names: tuple[str, ...], row: Mapping[str, str], city: str) -> FoundPhoto | None:
    facts = {
        "lat": row["latitude"],
        "lon": row["longitude"],
        "sequence": row.get("sequence", ""),
        "captured": captured(row.get("captured_at", "")),
        "author": row.get("creator_username", ""),
        "licence": LICENCE,
        "page_url": f"https://www.mapillary.com/app/?pKey={row['id']}",
    }
    return tree.photo(names, city, {name: value for name, value in facts.items() if value})


def _cities(tree: Tree) -> Names:
    """City and country to region and sub-region to the shortest name that is that city's alone."""
    regions: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for part in _PARTS:
        for row in _rows(tree, part):
            if _city(row):
                regions.setdefault((_city(row), row["country"]), set()).add(_region(row))
    return {
        (city, country): {region: _name(city, region, country, found) for region in found}
        for (city, country), found in regions.items()
    }


def _name(city: str, region: tuple[str, str], country: str, all_regions: set[tuple[str, str]]) -> str:
    """The shortest name of its own.

    >>> _name("Waitangi", ("Chatham Islands", ""), "NZ", {("Chatham Islands", "")})
    'Waitangi NZ'
    >>> _name("Salem", ("Ohio", "Meigs"), "US", {("Ohio", "Meigs"), ("Ohio", "Columbiana"), ("Oregon", "Marion")})
    'Salem Meigs Ohio US'
    """
    larger, smaller = region
    if len(all_regions) == 1:
        return f"{city} {country}"
    alone = sum(1 for other, _ in all_regions if other == larger) == 1
    return " ".join(part for part in (city, "" if alone else smaller, larger, country) if part)


def _city(row: Mapping[str, str]) -> str:
    name = row["city"].strip()
    return "" if name in _NONE else name


def _region(row: Mapping[str, str]) -> tuple[str, str]:
    larger, smaller = row.get("region", "").strip(), row.get("sub-region", "").strip()
    return "" if larger in _NONE else larger, "" if smaller in _NONE else smaller
