"""Mapillary Street-Level Sequences in; found photos out: ``{train_val,test}/<city>/{query,database}/images/<key>.jpg``.

Query and database are merged, panoramas left out. ``raw.csv`` (position, direction, date), ``seq_info.csv`` (drive) and
``postprocessed.csv`` (cluster) are joined by key; the test cities have the second at most, so no positions. The zip
files may lie side by side unopened: patches count first. Held in memory: drive and cluster of each photo of one half of
one city. No licence is filled in: the terms are those agreed to on downloading, and the tables name no authors.

Source:
    F. Warburg et al., *Mapillary Street-Level Sequences*, CVPR 2020; mapillary/mapillary_sls, README and data loader.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from flaneur.csv_table import rows
from flaneur.errors import InputError, counted
from flaneur.photo_table import captured
from flaneur.photo_tree import Tree, open_tree
from flaneur.protocols import FoundPhoto

logger = logging.getLogger(__name__)

NAMES = {
    "buenosaires": "Buenos Aires", "cph": "Copenhagen", "goa": "Goa", "saopaulo": "São Paulo", "sf": "San Francisco",
}  # fmt: skip
"""Folders that are no names; the others, such as ``trondheim``, only lack a capital."""

_PARTS, _HALVES = ("train_val", "test"), ("database", "query")
_TABLES = ("raw.csv", "seq_info.csv", "subtask_index.csv")
_SEQUENCE = ("sequence_key", "sequence_id")  # the loader reads the first, the README says the second
_FACTS = {"lat": "lat", "lon": "lon", "ca": "heading", "captured_at": "captured"}


def find(path: Path) -> Iterator[FoundPhoto]:
    """The photos of MSLS, city by city. Rows without a photo, and panoramas, are counted and told.

    Args:
        path: the folder that holds ``train_val`` or ``test`` or the zip files (or one above it), or one zip file.

    Raises:
        InputError: it is not there, or no row has its photo.
    """
    tree = open_tree(path)
    unpacked = tree.holding(_is_it)
    found = _with_zips(unpacked) if unpacked else _with_zips(tree).holding(_is_it)
    if found is None:
        raise InputError(f"{path}: no copy of MSLS there. Give the folder that holds train_val and test.")
    return _photos(found)


def _is_it(tree: Tree) -> bool:
    parts = [f"{part}/" for part in _PARTS if part in tree.folders()]
    return any(set(_HALVES) & set(tree.folders(f"{part}{city}/")) for part in parts for city in tree.folders(part))


def _with_zips(tree: Tree) -> Tree:
    mounts = tree.with_archives("", under="").mounts
    patches = [mount for mount in mounts if "patch" in mount.path.stem.lower() and mount not in tree.mounts]
    others = [mount for mount in mounts if mount not in patches]
    return Tree(tree.path, (*reversed(patches), *others))


def _photos(tree: Tree) -> Iterator[FoundPhoto]:
    left: Counter[str] = Counter()
    found = 0
    for part in _PARTS:
        for city in tree.folders(f"{part}/"):
            for half in _HALVES:
                for photo in _half(tree, f"{part}/{city}/{half}/", city_name(city), left):
                    found += 1
                    yield photo
    if not found:
        raise InputError(
            f"{tree.path}: no photo found ({counted(left['missing'], 'row')} without one). Add the images."
        )
    if left["missing"]:
        logger.warning("%s: left out, since the photo is not there: %s.", tree.path, counted(left["missing"], "row"))
    if left["pano"]:
        logger.warning("%s: left out: %s.", tree.path, counted(left["pano"], "panorama"))


def _half(tree: Tree, under: str, city: str, left: Counter[str]) -> Iterator[FoundPhoto]:
    sequences = _column(tree, f"{under}seq_info.csv", _SEQUENCE)
    clusters = _column(tree, f"{under}postprocessed.csv", ("unique_cluster",))
    numbered = len(set(clusters.values())) > 2  # otherwise it is a flag
    for row in _rows(tree, under):
        key = row.get("key", "")
        if row.get("pano", "").strip().lower() in ("true", "1", "1.0"):
            left["pano"] += 1
            continue
        facts = {fact: captured(row[name]) for name, fact in _FACTS.items() if row.get(name)}
        if sequence := sequences.get(key):
            facts["sequence"] = sequence
        if numbered and key in clusters:
            facts["place"] = f"{under.split('/')[-2]}-{clusters[key]}"
        photo = tree.photo((f"{under}images/{key}.jpg", f"{under}images/{key}.JPG"), city, facts)
        if photo is None:
            left["missing"] += 1
        else:
            yield photo


def _rows(tree: Tree, under: str) -> Iterator[Mapping[str, str]]:
    """One row a photo: from the table that says most, else from the files themselves."""
    for name in _TABLES:
        table = tree.table(f"{under}{name}")
        if table is not None:
            yield from (row for _, row in rows(table, ("key",)))
            return
    for name in dict.fromkeys(tree.files(f"{under}images/")):
        yield {"key": name.rpartition("/")[2].rpartition(".")[0]}


def _column(tree: Tree, name: str, either: tuple[str, ...]) -> dict[str, str]:
    """Key to the first of these columns that a table has."""
    table = tree.table(name)
    if table is None:
        return {}
    found = (
        (row["key"], next((row[column] for column in either if row.get(column)), ""))
        for _, row in rows(table, ("key",))
    )
    return {key: value for key, value in found if value}


def city_name(folder: str) -> str:
    """A folder's name as a city's name.

    >>> city_name("cph"), city_name("trondheim")
    ('Copenhagen', 'Trondheim')
    """
    return NAMES.get(folder.lower()) or folder.replace("_", " ").title()
