"""Cities and positions of a table's photos in; the cities whose latitude and longitude seem swapped out.

Needs the gazetteer to know where a city is; without one nothing is found, and nothing is missed by whoever needs none.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from flaneur.errors import FlaneurError
from flaneur.gazetteer import geonames_places, own_places
from flaneur.geo import distance_km
from flaneur.types import City, slugify

_CITIES, _PHOTOS = 300, 100  # that are looked at, so that memory does not grow with the table
_FAR_KM, _NEAR_KM = 500.0, 100.0


@dataclass(frozen=True, slots=True)
class Positions:
    """The first positions of each of the first cities, as latitude and longitude in turn."""

    of_city: dict[str, array[float]] = field(default_factory=lambda: defaultdict(lambda: array("d")))

    def add(self, city: str, lat: float, lon: float) -> None:
        """Note one photo's, in degrees."""
        if city in self.of_city or len(self.of_city) < _CITIES:
            known = self.of_city[city]
            if len(known) < 2 * _PHOTOS:
                known.extend((lat, lon))

    def swapped(self) -> dict[str, tuple[float, float]]:
        """Cities that lie far from every city of their name, but near one once swapped; with their middle as given.

        Nothing where the gazetteer does not know a city, or is not there.
        """
        middles = {
            city: np.sort(np.array(known).reshape(-1, 2), axis=0)[len(known) // 4]
            for city, known in self.of_city.items()
        }
        middles = {city: middle for city, middle in middles.items() if np.abs(middle).max() <= 90}
        centres = _centres(set(middles)) if middles else {}
        return {
            city: (float(middles[city][0]), float(middles[city][1]))
            for city, there in centres.items()
            if distance_km(there, middles[city][None]).min() > _FAR_KM
            and distance_km(there, middles[city][None, ::-1]).min() < _NEAR_KM
        }


def _centres(cities: set[str]) -> dict[str, NDArray[np.float64]]:
    """Where the cities of each name lie, ``[N, 2]``; the user's own cities are theirs to place."""
    try:
        own = {slug for place in own_places() for slug in (place.city.slug, slugify(place.city.name))}
        places = geonames_places()
    except FlaneurError:
        return {}
    wanted: dict[str, list[str]] = defaultdict(list)
    for city in sorted(city for city in cities if slugify(city) not in own):
        for key in {slugify(city), city.casefold()}:
            wanted[key].append(city)
    found: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for place in places:
        here = {city for name in _names(place.city) & wanted.keys() for city in wanted[name]}
        if place.city.centre is not None:
            for city in here:
                found[city].append((place.city.centre.lat, place.city.centre.lon))
    return {city: np.array(there) for city, there in found.items()}


def _names(city: City) -> set[str]:
    """All it may be called in a table: slug, slug without the country, name and other names."""
    return {city.slug, city.slug.removesuffix(f"-{city.country.lower()}"), city.name.casefold()} | {
        alias.casefold() for alias in city.aliases
    }
