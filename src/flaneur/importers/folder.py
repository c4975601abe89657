"""A folder of city folders, or a CSV of photos, in; found photos out. Nothing is decoded, no file of yours is changed.

Two layouts:

- ``photos/<city>/…/*.jpg``, or a zip or tar file of that: the first folder below the given one names the city. Hidden
  files are left alone. A folder that is named like the archive it alone lies in is seen through; another is named as if
  the archive were a folder: ``photos.zip/train``.
- ``photos.csv``: as by the importer ``csv``.

A photo without a ``place`` is a place of its own. The names in one folder at a time are held in memory, to be sorted.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from flaneur.archives import is_archive
from flaneur.errors import InputError, counted
from flaneur.photo_mount import archive_above
from flaneur.photo_table import photos_of
from flaneur.photo_tree import PHOTOS, Tree, open_tree
from flaneur.protocols import FoundPhoto

logger = logging.getLogger(__name__)

_PARTS = frozenset({"train", "training", "val", "valid", "validation", "test"})


def find(path: Path) -> Iterator[FoundPhoto]:
    """The photos of a folder, an archive or a CSV, in the order of their names or rows.

    Args:
        path: the folder, the zip or tar file, or the CSV file.

    Raises:
        InputError: nothing is there, or the table cannot be understood; one line that says what and where.
    """
    if path.is_dir() or is_archive(path) or archive_above(path):
        return _in_folder(path)
    if path.is_file():
        return photos_of(path)
    raise InputError(f"{path}: no such folder or CSV file.")


def _in_folder(root: Path) -> Iterator[FoundPhoto]:
    tree = _unwrapped(open_tree(root))
    _check(root, tree)
    stray = 0
    for name in tree.files():
        city, slash, _ = name.partition("/")
        if not slash:
            stray += PurePosixPath(name).suffix.lower() in PHOTOS
        elif photo := tree.photo((name,), city, {}):
            yield photo
    if stray:
        logger.warning("%s: left out, since in no city folder: %s.", root, counted(stray, "photo"))


def _check(root: Path, tree: Tree) -> None:
    """Refuse what holds no city folders; mention what is probably meant otherwise."""
    cities = tree.folders()
    if not cities:
        raise InputError(f"{root}: no city folders. Put the photos into one folder a city: {root.name}/lisbon/a.jpg.")
    if {city.lower() for city in cities} <= _PARTS:
        raise InputError(
            f"{root}: {cities[0]} is no city. Import one part: {_inside(tree, cities[0])}; or all of them with the "
            "layout imagefolder."
        )
    if len(cities) == 1 and len(tree.folders(f"{cities[0]}/")) > 1:
        told = "%s: %s counts as the one city. If the folders in it are the cities, import %s."
        logger.warning(told, root, cities[0], _inside(tree, cities[0]))
    if packed := sum(1 for entry in root.iterdir() if is_archive(entry)) if root.is_dir() else 0:
        logger.warning("%s: left out: %s. Import each by itself.", root, counted(packed, "archive"))


def _inside(tree: Tree, folder: str) -> Path:
    """A folder of the tree as a path that can be imported, from where its folder or archive lies."""
    mount = tree.mounts[0]
    return Path(mount.path.name, mount.within, folder)


def _unwrapped(tree: Tree) -> Tree:
    folders = tree.folders()
    packed = is_archive(tree.path) and len(folders) == 1 and tree.path.name.lower().startswith(folders[0].lower())
    return tree.below(f"{folders[0]}/") if packed else tree
