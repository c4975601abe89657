"""Rings of a polygon in; its size, what lies in it and points along it out. Edges are straight in degrees."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from flaneur.errors import InputError
from flaneur.geo import EARTH_KM

Ring = tuple[tuple[float, float], ...]
"""Longitude and latitude in degrees, the first again at the end. Longitudes run on past ±180 at the date line."""
Points2 = NDArray[np.float64]


def unwrapped(ring: Ring, near_lon: float | None = None) -> Ring:
    """A ring whose longitudes do not jump at the date line.

    Args:
        ring: closed. A step of more than 180 and less than 360 degrees is taken the short way round.
        near_lon: the ring is moved by whole turns until its middle is nearest to this longitude.

    Raises:
        InputError: it runs round a pole.

    >>> unwrapped(((179, 0), (-179, 0), (-179, 1), (179, 0)))
    ((179.0, 0.0), (181.0, 0.0), (181.0, 1.0), (179.0, 0.0))
    """
    lon, lat = np.array(ring, dtype=np.float64).T
    steps = np.diff(lon)
    turns = np.where((np.abs(steps) > 180) & (np.abs(steps) < 360), -np.sign(steps), 0.0)
    lon = lon + 360 * np.concatenate([[0.0], np.cumsum(turns)])
    if abs(lon[-1] - lon[0]) > 1:
        raise InputError("A polygon runs round a pole. Cut it at the date line, as RFC 7946 asks (section 3.1.9).")
    if near_lon is not None:
        lon = lon + 360 * np.round((near_lon - (lon.min() + lon.max()) / 2) / 360)
    return tuple(zip(lon.tolist(), lat.tolist(), strict=True))


def edges(rings: tuple[Ring, ...]) -> Points2:
    """``[E, 4]``: longitude and latitude of the start and the end of every edge, all rings together."""
    return np.concatenate([np.hstack([np.array(ring)[:-1], np.array(ring)[1:]]) for ring in rings])


def square_km(ring: Ring) -> float:
    """Size of what a ring encloses on the sphere, exactly.

    Source:
        Lambert's cylindrical projection keeps areas, so the size is the integral of sin(latitude) over longitude; along
        an edge that is straight in degrees it is ``Δλ (cos φ1 - cos φ2) / (φ2 - φ1)``.

    >>> round(square_km(((0, 0), (90, 0), (90, 90), (0, 90), (0, 0))) / (4 * np.pi * EARTH_KM**2), 6)
    0.125
    """
    lon, lat = np.radians(np.array(ring, dtype=np.float64)).T
    half, middle = np.diff(lat) / 2, (lat[1:] + lat[:-1]) / 2
    # (cos φ1 - cos φ2) / (φ2 - φ1) = sin(middle) sinc(half): this form holds for level edges as well
    integral = float(np.sum(np.diff(lon) * np.sin(middle) * np.sinc(half / np.pi)))
    return abs(integral) * EARTH_KM**2


def inside(points: Points2, sides: Points2) -> NDArray[np.bool_]:
    """Which points lie in a polygon, by the even-odd rule; holes count as edges like any other.

    Args:
        points: ``[N, 2]`` latitude, longitude in degrees; a longitude counts with its whole turns.
        sides: ``[E, 4]`` of :func:`edges`.

    Returns:
        ``[N]``.
    """
    west, east = sides[:, [0, 2]].min(), sides[:, [0, 2]].max()
    lat, lon = points[:, 0], points[:, 1] + 360 * np.ceil((west - points[:, 1]) / 360)
    found = np.zeros(len(points), dtype=bool)
    candidates = np.flatnonzero(lon <= east)
    x1, y1, x2, y2 = sides.T
    run = (x2 - x1) / np.where(y2 == y1, 1.0, y2 - y1)
    for part in np.array_split(candidates, max(1, len(candidates) * len(sides) // 2_000_000)):
        y, x = lat[part, None], lon[part, None]
        crossed = ((y1 > y) != (y2 > y)) & (x < x1 + run * (y - y1))
        found[part] = crossed.sum(axis=1) % 2 == 1
    return found


def along(sides: Points2, step_km: float) -> Points2:
    """``[N, 2]`` latitude, longitude of points on the edges, at most ``step_km`` apart on each."""
    x1, y1, x2, y2 = sides.T
    degree_km = np.pi / 180 * EARTH_KM
    length_km = degree_km * np.hypot(x2 - x1, y2 - y1)  # at most too long: a degree of longitude shrinks to the poles
    pieces = np.maximum(1, np.ceil(length_km / step_km)).astype(int)
    edge = np.repeat(np.arange(len(sides)), pieces)
    share = (np.arange(len(edge)) - np.repeat(np.cumsum(pieces) - pieces, pieces)) / pieces[edge]
    lat = y1[edge] + share * (y2 - y1)[edge]
    lon = x1[edge] + share * (x2 - x1)[edge]
    return np.stack([lat, wrapped(lon)], axis=1)


def wrapped(lon: NDArray[np.float64]) -> NDArray[np.float64]:
    """Longitudes in -180 (included) to 180.

    >>> wrapped(np.array([181.0, -180.0, 540.0]))
    array([-179., -180., -180.])
    """
    return np.asarray((lon + 180) % 360 - 180)
