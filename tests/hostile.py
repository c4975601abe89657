"""A folder in; archives that no one should trust, each with what must be said of it, out. Nothing has to be kept."""

from __future__ import annotations

import io
import stat
import struct
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from photos import drawn, jpeg

PHOTO = jpeg(drawn(1, 64, 48))


def zipped(names: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    """A zip of these files."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as out:
        for name, data in names.items():
            out.writestr(zipfile.ZipInfo(name), data, method)
    return file.getvalue()


def tarred(*entries: tuple[str, bytes, dict[str, object]]) -> bytes:
    """A tar of these entries: name, data, further attributes of the header."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as out:
        for name, data, more in entries:
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            for attribute, value in more.items():
                setattr(entry, attribute, value)
            out.addfile(entry, io.BytesIO(data))
    return file.getvalue()


def special_zip(mode: int) -> bytes:
    """A zip with a file of another kind."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as out:
        out.writestr("rome/a.jpg", PHOTO)
        entry = zipfile.ZipInfo("rome/b.jpg")
        entry.create_system, entry.external_attr = 3, (mode | 0o777) << 16
        out.writestr(entry, "/etc/passwd")
    return file.getvalue()


def overlapping_zip() -> bytes:
    """One packed file that the directory names a hundred times."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as out:
        out.writestr("rome/0.jpg", PHOTO * 4)
        first = out.filelist[0]
        for number in range(1, 100):
            other = zipfile.ZipInfo(f"rome/{number}.jpg")
            other.header_offset, other.CRC = first.header_offset, first.CRC
            other.file_size = other.compress_size = first.file_size
            out.filelist.append(other)
        out._didModify = True
    return file.getvalue()


def claiming(entries: int, data: bytes) -> bytes:
    """The same zip, whose end claims so many entries."""
    at = data.rindex(b"PK\5\6")
    end = struct.pack("<2H", 0xFFFF, 0xFFFF) if entries >= 0xFFFF else struct.pack("<2H", entries, entries)
    length, offset = struct.unpack_from("<2L", data, at + 12)
    wide = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, entries, entries, length, offset)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, at, 1)
    return data[:at] + wide + locator + data[at : at + 8] + end + data[at + 12 :]


EVIL = Path(tempfile.gettempdir()) / "flaneur-evil.jpg"  # an absolute path that anybody may write to
GOOD = {"rome/a.jpg": PHOTO, "oslo/b.jpg": jpeg(drawn(2, 64, 48))}


def hostile() -> Iterator[tuple[str, bytes, str]]:
    """File name, bytes, and a pattern of the one line that must be said."""
    good = zipped(GOOD)
    for name, said in (
        ("../../evil.jpg", "leads out of the archive"), ("rome/../../evil.jpg", "leads out of the archive"),
        ("rome\\..\\..\\evil.jpg", "leads out of the archive"), (EVIL.as_posix(), "is an absolute path"),
        ("C:\\evil.jpg", "is an absolute path"), ("\\\\host\\evil.jpg", "is an absolute path"),
    ):  # fmt: skip
        yield "name.zip", zipped({"rome/a.jpg": PHOTO, name: PHOTO}), said
        yield "name.tar", tarred(("rome/a.jpg", PHOTO, {}), (name, PHOTO, {})), said
    yield "nul.zip", zipped({"rome/a#b.jpg": PHOTO}).replace(b"a#b.jpg", b"a\0b.jpg"), "has a NUL"
    yield "nul.tar", tarred(("rome/a.jpg", PHOTO, {"pax_headers": {"path": "rome/a\0b.jpg"}})), "has a NUL"
    yield "link.zip", special_zip(stat.S_IFLNK), "is a link, not a file"
    yield "device.zip", special_zip(stat.S_IFCHR), "is a device, not a file"
    for kind, said in (
        (tarfile.SYMTYPE, "a link"), (tarfile.LNKTYPE, "a link"), (tarfile.CHRTYPE, "a device"),
        (tarfile.BLKTYPE, "a device"), (tarfile.FIFOTYPE, "a pipe"), (tarfile.GNUTYPE_SPARSE, "a file with holes"),
    ):  # fmt: skip
        entry = ("rome/b.jpg", b"", {"type": kind, "linkname": "/etc/passwd"})
        yield "kind.tar", tarred(("rome/a.jpg", PHOTO, {}), entry), f"is {said}, not a file"
    yield "case.zip", zipped({"rome/a.jpg": PHOTO, "Rome/A.jpg": PHOTO}), "differ only in case"
    yield "twice.tar", tarred(("rome/a.jpg", PHOTO, {}), ("rome/a.jpg", b"x", {})), "occurs twice"
    bomb = {"rome/a.jpg": bytes(30_000_000)}
    yield "bomb.zip", zipped(bomb, zipfile.ZIP_DEFLATED), "a decompression bomb"
    yield "many-bombs.zip", zipped({f"r/{n}.jpg": bytes(900_000) for n in range(20)}, zipfile.ZIP_DEFLATED), "bomb"
    yield "overlap.zip", overlapping_zip(), "its files overlap: a decompression bomb"
    yield "million.zip", claiming(1_000_001, good), "more than 1,000,000 entries"
    encrypted = bytearray(good)
    encrypted[good.index(b"PK\1\2") + 8] |= 1
    yield "secret.zip", bytes(encrypted), "encrypted with a password"
    yield "cut.zip", good[: len(good) // 2], "its directory, which comes last, is missing"
    yield "headless.zip", b"PK" + good[200:], "its beginning is missing"
    yield "damaged.zip", good.replace(b"PK\1\2", b"PK\1\3", 1), "its directory is damaged"
    whole = tarred(("rome/a.jpg", PHOTO, {}), ("oslo/b.jpg", PHOTO, {}))
    yield "cut.tar", whole[: 512 + len(PHOTO) // 2], "no whole tar file"
    yield "endless.tar", whole[: whole.index(b"oslo/b.jpg")], "its end is missing"
    yield "nested.zip", zipped({"rome/a.jpg": PHOTO, "rome/more.zip": good}), "holds another archive, 'rome/more.zip'"
    yield "nested.tar", tarred(("a.tar.gz", b"x", {})), "holds another archive"
    long = tarfile.TarInfo("x")
    long.type, long.size = tarfile.GNUTYPE_LONGNAME, 8_000_000_000
    yield "header.tar", long.tobuf(tarfile.GNU_FORMAT) + bytes(10240), "a header of 8,000 MB"
    yield "packed.tar.gz", b"\x1f\x8b" + bytes(600), "Make it plain first: gunzip -k packed.tar.gz"
    yield "other.rar", b"Rar!\x1a\7" + bytes(600), "neither a zip nor a tar file"
    yield "empty.zip", b"", "neither a zip nor a tar file"


def write(folder: Path) -> list[tuple[Path, str]]:
    """Each in a folder of its own."""
    made = []
    for number, (name, data, said) in enumerate(hostile()):
        path = folder / f"{number:02d}" / name
        path.parent.mkdir(parents=True)
        path.write_bytes(data)
        made.append((path, said))
    return made
