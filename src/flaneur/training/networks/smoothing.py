"""Cities in; where the smoothed share of each city's label goes out: near and same-country cities are milder errors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from flaneur.geo import distance_km
from flaneur.types import City

SAME_COUNTRY = 0.5
"""Weight of a city of the same country, however far."""
FAR = 0.02
"""Weight that is left to a city at the other end of the world; where all are far, they share alike."""


def city_similarity(cities: Sequence[City], km: float) -> NDArray[np.float64]:
    """How a smoothed label of each city is spread over all of them.

    The city itself keeps ``1 / C``, as with uniform smoothing; the others share the rest in proportion to
    ``0.02 + max(exp(-distance / km), 0.5 if the country is the same)``. A city without a position, and every city's
    share for such a one, is ``1 / C``: nothing is known of it.

    Args:
        cities: ``C`` of them, in the order of the labels.
        km: distance at which a city's part has fallen to 1/e; 0 leaves only the country.

    Returns:
        ``[C, C]``; row ``i`` sums to 1.

    >>> from flaneur.types import Location
    >>> lyon = City("lyon", "Lyon", "FR", Location(45.76, 4.84))
    >>> geneva = City("geneva", "Geneva", "CH", Location(46.2, 6.14))
    >>> tokyo = City("tokyo", "Tokyo", "JP", Location(35.69, 139.69))
    >>> city_similarity([lyon, geneva, tokyo], 500.0)[0].round(2).tolist()
    [0.33, 0.65, 0.02]
    """
    count = len(cities)
    spread = np.full((count, count), 1 / max(1, count))
    placed = np.array([index for index, city in enumerate(cities) if city.centre is not None], np.intp)
    if len(placed) < 3:  # with fewer there is nobody to share with in any other way
        return spread
    weights = _weights([cities[index] for index in placed], km)
    others = (len(placed) - 1) / count
    rows = others * weights / weights.sum(1, keepdims=True)
    np.fill_diagonal(rows, 1 / count)
    spread[np.ix_(placed, placed)] = rows
    return spread


def _weights(cities: Sequence[City], km: float) -> NDArray[np.float64]:
    """``[K, K]`` for cities with a position; 0 on the diagonal."""
    points = np.array([(city.centre.lat, city.centre.lon) for city in cities if city.centre is not None])
    one, other = np.divmod(np.arange(len(cities) ** 2), len(cities))
    apart = distance_km(points[one], points[other]).reshape(len(cities), -1)
    near = np.exp(-apart / km) if km > 0 else np.zeros_like(apart)
    countries = np.array([city.country for city in cities])
    same = (countries[:, None] == countries[None]) & (countries != "")[:, None]
    weights = FAR + np.maximum(near, SAME_COUNTRY * same)
    np.fill_diagonal(weights, 0.0)
    return np.asarray(weights)
