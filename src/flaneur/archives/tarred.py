"""A plain tar file in; its members and their bytes out. Its headers are walked once; nothing is ever extracted.

Compressed tars are refused: reading one photo would mean unpacking all before it, and photos do not compress.
"""

from __future__ import annotations

import tarfile
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

import numpy as np

from flaneur.archives.checks import Member, Roll, broken, no_file, safe_name
from flaneur.errors import InputError, PhotoError

_MAX_HEADER_BYTES = 1_000_000
_KINDS = {
    tarfile.SYMTYPE: "a link", tarfile.LNKTYPE: "a link", tarfile.CHRTYPE: "a device", tarfile.BLKTYPE: "a device",
    tarfile.FIFOTYPE: "a pipe", tarfile.GNUTYPE_SPARSE: "a file with holes",
}  # fmt: skip


class TarArchive:
    """A tar file whose names have been checked.

    Args:
        path: of the file.

    Raises:
        InputError: it is not whole, not trusted or cannot be read; one line.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        roll, offsets, sizes = Roll(path, path.stat().st_size), array("q"), array("q")
        for header in _headers(path):
            if _is_file(path, header):
                roll.enter(safe_name(path, header.name), header.size, header.size)
                offsets.append(header.offset_data)
                sizes.append(header.size)
            else:
                roll.count()
        self._offsets, self._sizes = np.array(offsets, dtype=np.int64), np.array(sizes, dtype=np.int64)
        self._index = roll.index(self.members)

    def members(self) -> Iterator[Member]:
        """The files, in the archive's order."""
        for header in _headers(self.path):
            if _is_file(self.path, header):
                yield Member(safe_name(self.path, header.name), header.size)

    def __contains__(self, name: str) -> bool:
        return any(True for _ in self._index.rows(name))

    def read(self, name: str, limit_bytes: int) -> bytes:
        """The bytes of one member; see :func:`flaneur.archives.read`."""
        row = next(self._index.rows(name), None)
        if row is None:
            raise PhotoError("not_found", f"this photo: not in {self.path}.")
        size = int(self._sizes[row])
        if size > limit_bytes:
            raise PhotoError("too_large", f"this photo: above {limit_bytes // 1_000_000} MB.")
        with self.path.open("rb") as file:
            file.seek(int(self._offsets[row]))
            data = file.read(size)
        if len(data) < size:
            raise PhotoError("truncated", "this photo: the tar file ends too early.")
        return data


class _Careful:
    """A file that no header makes read much at once: a tar may claim a name of any length."""

    def __init__(self, path: Path, file: IO[bytes]) -> None:
        self._path, self._file = path, file
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int) -> bytes:
        if size > _MAX_HEADER_BYTES:
            raise InputError(f"{self._path}: a header of {size / 1e6:,.0f} MB. It is not trusted; nothing was read.")
        return self._file.read(size)


def _headers(path: Path) -> Iterator[tarfile.TarInfo]:
    with path.open("rb") as file:
        try:
            careful = cast("IO[bytes]", _Careful(path, file))  # all that a reader of tar files asks of a file
            with tarfile.TarFile(fileobj=careful, mode="r", errors="backslashreplace") as tar:
                while (header := tar.next()) is not None:
                    tar.members.clear()  # type: ignore[attr-defined]  # not in its stub; it would keep every header
                    yield header
                end = tar.offset
        except (tarfile.TarError, ValueError, OverflowError) as error:
            raise broken(path, f"no whole tar file ({error})") from error
        file.seek(end)
        if file.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
            raise broken(path, "no whole tar file: its end is missing")


def _is_file(path: Path, header: tarfile.TarInfo) -> bool:
    if header.type in _KINDS or header.issparse():
        raise no_file(path, header.name, _KINDS.get(header.type, "a file with holes"))
    if header.isdir():
        safe_name(path, header.name)
        return False
    if not header.isreg():
        raise no_file(path, header.name, "of an unknown kind")
    return True
