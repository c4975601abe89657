"""A zip file in; its members and their bytes out. The directory is streamed: a million entries fit in 24 MB.

``zipfile`` holds an object for each entry (about 600 bytes) and parses the whole directory for every opening; photos
are read one by one, by several threads. So the directory is read here; zlib unpacks.

Source:
    PKWARE, *.ZIP File Format Specification* (APPNOTE.TXT) 6.3.10, sections 4.3 and 4.4.
"""

from __future__ import annotations

import stat
import struct
import zlib
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

from flaneur.archives.checks import Member, Roll, broken, check_count, no_file, safe_name
from flaneur.errors import InputError, PhotoError

_END = struct.Struct("<4s4H2LH")  # end of central directory
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR = struct.Struct("<4sLQL")
_ENTRY = struct.Struct("<4s6H3L5H2L")  # central directory header
_LOCAL = struct.Struct("<4s5H3L2H")
_FULL, _FULL16 = 0xFFFFFFFF, 0xFFFF
_ENCRYPTED, _UTF8 = 0x1, 0x800
_STORED, _DEFLATED = 0, 8
_KINDS = {stat.S_IFLNK: "a link", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device", stat.S_IFIFO: "a pipe",
          stat.S_IFSOCK: "a socket"}  # fmt: skip


class _Entry(NamedTuple):  # made half a million times
    """One central directory header, as far as it matters."""

    at: int  # of this header
    name: str
    raw_name: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    local_at: int
    mode: int


@dataclass(frozen=True, slots=True)
class _Directory:
    """Where the central directory lies, and by how much its offsets are off where something was put before the zip."""

    start: int
    end: int
    shift: int


class ZipArchive:
    """A zip file whose names have been checked.

    Args:
        path: of the file.

    Raises:
        InputError: it is not whole, not trusted or cannot be read; one line.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with path.open("rb") as file:
            size = file.seek(0, 2)
            self._directory = _find_directory(path, file, size)
            roll, offsets, packed = Roll(path, size), array("q"), 0
            for entry in _entries(path, file, self._directory):
                packed += entry.packed
                if packed > size:
                    raise InputError(f"{path}: its files overlap: a decompression bomb. Nothing was read.")
                if _is_file(path, entry):
                    roll.enter(safe_name(path, entry.name), entry.size, entry.packed)
                    offsets.append(entry.at)
                else:
                    roll.count()
        self._offsets = np.array(offsets, dtype=np.int64)
        self._index = roll.index(self.members)

    def members(self) -> Iterator[Member]:
        """The files, in the directory's order."""
        with self.path.open("rb") as file:
            for entry in _entries(self.path, file, self._directory):
                if _is_file(self.path, entry):
                    yield Member(safe_name(self.path, entry.name), entry.size)

    def __contains__(self, name: str) -> bool:
        return any(True for _ in self._index.rows(name))

    def read(self, name: str, limit_bytes: int) -> bytes:
        """The bytes of one member; see :func:`flaneur.archives.read`."""
        with self.path.open("rb") as file:
            for row in self._index.rows(name):
                entry, _ = _next_entry(self.path, file, file.seek(int(self._offsets[row])))
                if safe_name(self.path, entry.name) == name:
                    return _unpack(file, entry, self._directory.shift, limit_bytes)
        raise PhotoError("not_found", f"this photo: not in {self.path}.")


def _find_directory(path: Path, file: BinaryIO, size: int) -> _Directory:
    tail_at = max(0, size - _END.size - _FULL16)
    file.seek(tail_at)
    tail = file.read()
    found = tail.rfind(b"PK\5\6")
    if found < 0 or len(tail) - found < _END.size:
        raise broken(path, "no whole zip file: its directory, which comes last, is missing")
    _, disk, first_disk, _, entries, length, offset, _ = _END.unpack_from(tail, found)
    end = tail_at + found
    if wide := _find_end64(file, end):
        disk, first_disk, entries, length, offset, end = wide
    elif _FULL in (length, offset) or _FULL16 in (entries, disk):
        raise broken(path, "no whole zip file: its directory is damaged")
    if disk or first_disk:
        raise InputError(f"{path}: one part of a zip file in several parts. Join them first: zip -s 0 PARTS --out ALL.")
    check_count(path, entries)
    start = end - length
    if start < offset:
        raise broken(path, "no whole zip file: its beginning is missing")
    return _Directory(start, end, start - offset)


def _find_end64(file: BinaryIO, end: int) -> tuple[int, int, int, int, int, int] | None:
    """Disk, first disk, entries, length, offset and end of the directory, where it is told in eight bytes each."""
    file.seek(max(0, end - _LOCATOR.size))
    located = file.read(_LOCATOR.size)
    if len(located) == _LOCATOR.size and located.startswith(b"PK\6\7"):
        # It lies right before the locator; where the locator says, unless something was put before the zip.
        for at in (_LOCATOR.unpack(located)[2], end - _LOCATOR.size - _END64.size):
            file.seek(min(max(0, at), end))
            found = file.read(_END64.size)
            if len(found) == _END64.size and found.startswith(b"PK\6\6"):
                _, _, _, _, disk, first_disk, _, entries, length, offset = _END64.unpack(found)
                return disk, first_disk, entries, length, offset, at
    return None


def _entries(path: Path, file: BinaryIO, directory: _Directory) -> Iterator[_Entry]:
    at = directory.start
    file.seek(at)
    while at < directory.end:
        entry, length = _next_entry(path, file, at)
        yield entry
        at += length
    if at != directory.end:
        raise broken(path, "no whole zip file: its directory is damaged")


def _next_entry(path: Path, file: BinaryIO, at: int) -> tuple[_Entry, int]:
    """The header at the file's position, and its length in bytes."""
    head = file.read(_ENTRY.size)
    if len(head) < _ENTRY.size or not head.startswith(b"PK\1\2"):
        raise broken(path, "no whole zip file: its directory is damaged")
    (_, made, _, flags, method, _, _, crc, packed, size, *lengths, _, _, attributes, local_at) = _ENTRY.unpack(head)
    name_length, extra_length, _ = lengths
    rest = file.read(sum(lengths))
    raw, extra = rest[:name_length], rest[name_length : name_length + extra_length]
    if _FULL in (packed, size, local_at):
        size, packed, local_at = _sizes64(path, extra, (size, packed, local_at))
    mode = attributes >> 16 if made >> 8 == 3 else 0  # 3: made on Unix
    entry = _Entry(at, _decoded(raw, flags), raw, flags, method, crc, packed, size, local_at, mode)
    return entry, _ENTRY.size + sum(lengths)


def _sizes64(path: Path, extra: bytes, values: tuple[int, int, int]) -> tuple[int, int, int]:
    """Size, packed size and offset where they need eight bytes (APPNOTE 4.5.3)."""
    at = 0
    while at + 4 <= len(extra):
        tag, length = struct.unpack_from("<2H", extra, at)
        if tag == 1:
            wide = list(struct.unpack_from(f"<{min(length, len(extra) - at - 4) // 8}Q", extra, at + 4))
            if len(wide) >= values.count(_FULL):
                size, packed, local_at = (wide.pop(0) if value == _FULL else value for value in values)
                return size, packed, local_at
        at += 4 + length
    raise broken(path, "no whole zip file: its directory is damaged")


def _decoded(raw: bytes, flags: int) -> str:
    """UTF-8 where it is, also where the flag for it was forgotten; else the code page of MS-DOS."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("utf-8", "backslashreplace") if flags & _UTF8 else raw.decode("cp437")


def _is_file(path: Path, entry: _Entry) -> bool:
    kind = stat.S_IFMT(entry.mode)
    if kind in _KINDS:
        raise no_file(path, entry.name, _KINDS[kind])
    if entry.name.endswith(("/", "\\")) or kind == stat.S_IFDIR:
        safe_name(path, entry.name)
        return False
    if entry.flags & _ENCRYPTED:
        raise InputError(f"{path}: encrypted with a password. Unpack it and import the folder.")
    return True


def _unpack(file: BinaryIO, entry: _Entry, shift: int, limit: int) -> bytes:
    if entry.size > limit:
        raise PhotoError("too_large", f"this photo: above {limit // 1_000_000} MB.")
    file.seek(entry.local_at + shift)
    head = file.read(_LOCAL.size)
    if len(head) < _LOCAL.size or not head.startswith(b"PK\3\4"):
        raise PhotoError("truncated", "this photo: not where the zip file's directory says.")
    *_, name_length, extra_length = _LOCAL.unpack(head)
    if file.read(name_length) != entry.raw_name:
        raise PhotoError("corrupt", "this photo: has two names in the zip file.")
    file.seek(extra_length, 1)
    packed = file.read(entry.packed)
    data = _inflated(packed, entry)
    if len(data) != entry.size or zlib.crc32(data) != entry.crc:
        raise PhotoError(
            "truncated" if len(packed) < entry.packed else "corrupt", "this photo: damaged in the zip file."
        )
    return data


def _inflated(packed: bytes, entry: _Entry) -> bytes:
    """At most one byte more than claimed, whatever the packed bytes hold."""
    if entry.method == _STORED:
        return packed
    if entry.method != _DEFLATED:
        raise PhotoError("unsupported_format", f"this photo: packed in a way flaneur does not read ({entry.method}).")
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, entry.size + 1)
    except zlib.error as error:
        raise PhotoError("corrupt", "this photo: damaged in the zip file.") from error
