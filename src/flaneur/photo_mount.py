"""A folder, an archive, or a folder in one, in; where the files below it lie, under other names if need be, out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from flaneur import archives
from flaneur.csv_table import SUFFIXES
from flaneur.errors import InputError, did_you_mean


@dataclass(frozen=True, slots=True)
class _Inside:
    """Of an archive: names of all folders, with ``/`` at the end, and of all tables; whether a file lies in none."""

    folders: frozenset[str]
    tables: tuple[str, ...]
    loose: bool


@dataclass(frozen=True)
class Mount:
    """A folder or an archive whose files are reachable below a name.

    Args:
        path: of it.
        under: what its names begin with in the tree, such as ``images/train/``; or empty.
        within: what they begin with in the folder or archive, and is left out; or empty.
    """

    path: Path
    under: str = ""
    within: str = ""

    @cached_property
    def packed(self) -> bool:
        """Whether it is an archive."""
        return not self.path.is_dir()

    @cached_property
    def inside(self) -> _Inside:
        """Of an archive: what it holds besides photos."""
        folders, tables, loose = {""}, [], False
        for member in archives.members(self.path):
            folder = member.name.rpartition("/")[0]
            loose = loose or not folder
            while folder and f"{folder}/" not in folders:
                folders.add(f"{folder}/")
                folder = folder.rpartition("/")[0]
            if PurePosixPath(member.name).suffix.lower() in SUFFIXES:
                tables.append(member.name)
        return _Inside(frozenset(folders), tuple(tables), loose)

    @property
    def wrapper(self) -> str:
        """Of an archive: the folder of its own name that all lies in, with ``/`` at the end; or nothing."""
        outer = f"{self.path.stem}/"
        wrapped = not self.inside.loose and all(name.startswith(outer) for name in self.inside.folders if name)
        return outer if wrapped else ""

    def find(self, name: str) -> tuple[Path, str] | None:
        """Where a file of the tree lies: path and member."""
        if not name.startswith(self.under):
            return None
        inner = self.within + name[len(self.under) :]
        if self.packed:
            return (self.path, inner) if archives.has(self.path, inner) else None
        path = self.path / inner
        return (path, "") if path.is_file() else None


def archive_above(path: Path) -> Path | None:
    """The archive that a path leads into, or nothing."""
    return next((parent for parent in path.parents if archives.is_archive(parent)), None)


def folder_of(archive: Path, path: Path) -> Mount:
    """A folder in an archive.

    Raises:
        InputError: it is not there.
    """
    inner = f"{path.relative_to(archive).as_posix()}/"
    mount = Mount(archive, "", inner)
    if inner not in mount.inside.folders:
        hint = did_you_mean(inner, mount.inside.folders) or " Give the archive itself, or a folder in it."
        raise InputError(f"{archive}: no folder {inner[:-1]!r} in it.{hint}")
    return mount
