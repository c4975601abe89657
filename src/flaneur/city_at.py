"""A position in; the gazetteer's city that it lies in, or nothing, out."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np

from flaneur.area import area_of
from flaneur.area.shapes import LARGEST_RADIUS_KM
from flaneur.gazetteer import Place, geonames_places, own_places
from flaneur.geo import EARTH_KM
from flaneur.types import City, Location


def city_at(location: Location) -> City | None:
    """The city that a position lies in: of those whose disc holds it one of the user's own, else the most populous.

    A city's disc is :func:`flaneur.area.area_of`'s. The nearest entry would not do: GeoNames lists districts as places
    of their own, so the nearest to Notre-Dame is "Paris 04 Hôtel-de-Ville", and Brooklyn would be no New York. So a
    suburb within the disc of a larger city counts as that city: Kawasaki as Tokyo.

    Args:
        location: where a photo was taken.

    Raises:
        UsageError: the gazetteer is not installed.

    >>> city = city_at(Location(48.853, 2.3499))
    >>> city and city.slug
    'paris-fr'
    >>> city_at(Location(27.98, 86.92)) is None
    True
    """
    point = _on_sphere(np.array([[location.lat, location.lon]]))[0]
    tree, places = _discs(own_places())
    chord = 2 * math.sin(tree.reach_km / EARTH_KM / 2)
    near = [places[row] for row in tree.index.query_ball_point(point, chord)]
    holding = [place for place in near if area_of(place.city, place.population).contains(location)]
    best = max(holding, key=lambda place: (place.own, place.population, place.city.slug), default=None)
    return best.city if best else None


class _Tree:
    """Centres on the unit sphere, and the largest radius among them."""

    def __init__(self, places: tuple[Place, ...]) -> None:
        from scipy.spatial import cKDTree

        centres = [place.city.centre for place in places if place.city.centre]
        self.index: Any = cKDTree(_on_sphere(np.array([(centre.lat, centre.lon) for centre in centres])))
        self.reach_km = max([LARGEST_RADIUS_KM, *(place.city.radius_km or 0 for place in places)])


@cache
def _discs(own: tuple[Place, ...]) -> tuple[_Tree, tuple[Place, ...]]:
    replaced = {place.city.slug for place in own}
    others = (place for place in geonames_places() if place.city.slug not in replaced)
    places = tuple(place for place in (*own, *others) if place.city.centre)
    return _Tree(places), places


def _on_sphere(points: np.ndarray[Any, np.dtype[np.float64]]) -> np.ndarray[Any, np.dtype[np.float64]]:
    lat, lon = np.radians(points[:, 0]), np.radians(points[:, 1])
    return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=1)
