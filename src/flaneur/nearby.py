"""A spot, a radius and what a provider says of a photo in; boxes to ask for, and whether the photo is wanted, out.

Providers leave fields out, send numbers as text and texts as numbers; what cannot be understood is unknown here, never
an error.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from flaneur.geo import EARTH_KM
from flaneur.protocols import Candidate, Wish
from flaneur.types import Location

Box = tuple[float, float, float, float]
"""West, south, east and north in degrees; west is never above east."""

METRES_PER_DEGREE = math.radians(1) * EARTH_KM * 1000


def metres_between(here: Location, there: Location) -> float:
    """Great-circle distance in metres; the haversine form as in :func:`flaneur.geo.distance_km`, for two points.

    >>> round(metres_between(Location(0.0, 179.9995), Location(0.0, -179.9995)), 1)
    111.2
    """
    lat, other = math.radians(here.lat), math.radians(there.lat)
    across = math.sin(math.radians(there.lon - here.lon) / 2) ** 2
    half = math.sin((other - lat) / 2) ** 2 + math.cos(lat) * math.cos(other) * across
    return 2 * EARTH_KM * 1000 * math.asin(math.sqrt(min(1.0, half)))


def boxes_round(spot: Location, radius_m: float) -> list[Box]:
    """The box round a disc: one, or two where the date line cuts it, since few providers understand a box across it.

    >>> [tuple(round(side, 3) for side in box) for box in boxes_round(Location(60.0, 179.999), 111.2)]
    [(179.997, 59.999, 180.0, 60.001), (-180.0, 59.999, -179.999, 60.001)]
    """
    up = radius_m / METRES_PER_DEGREE
    south, north = max(-90.0, spot.lat - up), min(90.0, spot.lat + up)
    widest = math.cos(math.radians(max(abs(south), abs(north))))
    side = min(180.0, up / widest) if widest > 1e-9 else 180.0
    west, east = spot.lon - side, spot.lon + side
    if side == 180.0:
        return [(-180.0, south, 180.0, north)]
    if west < -180:
        return [(west + 360, south, 180.0, north), (-180.0, south, east, north)]
    if east > 180:
        return [(west, south, 180.0, north), (-180.0, south, east - 360, north)]
    return [(west, south, east, north)]


def quarters(box: Box) -> tuple[Box, Box, Box, Box]:
    """The four quarters of a box, south-west first.

    >>> quarters((0.0, 0.0, 2.0, 2.0))[3]
    (1.0, 1.0, 2.0, 2.0)
    """
    west, south, east, north = box
    lon, lat = (west + east) / 2, (south + north) / 2
    return (west, south, lon, lat), (lon, south, east, lat), (west, lat, lon, north), (lon, lat, east, north)


def number(value: Any) -> float | None:
    """A finite number, also from text.

    >>> number("12.5"), number(3), number("n/a"), number(None), number("nan"), number(True)
    (12.5, 3.0, None, None, None, None)
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def position(lat: Any, lon: Any) -> Location | None:
    """A location, unless it is not one; 0, 0 is what cameras write that do not know.

    >>> position("48.85", 2.35), position(0, 0), position(95, 2), position(None, 2)
    (Location(lat=48.85, lon=2.35), None, None, None)
    """
    north, east = number(lat), number(lon)
    if north is None or east is None or not (abs(north) <= 90 and abs(east) <= 180) or north == east == 0:
        return None
    return Location(north, east)


def compass(value: Any) -> float | None:
    """Degrees from 0 to 360; -1 is what providers write that do not know.

    >>> compass("370.5"), compass(-90), compass(-1), compass("")
    (10.5, 270.0, None, None)
    """
    degrees = number(value)
    return None if degrees is None or degrees == -1 else degrees % 360


def moment(milliseconds: Any) -> str:
    """ISO 8601 of milliseconds since 1970, or nothing where that is no date after it.

    >>> moment(1507560881000), moment(0), moment("soon")
    ('2017-10-09T14:54:41Z', '', '')
    """
    since = number(milliseconds)
    if since is None or not 0 < since < 4e12:
        return ""
    return datetime.fromtimestamp(since / 1000, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def unwanted(wish: Wish, captured: str, *, is_panorama: bool) -> str:
    """Why a wish excludes a photo, or nothing.

    Args:
        wish: its dates and whether it takes panoramas.
        captured: ISO 8601, as precise as known; dates are compared as far as both are precise.
        is_panorama: whether the photo is one.

    Returns:
        ``panorama``, ``no_panorama``, ``outside_dates`` (also where a date matters and is not known), or nothing.

    >>> unwanted(Wish(since="2019-07-15"), "2019-07", is_panorama=False)
    ''
    >>> unwanted(Wish(since="2019-07-15"), "2019-07-14T10:00:00Z", is_panorama=False)
    'outside_dates'
    """
    if wish.panoramas == ("no" if is_panorama else "only"):
        return "panorama" if is_panorama else "no_panorama"
    early = wish.since and captured[: len(wish.since)] < wish.since[: len(captured)]
    late = wish.until and captured[: len(wish.until)] > wish.until[: len(captured)]
    undated = not captured and (wish.since or wish.until)
    return "outside_dates" if early or late or undated else ""


def each_read(items: Iterable[Any], read: Callable[[Any], Candidate | None]) -> Iterator[Candidate | None]:
    """Every record of a reply, read; ``None`` for one of another shape, so that one odd record never ends a run.

    >>> list(each_read([{"a": 1}, None, "b"], lambda item: item["a"]))
    [1, None, None]
    """
    for item in items:
        try:
            yield read(item)
        except (AttributeError, KeyError, TypeError, ValueError):
            yield None


def sift(
    found: Iterable[Candidate | None], spot: Location, radius_m: float, wish: Wish, dropped: Counter[str]
) -> list[Candidate]:
    """The photos that are near enough and wanted, each once, ordered by key.

    Args:
        found: as the provider's reply has them, in any order; ``None`` is what could not be understood.
        spot: where was asked.
        radius_m: what lies further away is left out without a word, since a box was asked for.
        wish: what else is left out.
        dropped: counts that, by reason: that of :func:`unwanted`, ``no_licence``, or ``unreadable``.
    """
    kept: dict[str, Candidate] = {}
    for candidate in found:
        if candidate is None:
            dropped["unreadable"] += 1
        elif candidate.key not in kept and metres_between(spot, candidate.location) <= radius_m:
            reason = unwanted(wish, candidate.captured, is_panorama=candidate.is_panorama)
            reason = reason if candidate.licence else "no_licence"
            if reason:
                dropped[reason] += 1
            else:
                kept[candidate.key] = candidate
    return [kept[key] for key in sorted(kept)]
