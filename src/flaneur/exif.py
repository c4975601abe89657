"""EXIF bytes in; orientation and a claimed position out. Reads two facts, trusts nothing, warns never."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from flaneur.types import Location

_ORIENTATION, _GPS_POINTER = 0x0112, 0x8825
_LAT_REF, _LAT, _LON_REF, _LON = 1, 2, 3, 4
_SHORT, _RATIONAL, _ASCII, _LONG = 3, 5, 2, 4
_MAX_ENTRIES = 512  # a camera writes some 60

_Entries = dict[int, tuple[int, int, int]]


@dataclass(frozen=True, slots=True)
class ExifFacts:
    """What flaneur reads of EXIF.

    Args:
        orientation: 1 to 8, as in the EXIF standard; 1 is upright.
        gps: the position claimed, where one is there and well formed.
    """

    orientation: int = 1
    gps: Location | None = None


def read_exif(data: bytes | None) -> ExifFacts:
    r"""Read orientation and position; anything malformed counts as absent.

    Args:
        data: a TIFF block, with or without the leading ``Exif\0\0``.

    Source:
        CIPA DC-008 (Exif 2.32), sections 4.6.2 and 4.6.6.

    >>> read_exif(b"not exif")
    ExifFacts(orientation=1, gps=None)
    """
    block = (data or b"").removeprefix(b"Exif\0\0")
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(block[:4])
    if order is None:
        return ExifFacts()
    try:
        entries = _entries(block, struct.unpack_from(order + "I", block, 4)[0], order)
    except struct.error:
        return ExifFacts()
    return ExifFacts(_orientation(block, entries, order), _gps(block, entries, order))


def _entries(block: bytes, offset: int, order: str) -> _Entries:
    """Tag to (type, count, place of the value or its offset) of one directory."""
    (count,) = struct.unpack_from(order + "H", block, offset)
    found: _Entries = {}
    for index in range(min(count, _MAX_ENTRIES)):
        place = offset + 2 + 12 * index
        if place + 12 > len(block):
            break
        tag, kind, number = struct.unpack_from(order + "HHI", block, place)
        found.setdefault(tag, (kind, number, place + 8))
    return found


def _orientation(block: bytes, entries: _Entries, order: str) -> int:
    kind, count, place = entries.get(_ORIENTATION, (0, 0, 0))
    if kind != _SHORT or count != 1:
        return 1
    value = int(struct.unpack_from(order + "H", block, place)[0])
    return value if 1 <= value <= 8 else 1


def _gps(block: bytes, entries: _Entries, order: str) -> Location | None:
    kind, _, place = entries.get(_GPS_POINTER, (0, 0, 0))
    if kind != _LONG:
        return None
    try:
        gps = _entries(block, struct.unpack_from(order + "I", block, place)[0], order)
        lat = _degrees(block, gps.get(_LAT), order) * _sign(block, gps.get(_LAT_REF), b"NS")
        lon = _degrees(block, gps.get(_LON), order) * _sign(block, gps.get(_LON_REF), b"EW")
    except (struct.error, ValueError, ZeroDivisionError):
        return None
    # Zeroed tags are how cameras without a fix spell "unknown".
    outside = abs(lat) > 90 or abs(lon) > 180
    return None if outside or (lat == 0 and lon == 0) else Location(lat, lon)


def _degrees(block: bytes, entry: tuple[int, int, int] | None, order: str) -> float:
    if entry is None or entry[:2] != (_RATIONAL, 3):
        raise ValueError("not three rationals")
    (offset,) = struct.unpack_from(order + "I", block, entry[2])
    parts = struct.unpack_from(order + "6I", block, offset)
    degrees, minutes, seconds = (parts[i] / parts[i + 1] for i in (0, 2, 4))
    if minutes >= 60 or seconds >= 60:
        raise ValueError("not minutes or seconds")
    return float(degrees + minutes / 60 + seconds / 3600)


def _sign(block: bytes, entry: tuple[int, int, int] | None, letters: bytes) -> int:
    if entry is None or entry[0] != _ASCII:
        raise ValueError("no hemisphere")
    letter = block[entry[2] : entry[2] + 1].upper()
    if len(letter) != 1 or letter not in letters:
        raise ValueError("no hemisphere")
    return 1 if letter == letters[:1] else -1
