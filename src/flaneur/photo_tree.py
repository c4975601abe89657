"""A folder, an archive, or a folder of archives in; the names, tables and photos in it out, all alike.

Of a folder, the names in one sub-folder at a time are held in memory, to be sorted; of an archive, eight bytes a file.
"""

from __future__ import annotations

import io
import logging
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path, PurePosixPath

from flaneur import archives
from flaneur.csv_table import SUFFIXES, TableFile
from flaneur.errors import InputError
from flaneur.photo_mount import Mount, archive_above, folder_of
from flaneur.protocols import FoundPhoto

logger = logging.getLogger(__name__)

PHOTOS = frozenset({".jpg", ".jpeg", ".png", ".webp", ".heic", ".avif"})
NOT_PHOTOS = frozenset(
    {*SUFFIXES, ".txt", ".json", ".md", ".xml", ".xmp", ".db", ".ini", ".html", ".pdf", ".npy", ".npz", ".py", ".yaml",
     ".toml", ".url"}
)  # fmt: skip
_READABLE = frozenset({".zip", ".tar"})
_MAX_TABLE_BYTES = 2_000_000_000
_MAX_DEPTH = 2


@dataclass(frozen=True)
class Tree:
    """Files by name, wherever they are stored.

    Args:
        path: as the user gave it, for messages.
        mounts: where they are stored; the first that has a file counts.
    """

    path: Path
    mounts: tuple[Mount, ...] = field(repr=False)

    def find(self, *names: str) -> tuple[Path, str] | None:
        """Path and member of the first of these files that is there."""
        return next((found for name in names for mount in self.mounts if (found := mount.find(name))), None)

    def photo(self, names: tuple[str, ...], city: str, facts: Mapping[str, str]) -> FoundPhoto | None:
        """The photo under the first of these names that is there. Its key is that name, packed or not."""
        for name in names:
            if found := self.find(name):
                return FoundPhoto(found[0], name, city, dict(facts), found[1])
        return None

    def table(self, name: str) -> TableFile | None:
        """A table of the tree."""
        found = self.find(name)
        if found is None:
            return None
        path, member = found
        if not member:
            return TableFile(str(path), lambda: path.open("rb"))
        return TableFile(f"{path}: {member}", lambda: io.BytesIO(archives.read(path, member, _MAX_TABLE_BYTES)))

    def folders(self, under: str = "") -> list[str]:
        """Names of the sub-folders of a folder (empty, or with ``/`` at the end), sorted. Hidden ones are left out."""
        return sorted(set(chain.from_iterable(_folders(mount, under) for mount in self.mounts)))

    def tables(self, under: str = "") -> list[str]:
        """Names of the tables that lie directly in a folder, sorted."""
        return sorted(set(chain.from_iterable(_tables(mount, under) for mount in self.mounts)))

    def files(self, under: str = "") -> Iterator[str]:
        """Names of all files below a folder that may be photos: of folders sorted, of archives in their order."""
        return chain.from_iterable(_files(mount, under) for mount in self.mounts)

    def holding(self, is_it: Callable[[Tree], bool]) -> Tree | None:
        """This tree, or the one in a sub-folder, that a layout recognises as its own."""
        waiting = [self]
        for _ in range(_MAX_DEPTH):
            if found := next(filter(is_it, waiting), None):
                return found
            waiting = [tree.below(f"{name}/") for tree in waiting for name in tree.folders()]
        return next(filter(is_it, waiting), None)

    def below(self, folder: str) -> Tree:
        """The tree in a sub-folder (with ``/`` at the end)."""
        inner = []
        for mount in self.mounts:
            if mount.under.startswith(folder):
                inner.append(Mount(mount.path, mount.under[len(folder) :], mount.within))
            elif folder.startswith(mount.under):
                inner.append(Mount(mount.path, "", mount.within + folder[len(mount.under) :]))
        return Tree(self.path, tuple(inner))

    def with_archives(self, folder: str, *, under: str | None = None) -> Tree:
        """The tree with the archives that lie in one of its folders opened in place.

        Args:
            folder: empty, or with ``/`` at the end.
            under: what their files' names begin with; by default each archive is a folder of its own name, whether or
                not such a folder is in it once more.
        """
        folders = [
            mount.path / mount.within / folder[len(mount.under) :]
            for mount in self.mounts
            if not mount.packed and folder.startswith(mount.under)
        ]
        found = [path for inner in folders for path in _archives_in(inner)]
        if under is not None:
            new = [Mount(path, under) for path in found]
        else:  # one that was unpacked, and kept, would give its photos twice
            packed = [path for path in found if not path.with_suffix("").is_dir()]
            new = [Mount(path, f"{folder}{path.stem}/", Mount(path).wrapper) for path in packed]
        return Tree(self.path, (*self.mounts, *new))


def open_tree(path: Path) -> Tree:
    """The files of a folder or an archive, or of a folder in an archive, such as ``photos.zip/train``.

    Raises:
        InputError: there is neither.
    """
    if path.is_dir() or archives.is_archive(path):
        return Tree(path, (Mount(path),))
    if archive := archive_above(path):
        return Tree(path, (folder_of(archive, path),))
    kind = "a file" if path.is_file() else "no such folder or archive"
    raise InputError(f"{path}: {kind}. Give the folder, or a zip or tar file, that the photos are in.")


def find_tree(path: Path, is_it: Callable[[Tree], bool], layout: str) -> Tree:
    """The tree of a published dataset at or below a path.

    Args:
        path: a folder or an archive.
        is_it: whether a tree is that dataset's.
        layout: its name and what it must hold, for the message.

    Raises:
        InputError: it is not below the path.
    """
    found = open_tree(path).holding(is_it)
    if found is None:
        raise InputError(
            f"{path}: no copy of {layout} there. Give the folder, or the zip or tar file, that holds them."
        )
    return found


def _archives_in(folder: Path) -> list[Path]:
    """The zip and tar files of a folder; others are mentioned, as they may have been unpacked."""
    found = sorted(path for path in folder.iterdir() if archives.is_archive(path)) if folder.is_dir() else []
    for path in found:
        if path.suffix.lower() not in _READABLE:
            logger.warning("%s: left unopened, as only zip and plain tar files are read in place.", path)
    return [path for path in found if path.suffix.lower() in _READABLE]


def _inner(mount: Mount, under: str) -> str | None:
    """A folder's name within the mount, or nothing where the mount lies elsewhere or deeper."""
    return mount.within + under[len(mount.under) :] if under.startswith(mount.under) else None


def _folders(mount: Mount, under: str) -> Iterator[str]:
    inner = _inner(mount, under)
    if inner is None:
        if mount.under.startswith(under):
            yield mount.under[len(under) :].partition("/")[0]
    elif mount.packed:
        names = {name[len(inner) :].partition("/")[0] for name in mount.inside.folders if name.startswith(inner)}
        yield from (name for name in names if name and not _is_hidden(name))
    else:
        yield from _listed(mount.path / inner)[0]


def _tables(mount: Mount, under: str) -> Iterator[str]:
    inner = _inner(mount, under)
    if inner is None:
        return
    if mount.packed:
        names = [name[len(inner) :] for name in mount.inside.tables if name.startswith(inner)]
        yield from (name for name in names if "/" not in name and not _is_hidden(name))
    else:
        files = _listed(mount.path / inner)[1]
        yield from (name for name in files if PurePosixPath(name).suffix.lower() in SUFFIXES)


def _files(mount: Mount, under: str) -> Iterator[str]:
    inner, above = _inner(mount, under), under
    if inner is None:
        if not mount.under.startswith(under):
            return
        inner, above = mount.within, mount.under
    names = _packed_files(mount.path, inner) if mount.packed else _files_below(mount.path / inner, "")
    for name in names:
        if PurePosixPath(name).suffix.lower() not in NOT_PHOTOS:
            yield above + name


def _packed_files(path: Path, within: str) -> Iterator[str]:
    for member in archives.members(path):
        inner = member.name[len(within) :]
        if member.name.startswith(within) and not any(_is_hidden(part) for part in inner.split("/")):
            yield inner


def _files_below(folder: Path, prefix: str) -> Iterator[str]:
    listed, files = _listed(folder)
    folders = frozenset(listed)
    for name in sorted([*listed, *files]):
        if name in folders:
            yield from _files_below(folder / name, f"{prefix}{name}/")
        elif not archives.is_archive(Path(name)):
            yield prefix + name


def _listed(folder: Path) -> tuple[list[str], list[str]]:
    """Names of the folders and of the files in a folder, but hidden ones and links to folders."""
    folders: list[str] = []
    files: list[str] = []
    if folder.is_dir():
        with os.scandir(folder) as entries:
            for entry in entries:
                if not _is_hidden(entry.name):
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.name)
                    elif entry.is_file():
                        files.append(entry.name)
    return sorted(folders), sorted(files)


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name == "__MACOSX"
