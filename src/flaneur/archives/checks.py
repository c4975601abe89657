"""Names and sizes that an archive claims in; members that are safe to read out, or one line that says why none is.

What is refused, for every kind of archive: names that lead elsewhere (``..``, absolute, with a NUL), names that differ
only in case or not at all, links and devices, archives in archives, more than a million entries, and bombs. Only eight
bytes a name are kept, so a million entries cost eight megabytes.
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from posixpath import splitext

import numpy as np
from numpy.typing import NDArray

from flaneur.errors import InputError

MAX_ENTRIES = 1_000_000
MAX_RATIO = 200
"""How many times larger than its packed bytes anything may be; JPEGs reach 1.1, tables of text 20."""

SMALL_BYTES = 10_000_000
"""Below this many bytes no ratio makes a bomb."""

ARCHIVES = frozenset({".zip", ".tar", ".tgz", ".txz", ".tbz", ".tbz2", ".tzst", ".7z", ".rar"})
PACKED = frozenset({".gz", ".xz", ".bz2", ".zst"})
_DRIVE = re.compile(r"[A-Za-z]:")


@dataclass(frozen=True, slots=True)
class Member:
    """An ordinary file in an archive.

    Args:
        name: with ``/`` between folders, without a leading ``./``.
        size: in bytes, as the archive claims.
    """

    name: str
    size: int


def is_archive_name(name: str) -> bool:
    """Whether a file is named like an archive, also like one that cannot be read.

    >>> is_archive_name("a/Photos.ZIP"), is_archive_name("photos.tar.gz"), is_archive_name("photos.csv.gz")
    (True, True, False)
    """
    stem, last = splitext(name.replace("\\", "/").lower())  # a Path would intern the name: much for a million of them
    return last in ARCHIVES or (last in PACKED and splitext(stem)[1] == ".tar")


def safe_name(archive: Path, name: str) -> str:
    r"""A member's name as flaneur spells it.

    Args:
        archive: for the message.
        name: as the archive spells it; a backslash separates folders, as some Windows programs write.

    Raises:
        InputError: it would lead out of the archive, or cannot be a file's name.

    >>> safe_name(Path("a.zip"), "./rome\\a.jpg")
    'rome/a.jpg'
    >>> safe_name(Path("a.zip"), "rome/../../a.jpg")
    Traceback (most recent call last):
    flaneur.errors.InputError: a.zip: 'rome/../../a.jpg' leads out of the archive. It is not trusted; nothing was read.
    """
    spelt = name.replace("\\", "/")
    if "\0" in name:
        raise _untrusted(archive, name, "has a NUL in its name")
    if spelt.startswith("/") or _DRIVE.match(spelt):
        raise _untrusted(archive, name, "is an absolute path")
    parts = [part for part in spelt.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise _untrusted(archive, name, "leads out of the archive")
    return "/".join(parts)


class Index:
    """Finds names among many, by eight bytes each.

    Args:
        hashes: ``[N]`` of the names, in the archive's order.
    """

    def __init__(self, hashes: NDArray[np.int64]) -> None:
        self._order = np.argsort(hashes, kind="stable")
        self._hashes = hashes[self._order]

    def rows(self, name: str) -> Iterator[int]:
        """Where names of this name's hash stand: one row, or none, but for a rare chance."""
        wanted = hash(name)
        first = int(np.searchsorted(self._hashes, wanted, side="left"))
        while first < len(self._hashes) and self._hashes[first] == wanted:
            yield int(self._order[first])
            first += 1


@dataclass
class Roll:
    """Counts an archive's entries and remembers their names, eight bytes each.

    Args:
        archive: for the messages.
        packed_bytes: its size on disk.
    """

    archive: Path
    packed_bytes: int
    hashes: array[int] = field(default_factory=lambda: array("q"))
    _folded: array[int] = field(default_factory=lambda: array("q"))
    _entries: int = 0
    _total: int = 0

    def enter(self, name: str, size: int, packed: int) -> None:
        """Take in one file.

        Args:
            name: from :func:`safe_name`.
            size: in bytes, as claimed.
            packed: bytes that it takes in the archive.

        Raises:
            InputError: a bomb, or an archive in the archive.
        """
        self.count()
        self._total += size
        if is_archive_name(name):
            raise InputError(
                f"{self.archive}: holds another archive, {name!r}; archives in archives are not opened. Unpack the "
                "outer one and import its folder."
            )
        self._check_ratio(name, size, packed)
        self._check_ratio("all of it", self._total, self.packed_bytes)
        self.hashes.append(hash(name))
        self._folded.append(hash(name.casefold() if name.isascii() else unicodedata.normalize("NFC", name).casefold()))

    def count(self) -> None:
        """Count an entry of any kind.

        Raises:
            InputError: there are too many.
        """
        self._entries += 1
        check_count(self.archive, self._entries)

    def index(self, members: Callable[[], Iterable[Member]]) -> Index:
        """Where each name stands.

        Args:
            members: the archive's files once more, in order, to name those that clash.

        Raises:
            InputError: two names differ only in case, or not at all.
        """
        values, counts = np.unique(np.frombuffer(self._folded, dtype=np.int64), return_counts=True)
        if twice := set(values[counts > 1].tolist()):
            clashing = (member.name for row, member in enumerate(members()) if self._folded[row] in twice)
            first, second = sorted(clashing, key=str.casefold)[:2]
            how = "occurs twice" if first == second else f"and {second!r} differ only in case"
            raise _untrusted(self.archive, first, how)
        return Index(np.array(self.hashes, dtype=np.int64))

    def _check_ratio(self, what: str, size: int, packed: int) -> None:
        if size > SMALL_BYTES and size > MAX_RATIO * max(1, packed):
            raise InputError(
                f"{self.archive}: {what!r} would unpack to {size / 1e6:,.0f} MB, {size // max(1, packed):,} times its "
                "size: a decompression bomb. Nothing was read."
            )


def check_count(archive: Path, entries: int) -> None:
    """Refuse an archive of too many entries.

    Raises:
        InputError: above :data:`MAX_ENTRIES`.
    """
    if entries > MAX_ENTRIES:
        raise InputError(
            f"{archive}: more than {MAX_ENTRIES:,} entries. Unpack it, or pack it in several archives of fewer files."
        )


def no_file(archive: Path, name: str, kind: str) -> InputError:
    """What to say of a link, a device or another thing that is no file."""
    return _untrusted(archive, name, f"is {kind}, not a file")


def broken(archive: Path, how: str) -> InputError:
    """What to say of an archive that is not whole."""
    return InputError(f"{archive}: {how}. Download or copy it again.")


def _untrusted(archive: Path, name: str, why: str) -> InputError:
    shown = name if len(name) <= 80 else f"{name[:40]}…{name[-39:]}"
    return InputError(f"{archive}: {shown!r} {why}. It is not trusted; nothing was read.")
