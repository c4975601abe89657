"""Picture files in; kind, size, EXIF and the file without its other metadata out. No pixel is decoded."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from flaneur.errors import PhotoError

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# Everything else in a PNG is text, time, colour profile, animation or private.
_PNG_KEPT = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})
# Size lives in any start-of-frame marker; C4, C8, CC are tables that share the range.
_SOF = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_BARE_MARKERS = frozenset({0x01, *range(0xD0, 0xD9)})
# APP0 is JFIF; APP14 says whether Adobe inverted the inks.
_JPEG_DROPPED = (frozenset(range(0xE1, 0xF0)) | {0xFE}) - {0xEE}
_MAX_PARTS = 20_000
_MAX_CHUNKS = 200_000  # some writers make 8 KB chunks of a large PNG
_MAX_SCANS = 200  # a progressive JPEG has about ten; thousands are a way to burn an hour of decoding
_OTHER = {
    b"GIF8": "GIF", b"BM": "BMP", b"II*\0": "TIFF", b"MM\0*": "TIFF", b"II+\0": "TIFF", b"MM\0+": "TIFF",
    b"%PDF": "PDF", b"8BPS": "Photoshop", b"%!PS": "PostScript", b"\xc5\xd0\xd3\xc6": "PostScript",
    b"\xd0\xcf\x11\xe0": "FlashPix", b"\0\0\1\0": "icon",
    b"\0\0\0\x0cjP": "JPEG 2000", b"\xff\x4f\xff\x51": "JPEG 2000",
    b"\xff\x0a": "JPEG XL", b"\0\0\0\x0cJXL": "JPEG XL", b"qoif": "QOI", b"<svg": "SVG", b"icns": "icon",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Bare:
    """A picture file without its metadata.

    Args:
        data: the file; for JPEG and PNG every segment that is not needed for the pixels is gone.
        size: width and height in pixels as the header says, before any turning; ``None`` where only a decoder can tell.
        exif: the EXIF block, if there is one.
    """

    data: bytes
    size: tuple[int, int] | None
    exif: bytes | None


def sniff(data: bytes) -> str | None:
    r"""The kind of picture by its first bytes, whatever the file is called; ``None`` for anything else.

    >>> sniff(b"\xff\xd8\xff\xe0"), sniff(b"GIF89a"), sniff(b"hello")
    ('JPEG', 'GIF', None)
    """
    if data[:3] == b"\xff\xd8\xff":
        return "JPEG"
    if data[:8] == _PNG_SIGNATURE:
        return "PNG"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[4:8] == b"ftyp":
        return _isobmff_kind(data)
    return next((kind for magic, kind in _OTHER.items() if data.startswith(magic)), None)


def bare(data: bytes, kind: str) -> Bare:
    """Walk a file's parts and leave the metadata behind, losslessly: the pixels' bytes are not touched.

    Args:
        data: the whole file.
        kind: as :func:`sniff` says; kinds other than JPEG, PNG and WEBP come back as they are.

    Raises:
        PhotoError: its structure is broken; the message does not name the file, the caller does.
    """
    try:
        match kind:
            case "JPEG":
                return _bare_jpeg(data)
            case "PNG":
                return _bare_png(data)
            case "WEBP":
                return _bare_webp(data)
            case _:
                return Bare(data, None, None)
    except (struct.error, IndexError) as error:
        raise _truncated() from error


def _isobmff_kind(data: bytes) -> str | None:
    length = min(max(int.from_bytes(data[:4], "big"), 16), 256)
    brands = {data[8:12], *(data[at : at + 4] for at in range(16, length, 4))}
    if brands & {b"avif", b"avis"}:
        return "AVIF"
    return "HEIF" if brands & {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"} else None


def _bare_jpeg(data: bytes) -> Bare:
    kept, size, exif = [b"\xff\xd8"], None, None
    for marker, start, end in _jpeg_segments(data):
        if marker == 0xE1 and exif is None and data[start + 4 : start + 10] == b"Exif\0\0":
            exif = data[start + 4 : end]
        if marker in _SOF and size is None:
            height, width = struct.unpack_from(">HH", data, start + 5)
            size = (width, height)
        if marker not in _JPEG_DROPPED:
            kept.append(data[start:end])
    if size is None:
        raise _truncated()
    picture = b"".join(kept)
    if picture.count(b"\xff\xda") > _MAX_SCANS:
        raise PhotoError("corrupt", "a JPEG of absurdly many scans")
    return Bare(picture, size, exif)


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Marker, start, end of each segment; the last one is the first scan and all that follows."""
    at = 2
    for _ in range(_MAX_PARTS):
        if data[at] != 0xFF:
            raise PhotoError("corrupt", "a JPEG with a damaged header")
        while data[at + 1] == 0xFF:  # fill bytes
            at += 1
        marker = data[at + 1]
        if marker in _BARE_MARKERS:
            at += 2
            continue
        if marker == 0xD9:
            return
        end = len(data) if marker == 0xDA else at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if end > len(data) or end < at + 4:
            raise _truncated() if end > len(data) else PhotoError("corrupt", "a JPEG with a damaged header")
        yield marker, at, end
        if marker == 0xDA:
            return
        at = end
    raise PhotoError("corrupt", "a JPEG of absurdly many parts")


def _bare_png(data: bytes) -> Bare:
    kept, size, exif = [_PNG_SIGNATURE], None, None
    for name, start, end in _png_chunks(data):
        if name == b"IHDR" and size is None:
            width, height = struct.unpack_from(">II", data, start + 8)
            size = (width, height)
        if name == b"eXIf":
            exif = data[start + 8 : end - 4]
        if name in _PNG_KEPT:
            kept.append(data[start:end])
    if size is None:
        raise PhotoError("corrupt", "a PNG with a damaged header")
    return Bare(b"".join(kept), size, exif)


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Name, start, end of each chunk up to the closing one."""
    at = len(_PNG_SIGNATURE)
    for _ in range(_MAX_CHUNKS):
        length, name = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if end > len(data):
            raise _truncated()
        yield name, at, end
        if name == b"IEND":
            return
        at = end
    raise PhotoError("corrupt", "a PNG of absurdly many parts")


def _bare_webp(data: bytes) -> Bare:
    if int.from_bytes(data[4:8], "little") + 8 > len(data):
        raise _truncated()
    size, exif, at = None, None, 12
    for _ in range(_MAX_PARTS):
        if at + 8 > len(data):
            break
        name, length = struct.unpack_from("<4sI", data, at)
        if size is None:
            size = _webp_size(name, data[at + 8 : at + 18])
        if name == b"EXIF":
            exif = data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2
    if size is None:
        raise PhotoError("corrupt", "a WebP with a damaged header")
    return Bare(data, size, exif)


def _webp_size(name: bytes, head: bytes) -> tuple[int, int] | None:
    """Source: RFC 9649, sections 2.5 to 2.7."""
    if name == b"VP8X":
        return int.from_bytes(head[4:7], "little") + 1, int.from_bytes(head[7:10], "little") + 1
    if name == b"VP8L":
        bits = int.from_bytes(head[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if name == b"VP8 ":
        width, height = struct.unpack_from("<HH", head, 6)
        return width & 0x3FFF, height & 0x3FFF
    return None


def _truncated() -> PhotoError:
    return PhotoError("truncated", "the file ends too early")
