"""The bytes of a user's photo in; the same photo without metadata out, without loss where that can be."""

from __future__ import annotations

import re
from io import BytesIO

from flaneur.containers import bare, sniff
from flaneur.decode import DecodedPhoto, decode
from flaneur.exif import read_exif

# Application and comment segments, where EXIF, GPS, XMP, serial numbers and previews live. Kept: JFIF (APP0) and
# Adobe (APP14), without which the colours of some files turn.
_DROPPED = {*range(0xE1, 0xEE), 0xEF, 0xFE}
_SCAN_END = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]", re.DOTALL)
_SCAN, _END = 0xDA, 0xD9


def strip(data: bytes) -> tuple[bytes, str, DecodedPhoto]:
    """A photo without its metadata.

    JPEG and PNG are copied part by part, without loss. Only a photo that EXIF turns is turned and written again (JPEG
    at quality 95), a WebP is written again without loss, unless it is lossless and bare already, and AVIF and HEIC
    become JPEG at quality 95. What was stripped once stays the same when it is stripped again.

    Args:
        data: a file that :func:`flaneur.decode.decode` reads.

    Returns:
        The bytes to store, their suffix (``.jpg``, ``.png``, ``.webp``), and the photo, which was decoded to be sure
        that it is whole (a JPEG perhaps at a smaller scale).

    Raises:
        PhotoError: it cannot be read.
    """
    photo = decode(data, at_least_px=32)
    kind = sniff(data) or ""
    if kind in ("JPEG", "PNG"):
        parts = bare(data, kind)
        if read_exif(parts.exif).orientation == 1:
            return (strip_jpeg(data), ".jpg", photo) if kind == "JPEG" else (parts.data, ".png", photo)
    if kind == "WEBP" and _is_bare_webp(data):
        return data, ".webp", photo
    photo = decode(data)
    out = BytesIO()
    match kind:
        case "PNG":
            photo.image.save(out, "PNG")
            return out.getvalue(), ".png", photo
        case "WEBP":
            photo.image.save(out, "WEBP", lossless=True, method=0)
            return out.getvalue(), ".webp", photo
        case _:
            photo.image.save(out, "JPEG", quality=95)
            return out.getvalue(), ".jpg", photo


def strip_jpeg(data: bytes) -> bytes:
    r"""A JPEG file without application and comment segments and without anything after its end.

    >>> strip_jpeg(b"\xff\xd8\xff\xfe\x00\x04hi\xff\xda\x00\x02pixels\xff\xd9trailer")
    b'\xff\xd8\xff\xda\x00\x02pixels\xff\xd9'
    """
    kept = [data[:2]]
    at = 2
    while at + 4 <= len(data) and (marker := data[at + 1]) != _END:
        if data[at] != 0xFF or marker == 0xFF:  # junk or a fill byte between segments: decoders skip it too
            at += 1
            continue
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if marker == _SCAN:
            following = _SCAN_END.search(data, end)
            end = following.start() if following else len(data)
        if marker not in _DROPPED:
            kept.append(data[at:end])
        at = end
    return b"".join(kept) + bytes([0xFF, _END])


def _is_bare_webp(data: bytes) -> bool:
    """One lossless chunk and nothing else. Source: RFC 9649, section 2.6: other chunks need the extended format."""
    length = int.from_bytes(data[16:20], "little")
    return data[12:16] == b"VP8L" and len(data) == 20 + length + length % 2
