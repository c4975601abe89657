"""Options of a command line in; what is to be collected, checked, out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from flaneur.errors import UsageError

if TYPE_CHECKING:
    from flaneur.area import Area
    from flaneur.collect.order import Errand, Order
    from flaneur.protocols import Source, Wish
    from flaneur.types import City, Location

_SPOTS = 32
_DATE = re.compile(r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?")


def order_of(source: Source, name: str, words: dict[str, Any]) -> Order:
    """What is to be collected.

    Args:
        source: the provider's module.
        name: of the source.
        words: the options by name.

    Raises:
        UsageError: they do not go together, or a city's name means none or several.
    """
    from flaneur.area import Points, read_area
    from flaneur.collect.order import Errand, Order

    if not words["cities"] or words["count"] is None:
        raise UsageError(f"Say which city and how many places: flaneur collect {name} --city Lisbon --count 500")
    given = None if words["area"] is None else read_area(words["area"])
    if given is not None and len(words["cities"]) > 1:
        raise UsageError("--area is of one city. Collect one city at a time; with the same --name they add up.")
    errands = [Errand(*_place(city, given), words["count"], words["tries"] or 0) for city in words["cities"]]
    _check_once(errands)
    return Order(
        name,
        source,
        tuple(errands),
        wish_of(words),
        sampling=words["sampling"] or ("positions" if isinstance(given, Points) else "uniform"),
        cell_resolution=words["cell_resolution"],
        radius_m=words["radius_m"] or 0.0,
        min_distance_m=words["min_distance_m"],
    )


def wish_of(words: dict[str, Any]) -> Wish:
    """What is wished for of each place.

    Raises:
        UsageError: a date is none, or an option has no value.
    """
    from flaneur.protocols import Wish

    for flag in ("since", "until"):
        if words[flag] and not _DATE.fullmatch(words[flag]):
            raise UsageError(f"--{flag} {words[flag]!r} is no date. Write it like 2018, 2018-07 or 2018-07-31.")
    if words["since"] and words["until"] and words["since"] > words["until"]:
        raise UsageError(f"--since {words['since']} comes after --until {words['until']}; nothing lies between.")
    names = ("views", "fov_deg", "size_px", "since", "until", "panoramas", "seed")
    return Wish(**{name: words[name] for name in names}, options=_options(words["options"]))


def _options(pairs: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not key or not equals:
            raise UsageError(f"--option {pair!r}: write it like --option NAME=VALUE.")
        found[key] = value
    return found


def _place(name: str, given: Area | None) -> tuple[City, Area]:
    """The city of that name and where it lies."""
    from flaneur.area import area_of
    from flaneur.cities import find, search

    if given is not None:
        return _named(name, given), given
    city = find(name)
    population = next((place.population for place in search(city.slug) if place.city.slug == city.slug), 0)
    return city, area_of(city, population)


def _named(name: str, area: Area) -> City:
    """The city of that name in or near the area; one of the user's own if the gazetteer knows none.

    Raises:
        UsageError: those that it knows lie elsewhere: a wrong area would give every photo a wrong label.
    """
    from flaneur.cities import NEAR_KM, find, search
    from flaneur.types import City, slugify

    try:
        places = search(name)
    except UsageError:
        slug = slugify(name)
        if not slug:
            raise
        return City(slug, name)
    near = [place.city for place in places if place.city.centre is None or _km(area, place.city.centre) <= NEAR_KM]
    if not near:
        there = ", ".join(place.city.slug for place in places[:3])
        raise UsageError(
            f"--area is more than {NEAR_KM:g} km from {there}. Is it west,south,east,north? Another city of that name "
            "needs a name of its own, or a table in cities.toml."
        )
    return near[0] if len(near) == 1 else find(name)


def _km(area: Area, centre: Location) -> float:
    """About how far a place is from an area: from the nearest of a few spots in it."""
    import numpy as np

    from flaneur.area import Points, spots
    from flaneur.geo import distance_km

    sampling = "positions" if isinstance(area, Points) else "uniform"
    some = [(spot.lat, spot.lon) for spot in islice(spots(area, sampling=sampling, seed=0), _SPOTS)]
    return float(distance_km(np.array(some), np.array([[centre.lat, centre.lon]])).min())


def _check_once(errands: Sequence[Errand]) -> None:
    slugs = [errand.city.slug for errand in errands]
    for slug in slugs:
        if slugs.count(slug) > 1:
            raise UsageError(f"{slug} is named twice.")
