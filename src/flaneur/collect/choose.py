"""What a provider offers near a spot in; the one photo to fetch, the same every time, or why there is none, out."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from flaneur.area import Area
from flaneur.files import sha256_bytes
from flaneur.geo import distance_km
from flaneur.protocols import Candidate
from flaneur.types import Location

_METRES_PER_DEGREE = 111_195.0


class Apart:
    """Locations that lie at least so many metres from one another.

    >>> places = Apart(100.0)
    >>> places.add(Location(0.0, 0.0))
    >>> places.has_room(Location(0.0, 0.0005)), places.has_room(Location(0.0, 0.001))
    (False, True)
    """

    def __init__(self, metres: float) -> None:
        self._metres = metres
        self._places: list[tuple[float, float]] = []  # by latitude

    def add(self, location: Location) -> None:
        """One more."""
        if self._metres > 0:
            insort(self._places, (location.lat, location.lon))

    def has_room(self, location: Location) -> bool:
        """Whether none of them is nearer."""
        reach = self._metres / _METRES_PER_DEGREE * 1.001
        first = bisect_left(self._places, (location.lat - reach, -np.inf))
        last = bisect_right(self._places, (location.lat + reach, np.inf))
        if first == last:
            return True
        near = np.array(self._places[first:last])
        return bool(distance_km(near, np.array([[location.lat, location.lon]])).min() * 1000 >= self._metres)


def choose(
    candidates: Sequence[Candidate], draw: str, refuse: Callable[[Candidate], str]
) -> tuple[Candidate | None, Counter[str]]:
    """The first candidate, in an order drawn by lot, that nothing speaks against.

    Args:
        candidates: what is offered.
        draw: names the lot: equal names, equal order, whatever order the candidates came in.
        refuse: why a candidate will not do; empty if it will.

    Returns:
        The candidate, if there is one, and how often which reason spoke against those drawn before it.
    """
    refused: Counter[str] = Counter()
    for candidate in sorted(candidates, key=lambda each: sha256_bytes(f"{draw}/{each.key}".encode())):
        reason = refuse(candidate)
        if not reason:
            return candidate, refused
        refused[reason] += 1
    return None, refused


def refusal_of(candidate: Candidate, area: Area, is_taken: Callable[[str], bool], apart: Apart) -> str:
    """Why a candidate will not do, before anything is downloaded; empty if it will.

    ``no_licence``: nobody could be credited. ``already_chosen``. ``wrong_city``: it lies outside the area, whatever the
    provider says. ``too_near`` to one that was chosen.
    """
    if not (candidate.licence and candidate.author and candidate.page_url):
        return "no_licence"
    if is_taken(candidate.key):
        return "already_chosen"
    if not area.contains(candidate.location):
        return "wrong_city"
    return "" if apart.has_room(candidate.location) else "too_near"
