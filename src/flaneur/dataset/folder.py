"""A dataset's folder: made, settled on disk, swept of what a kill left, and taken back where nothing came of it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from flaneur.dataset.lock import LOCK
from flaneur.errors import UsageError

_SHA256 = re.compile("[0-9a-f]{64}")


def make_folder(root: Path) -> list[Path]:
    """Make a dataset's folder, if need be.

    Returns:
        The folders that had to be made, innermost first.

    Raises:
        UsageError: it cannot be made.
    """
    if root.exists() and not root.is_dir():
        raise UsageError(f"{root} is a file, not a folder for a dataset. Choose another name.")
    made = [folder for folder in (root, *root.parents) if not folder.exists()]
    try:
        root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{root}: cannot be made ({error.strerror}). Choose another place.") from error
    return made


def take_back(root: Path, made: Iterable[Path]) -> None:
    """Leave nothing of an import that took nothing in.

    Args:
        root: the dataset, swept.
        made: folders that the import made, innermost first; those that hold something else stay.
    """
    (root / LOCK).unlink(missing_ok=True)
    for folder in (*(root / "images").glob("??"), root / "images", *made):
        with suppress(OSError):
            folder.rmdir()


def settle(root: Path, files: Iterable[str]) -> None:
    """Have the stored photos on disk before a table names them."""
    if hasattr(os, "sync"):
        os.sync()
        return
    for file in files:  # Windows
        if not Path(file).is_absolute():  # a linked photo is not ours
            with (root / file).open("rb+") as stored:
                os.fsync(stored.fileno())


def sweep(root: Path, needed: Callable[[str], Collection[str]]) -> None:
    """Remove what a kill left behind: half-written files, and stored photos that nothing names.

    Args:
        root: the dataset.
        needed: the hashes that are needed, by how they begin.
    """
    for folder in (root / "images").glob("??"):
        names = needed(folder.name)
        for entry in os.scandir(folder):
            if Path(entry.name).stem not in names:
                Path(entry.path).unlink(missing_ok=True)
    sweep_halves(root)


def sweep_halves(root: Path) -> None:
    """Remove half-written files that a kill left beside the tables; the caller has locked the dataset."""
    for leftover in root.glob(".*.tmp"):
        leftover.unlink(missing_ok=True)


def collected(root: Path) -> Iterator[str]:
    """Hashes of what collections have stored, of which one may still be under way: their journals name them."""
    for journal in sorted((root / "collect").glob("*.jsonl")):
        with journal.open("r", encoding="utf-8", errors="replace") as lines:
            for line in lines:
                yield from _SHA256.findall(line)
