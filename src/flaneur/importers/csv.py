"""A CSV of photos, alone or in an archive with them, in; found photos out.

``photos.csv`` has the columns ``file`` and ``city`` and any of ``lat, lon, heading, captured, place, sequence, project,
author, licence, page_url``; files are relative to the CSV's folder. Other columns are ignored. The same table may come
as ``.tsv``, ``.jsonl`` or ``.parquet``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from flaneur.archives import is_archive
from flaneur.csv_table import TableFile
from flaneur.errors import InputError
from flaneur.photo_table import photos_in, photos_of
from flaneur.photo_tree import Tree, open_tree
from flaneur.protocols import FoundPhoto


def find(path: Path) -> Iterator[FoundPhoto]:
    """The photos of a table, in the order of its rows.

    Args:
        path: the table, or a zip or tar file with one table beside (or above) its photos.

    Raises:
        InputError: it is not there or cannot be understood; one line with the file, the line and the mend.
    """
    if path.is_dir():
        raise InputError(f"{path}: a folder. Name the table itself, or import the folder with the layout folder.")
    if not is_archive(path):
        if not path.is_file():
            raise InputError(f"{path}: no such CSV file.")
        return photos_of(path)
    tree = open_tree(path).holding(lambda tree: bool(tree.tables()))
    if tree is None:
        raise InputError(f"{path}: no CSV file in it. Import it with the layout folder.")
    table, photos = _only_table(tree), tree
    return photos_in(table, path.parent, lambda key: photos.find(key) or (path, key))


def _only_table(tree: Tree) -> TableFile:
    names = tree.tables()
    table = tree.table(names[0])
    if len(names) > 1 or table is None:
        raise InputError(f"{tree.path}: {len(names)} tables ({', '.join(names[:4])}). Keep one beside the photos.")
    return table
