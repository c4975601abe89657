"""Hugging Face's imagefolder in; found photos out. The published parts are merged: flaneur splits by place itself.

``root/{train,validation,test}/<city>/*.jpg``, or without the parts; each part may be a zip file. Where there is a
``metadata.csv``, ``.jsonl`` or ``.parquet``, its rows name the photos: ``file_name`` (relative to it), and any of the
columns of the importer ``csv``, also under the names ``latitude``, ``longitude``, ``heading_deg``, ``captured_at`` and
``license``. The city is the column ``city``, else ``label``, else the folder: unlike ``datasets``, which forgets the
folders' labels where there are metadata. What ``flaneur dataset export`` wrote brings its photos' ids along.

Rows are read one by one; of folders without metadata, the names in one at a time are held to be sorted.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from flaneur.csv_table import TableFile, columns
from flaneur.errors import InputError, counted, did_you_mean
from flaneur.photo_table import Entry, PhotoTable, checked, facts_of, inner_name
from flaneur.photo_tree import PHOTOS, Tree, open_tree
from flaneur.protocols import FoundPhoto
from flaneur.types import slugify

logger = logging.getLogger(__name__)

# The words by which datasets knows a part, and the folder it looks into.
_PARTS = frozenset(
    {"data", "train", "training", "validation", "valid", "val", "dev", "test", "testing", "eval", "evaluation"}
)  # fmt: skip
_METADATA = ("metadata.csv", "metadata.jsonl", "metadata.parquet")
_DEPTH = 3


def find(path: Path) -> Iterator[FoundPhoto]:
    """The photos of an imagefolder: as its metadata list them, else as its folders are named.

    Args:
        path: the folder, or a zip or tar file of it.

    Raises:
        InputError: it is not there, names no city, or its metadata cannot be understood.
    """
    tree = open_tree(path).with_archives("").with_archives("data/")
    found = list(_metadata(tree, "", _DEPTH))
    return _listed(tree, found) if found else _in_folders(tree)


def _metadata(tree: Tree, under: str, depth: int) -> Iterator[str]:
    """Names of the metadata files, from the outer folders to the inner ones."""
    here = [name for name in tree.tables(under) if name in _METADATA]
    if len(here) > 1:
        raise InputError(f"{tree.path}: {under}{here[0]} and {under}{here[1]} say two things. Keep one.")
    yield from (under + name for name in here)
    if depth:
        for folder in tree.folders(under):
            yield from _metadata(tree, f"{under}{folder}/", depth - 1)


def _listed(tree: Tree, tables: list[str]) -> Iterator[FoundPhoto]:
    rows = 0
    for name in tables:
        table = tree.table(name)
        if table is None:
            continue
        for photo in checked(_photo_table(tree, table, name.rpartition("/")[0])):
            rows += 1
            yield photo
    unlisted = sum(1 for name in tree.files() if PurePosixPath(name).suffix.lower() in PHOTOS) - rows
    if unlisted > 0:
        logger.warning("%s: left out, since no row names them: %s.", tree.path, counted(unlisted, "photo"))


def _photo_table(tree: Tree, table: TableFile, folder: str) -> PhotoTable:
    names = columns(table)
    file = "file_name" if "file_name" in names else next((n for n in names if n.endswith("_file_name")), "")
    if not file:
        hint = did_you_mean("file_name", names) or f" It has: {', '.join(names) or 'none'}."
        raise InputError(f"{table.name}: no column 'file_name', which names the photos.{hint}")

    def entry(row: Mapping[str, str]) -> Entry:
        if not row.get(file, "").strip():
            raise InputError(f"{file} is empty. Fill it in or remove the line.")
        key = "/".join(part for part in (folder, inner_name(row[file])) if part)
        return _entry(key, row)

    return PhotoTable(table, (file,), entry, lambda key: tree.find(key) or (tree.path / key, ""))


def _entry(key: str, row: Mapping[str, str]) -> Entry:
    facts, label = facts_of(row), row.get("label", "").strip()
    city = row.get("city", "").strip() or ("" if label.isdecimal() else label) or _city_of(key)
    if not city:
        told = f"the label {label} is a number" if label else f"{key} lies in no folder of a city"
        raise InputError(f"which city? There is no column city, and {told}. Add the column.")
    if ":" in row.get("id", ""):  # one of flaneur's own exports
        facts |= {name: row[name].strip() for name in ("id", "source") if row.get(name, "").strip()}
        for name in ("place", "sequence"):
            facts |= {name: facts[name].removeprefix(f"{slugify(city)}/")} if name in facts else {}
    return Entry(key, city, facts)


def _in_folders(tree: Tree) -> Iterator[FoundPhoto]:
    stray = found = 0
    for name in tree.files():
        city = _city_of(name)
        if not city:
            stray += PurePosixPath(name).suffix.lower() in PHOTOS
        elif photo := tree.photo((name,), city, {}):
            found += 1
            yield photo
    if not found:
        raise InputError(
            f"{tree.path}: no folders of cities, and no metadata.csv that names them. An imagefolder looks like "
            "train/lisbon/a.jpg."
        )
    if stray:
        logger.warning("%s: left out, since in no folder of a city: %s.", tree.path, counted(stray, "photo"))


def _city_of(name: str) -> str:
    """The first folder that is no part.

    >>> _city_of("data/train/lisbon/alfama/a.jpg"), _city_of("train/a.jpg")
    ('lisbon', '')
    """
    return next((part for part in name.split("/")[:-1] if part.lower() not in _PARTS), "")
