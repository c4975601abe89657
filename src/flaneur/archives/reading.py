"""The path of an archive in; its members, and the bytes of one of them, out."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from flaneur.archives.checks import Member, is_archive_name
from flaneur.archives.tarred import TarArchive
from flaneur.archives.zipped import ZipArchive
from flaneur.errors import InputError, PhotoError

_OPEN = 128
"""Archives whose tables of names stay in memory (24 bytes a member): OSV-5M comes in 103."""

_UNREADABLE = {
    b"\x1f\x8b": "gunzip -k", b"\xfd7zXZ\0": "xz -dk", b"BZh": "bunzip2 -k", b"\x28\xb5\x2f\xfd": "unzstd",
}  # fmt: skip


def is_archive(path: Path) -> bool:
    """Whether it is a file named like an archive, also like one of a kind that :func:`members` then refuses.

    >>> is_archive(Path("photos"))
    False
    """
    return is_archive_name(path.name) and path.is_file()


def members(path: Path) -> Iterator[Member]:
    """The ordinary files of a zip or tar file, in the archive's order, one at a time. Its folders are left out.

    Everything is checked before the first is given: see :mod:`flaneur.archives.checks`.

    Args:
        path: of the archive.

    Raises:
        InputError: it is not there, not whole, encrypted, not trusted, or of a kind that is not read; one line.
    """
    return opened(path).members()


def read(path: Path, member: str, limit_bytes: int) -> bytes:
    """The bytes of one member. Safe to call from several threads, in any order.

    Args:
        path: of the archive.
        member: a name that :func:`members` gave.
        limit_bytes: more are refused, whatever the archive claims; no more than that is ever unpacked.

    Raises:
        InputError: as :func:`members`.
        PhotoError: the member is not there, above the limit, or damaged.
    """
    try:
        return opened(path).read(member, limit_bytes)
    except OSError as error:
        raise PhotoError("unreadable", f"this photo: cannot be read ({error.strerror or error}).") from error


def has(path: Path, member: str) -> bool:
    """Whether an archive has a file of that name.

    Raises:
        InputError: as :func:`members`.
    """
    return member in opened(path)


def opened(path: Path) -> ZipArchive | TarArchive:
    """The archive with its names checked; kept for the next call as long as the file does not change.

    Raises:
        InputError: as :func:`members`.
    """
    try:
        facts = path.stat()
        return _opened(path.absolute(), facts.st_size, facts.st_mtime_ns)
    except OSError as error:
        raise InputError(f"{path}: cannot be opened ({error.strerror or error}). Check the path.") from error


@lru_cache(_OPEN)
def _opened(path: Path, _size: int, _mtime_ns: int) -> ZipArchive | TarArchive:
    with path.open("rb") as file:
        head = file.read(512)
    for magic, command in _UNREADABLE.items():
        if head.startswith(magic):
            raise InputError(
                f"{path}: a compressed tar is only readable from its start, and photos do not compress. Make it plain "
                f"first: {command} {path.name}"
            )
    if head.startswith(b"PK"):
        return ZipArchive(path)
    if head[257:262] == b"ustar" or path.suffix.lower() == ".tar":
        return TarArchive(path)
    raise InputError(f"{path}: neither a zip nor a tar file. Unpack it and import the folder.")
