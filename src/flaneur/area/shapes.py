"""A centre, rings or positions in; an area that knows its size, its outline and what lies in it out."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from flaneur.area import rings as flat
from flaneur.area.rings import Points2, Ring
from flaneur.errors import InputError
from flaneur.geo import EARTH_KM, distance_km
from flaneur.types import City, Location

DEFAULT_RADIUS_KM = 5.0
"""Of a city of which neither radius nor population is known."""
PEOPLE_PER_SQUARE_KM = 4500.0
"""How densely a city is taken to be built where only its population is known; an assumption, not a census."""
SMALLEST_RADIUS_KM, LARGEST_RADIUS_KM = 1.0, 25.0
"""Bounds of a radius that is made of a population; 25 km is what paper 001 took for ten large cities."""
_SLACK_KM = 1e-6


@dataclass(frozen=True, slots=True)
class Disc:
    """All that lies within a distance of a centre.

    Args:
        centre: its middle.
        radius_km: along the ground, above 0 and at most half the way round the Earth.

    >>> Disc(Location(48.8566, 2.3522), 10.0).contains(Location(48.9, 2.4))
    True
    """

    centre: Location
    radius_km: float

    def __post_init__(self) -> None:
        if not 0 < self.radius_km <= math.pi * EARTH_KM:
            raise InputError(f"A radius of {self.radius_km:g} km is no radius on Earth; use one such as 10.")

    @property
    def square_km(self) -> float:
        """Size of the cap on the sphere."""
        return 4 * math.pi * EARTH_KM**2 * math.sin(self.radius_km / EARTH_KM / 2) ** 2

    def contains(self, location: Location) -> bool:
        """Whether a location lies in it."""
        return bool(self.inside(np.array([[location.lat, location.lon]]))[0])

    def inside(self, points: Points2) -> NDArray[np.bool_]:
        """The same for ``[N, 2]`` latitude, longitude in degrees: ``[N]``."""
        centre = np.array([[self.centre.lat, self.centre.lon]])
        return np.asarray(distance_km(points, centre) <= self.radius_km + _SLACK_KM)

    def outline(self, step_km: float) -> Points2:
        """``[N, 2]`` points on its edge, at most ``step_km`` apart."""
        count = math.ceil(2 * math.pi * self.radius_km / step_km) + 3
        return away(self.centre, np.full(count, self.radius_km), np.linspace(0, 2 * np.pi, count, endpoint=False))

    def draw(self, rng: np.random.Generator, count: int) -> Points2:
        """``[count, 2]`` points, evenly by area.

        Source:
            Archimedes' hat-box theorem: the size of a cap grows with sin²(angle / 2), which is therefore what is drawn.
        """
        share, bearing = rng.random((2, count))
        edge = math.sin(self.radius_km / EARTH_KM / 2)
        return away(self.centre, 2 * EARTH_KM * np.arcsin(edge * np.sqrt(share)), 2 * np.pi * bearing)


@dataclass(frozen=True, slots=True)
class Polygon:
    """One or several polygons with holes, as in GeoJSON: edges are straight in degrees.

    Args:
        parts: of each polygon its rings: the outer one, then the holes. They must not overlap one another or
            themselves; :func:`flaneur.area.read_area` sees to that. Rings across the date line may jump or run on.

    >>> square = Polygon((((((2.2, 48.8), (2.4, 48.8), (2.4, 48.9), (2.2, 48.9), (2.2, 48.8))),),))
    >>> square.contains(Location(48.85, 2.3)), round(square.square_km)
    (True, 163)
    """

    parts: tuple[tuple[Ring, ...], ...]
    sides: tuple[Points2, ...] = field(init=False, repr=False, compare=False)
    """``[E, 4]`` the edges of each part."""

    def __post_init__(self) -> None:
        parts = tuple(checked(part) for part in self.parts if part)
        object.__setattr__(self, "parts", parts)
        object.__setattr__(self, "sides", tuple(flat.edges(part) for part in parts))
        if not self.square_km > 0:
            raise InputError("The polygon has no surface. It needs a ring of at least three different positions.")

    @property
    def square_km(self) -> float:
        """Size without the holes."""
        return sum(flat.square_km(part[0]) - sum(flat.square_km(hole) for hole in part[1:]) for part in self.parts)

    def contains(self, location: Location) -> bool:
        """Whether a location lies in it."""
        return bool(self.inside(np.array([[location.lat, location.lon]]))[0])

    def inside(self, points: Points2) -> NDArray[np.bool_]:
        """The same for ``[N, 2]`` latitude, longitude in degrees: ``[N]``."""
        return np.asarray(np.any([flat.inside(points, sides) for sides in self.sides], axis=0), dtype=bool)

    def outline(self, step_km: float) -> Points2:
        """``[N, 2]`` points on all its edges, at most ``step_km`` apart."""
        return np.concatenate([flat.along(sides, step_km) for sides in self.sides])

    def draw(self, rng: np.random.Generator, count: int) -> Points2:
        """At most ``[count, 2]`` points, evenly by area: those of ``count`` in the boxes round the parts that hit one.

        Source:
            Lambert's cylindrical projection: even in longitude and sin(latitude) is even on the sphere.
        """
        boxes = np.array([_box(sides) for sides in self.sides])
        sizes = (boxes[:, 1] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 2])
        part, across, up = rng.random((3, count))
        chosen = np.searchsorted(np.cumsum(sizes / sizes.sum())[:-1], part, side="right")
        west, east, south, north = boxes[chosen].T
        lat = np.degrees(np.arcsin(south + up * (north - south)))
        points = np.stack([lat, flat.wrapped(west + across * (east - west))], axis=1)
        hit = np.zeros(count, dtype=bool)
        for index, sides in enumerate(self.sides):
            hit[chosen == index] = flat.inside(points[chosen == index], sides)
        return points[hit]


@dataclass(frozen=True, slots=True)
class Points:
    """Positions that are to be looked at themselves.

    Args:
        locations: the positions; at least one.
        reach_m: a photo this near to one of them belongs to the area.
    """

    locations: tuple[Location, ...]
    reach_m: float = 500.0
    table: Points2 = field(init=False, repr=False, compare=False)
    """``[N, 2]`` the same as numbers."""

    def __post_init__(self) -> None:
        if not self.locations:
            raise InputError("The list of positions is empty.")
        object.__setattr__(self, "table", np.array([[here.lat, here.lon] for here in self.locations]))

    @property
    def square_km(self) -> float:
        """Size of all that is in reach, overlaps counted twice."""
        return len(self.locations) * math.pi * (self.reach_m / 1000) ** 2

    def contains(self, location: Location) -> bool:
        """Whether a location is in reach of a position."""
        return bool(np.any(distance_km(self.table, np.array([[location.lat, location.lon]])) * 1000 <= self.reach_m))


Area = Disc | Polygon | Points


def area_of(city: City, population: int = 0) -> Disc:
    """The disc round a city's centre.

    Args:
        city: with a centre. Its radius is taken where it is known.
        population: people, 0 where unknown. Without a radius the disc is as large as they fill at
            :data:`PEOPLE_PER_SQUARE_KM`, 1 to 25 km; without either the radius is :data:`DEFAULT_RADIUS_KM`.

    Raises:
        InputError: the city has no centre.

    >>> paris = City("paris", "Paris", centre=Location(48.8566, 2.3522))
    >>> area_of(paris).radius_km, area_of(paris, 2_138_551).radius_km
    (5.0, 12.3)
    """
    if city.centre is None:
        raise InputError(f"{city.name}: its centre is not known. Give lat and lon in cities.toml, or an --area.")
    radius_km = city.radius_km or DEFAULT_RADIUS_KM
    if not city.radius_km and population > 0:
        filled_km = math.sqrt(population / PEOPLE_PER_SQUARE_KM / math.pi)
        radius_km = round(min(max(filled_km, SMALLEST_RADIUS_KM), LARGEST_RADIUS_KM), 1)
    return Disc(city.centre, radius_km)


def away(start: Location, km: NDArray[np.float64], bearing: NDArray[np.float64]) -> Points2:
    """Where one gets to along great circles.

    Args:
        start: where they begin.
        km: ``[N]`` how far.
        bearing: ``[N]`` which way, radians clockwise from north.

    Returns:
        ``[N, 2]`` latitude, longitude in degrees.

    Source:
        A point on the unit sphere turned by an angle towards a direction in its tangent plane; unlike the usual formula
        with two arcs of a triangle this one holds at the poles.
    """
    angle, lat, lon = km / EARTH_KM, math.radians(start.lat), math.radians(start.lon)
    up = np.array([math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon), math.sin(lat)])
    east = np.array([-math.sin(lon), math.cos(lon), 0.0])
    towards = np.outer(np.cos(bearing), np.cross(up, east)) + np.outer(np.sin(bearing), east)
    x, y, z = (np.outer(np.cos(angle), up) + np.sin(angle)[:, None] * towards).T
    return np.stack([np.degrees(np.arctan2(z, np.hypot(x, y))), flat.wrapped(np.degrees(np.arctan2(y, x)))], axis=1)


def checked(part: tuple[Ring, ...]) -> tuple[Ring, ...]:
    """One polygon's rings, none of which jumps at the date line.

    Raises:
        InputError: a ring is not closed, not in degrees, or runs round a pole.
    """
    for ring in part:
        if len(ring) < 4 or ring[0] != ring[-1]:
            raise InputError("A ring of a polygon needs at least four positions, the first again at the end.")
        for lon, lat in ring:
            if not (-90 <= lat <= 90 and -540 <= lon <= 540):
                raise InputError(
                    f"({lon:g}, {lat:g}) is not (longitude, latitude) in degrees. Are the numbers swapped or metres?"
                )
    outer = flat.unwrapped(part[0])
    lons = [lon for lon, _ in outer]
    if max(lons) - min(lons) > 360:
        raise InputError("A polygon is wider than the Earth.")
    return (outer, *(flat.unwrapped(hole, (min(lons) + max(lons)) / 2) for hole in part[1:]))


def _box(sides: Points2) -> tuple[float, float, float, float]:
    """West and east in degrees, south and north as sines."""
    lon, lat = sides[:, [0, 2]], np.sin(np.radians(sides[:, [1, 3]]))
    return float(lon.min()), float(lon.max()), float(lat.min()), float(lat.max())
