"""A name, or an expression such as ``europe population>500000``, in; the cities it means out, or the question which.

An expression is a list with commas. Each item is a city (``Paris``, ``london-gb``, ``London, GB``) or an area (a
continent or a country), and may be narrowed by ``population>N``, which can also stand alone. A name that is a city and
its own country is the city; ``country:singapore`` is the country.
"""

from __future__ import annotations

import difflib
import math
import operator
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from flaneur.errors import UsageError
from flaneur.gazetteer import Place, continents, countries, country_name, geonames_places, own_path, own_places
from flaneur.geo import distance_km
from flaneur.types import City, Location, slugify

CLEARLY_LARGER = 5
"""How many times more people the most populous city of a name must have for :func:`choose` to take it unasked."""

NEAR_KM = 50.0
"""How far a city's centre may lie from the gazetteer's for both to be one city."""

_COMPARISON = re.compile(r"population\s*(>=|<=|>|<)\s*(\d[\d_]*)(?![\w.])", flags=re.IGNORECASE)
_COMPARE: dict[str, Callable[[int, int], bool]] = {
    ">": operator.gt, "<": operator.lt, ">=": operator.ge, "<=": operator.le,
}  # fmt: skip
_EXAMPLES = "Write, for example, 'Paris, Lisbon, Tokyo' or 'europe population>500000'."
_LISTED, _HINTED_FROM, _ALIKE = 6, 100_000, 0.75


def located(city: City) -> City:
    """A city with its country and centre, from the gazetteer where it does not say them itself.

    Args:
        city: of a dataset, say. With a centre it is the place of that name within :data:`NEAR_KM`; without one the
            place of that name if it is the only one or clearly the largest. Otherwise it is given back as it is.

    >>> located(City("porto", "Porto")).country
    'PT'
    """
    if city.country and city.centre:
        return city
    try:
        places = [place for place in _named(city.name) if not city.country or place.city.country == city.country]
        if city.centre is not None:
            places = [place for place in places if _km(city.centre, place.city.centre) <= NEAR_KM]
        found = _settled(places, city.name, CLEARLY_LARGER).city if places else city
    except UsageError:
        return city
    return replace(city, country=city.country or found.country, centre=city.centre or found.centre)


def _km(one: Location, other: Location | None) -> float:
    if other is None:
        return math.inf
    return float(distance_km(np.array([[one.lat, one.lon]]), np.array([[other.lat, other.lon]]))[0])


@dataclass(frozen=True, slots=True)
class _Item:
    """One item of an expression, and every place it could mean."""

    text: str
    is_area: bool
    places: Sequence[Place]
    comparisons: tuple[tuple[str, int], ...]

    def narrowed(self) -> list[Place]:
        kept = [place for place in self.places if all(_COMPARE[by](place.population, n) for by, n in self.comparisons)]
        if not kept:
            told = " and ".join(f"population{by}{number}" for by, number in self.comparisons)
            raise UsageError(f"{self.text or 'The gazetteer'}: no city has {told or 'it'}. {_EXAMPLES}")
        return kept


def find(name: str) -> City:
    """The one city of that name.

    Args:
        name: a name (``Lisbon``), a slug (``london-gb``), or name and country (``London, GB``, ``London, Canada``).

    Raises:
        UsageError: there is none, with a suggestion, or there are several, which are listed.

    >>> find("London, Canada").slug
    'london-ca'
    >>> find("München").name
    'Munich'
    """
    first, _, second = (part.strip() for part in name.rpartition(","))
    code = _country(second) if first else None
    if not code:
        return _settled(_named(name), name, 0).city
    everywhere = _named(first)
    if not (found := _inside(everywhere, code)):
        raise UsageError(f"There is no {first!r} in {country_name(code)}. Known: {_listed(everywhere)}.")
    return _settled(found, name, CLEARLY_LARGER).city


def choose(expression: str) -> list[City]:
    """The cities that an expression means: names in their order, areas most populous first, each city once.

    Of several cities of one name, the most populous is taken if it is :data:`CLEARLY_LARGER` times the next.

    Raises:
        UsageError: an item means nothing, or several cities.

    >>> [city.slug for city in choose("Paris, Lisbon, Tokyo")]
    ['paris-fr', 'lisbon-pt', 'tokyo-jp']
    """
    found: dict[str, City] = {}
    for item in _items(expression):
        places = item.narrowed()
        chosen = places if item.is_area else [_settled(places, item.text, CLEARLY_LARGER)]
        found |= {place.city.slug: place.city for place in chosen}
    return list(found.values())


def search(expression: str) -> list[Place]:
    """Every place that an expression could mean: read as by :func:`choose`, but without asking which.

    Raises:
        UsageError: an item means nothing.
    """
    found = {place.city.slug: place for item in _items(expression) for place in item.narrowed()}
    return list(found.values())


def _items(expression: str) -> list[_Item]:
    items: list[_Item] = []
    for piece in filter(None, (part.strip() for part in expression.split(","))):
        comparisons = tuple((by, int(number)) for by, number in _COMPARISON.findall(piece))
        text = " ".join(_COMPARISON.sub(" ", piece).split())
        if re.search(r"[<>=]", text):
            raise UsageError(f"{piece!r} is not understood. {_EXAMPLES}")
        if items and not items[-1].is_area and (inside := _inside(items[-1].places, _country(text))):
            before = items.pop()  # "London, GB"
            items.append(_Item(f"{before.text}, {text}", False, inside, before.comparisons + comparisons))
        else:
            items.append(_item(text, comparisons))
    if not items:
        raise UsageError(f"No city is named. {_EXAMPLES}")
    return items


def _item(text: str, comparisons: tuple[tuple[str, int], ...]) -> _Item:
    if not text:
        return _Item(text, True, _all(), comparisons)
    if own := _own_named(text):
        return _Item(text, False, own, comparisons)
    continent, code = continents().get(slugify(text)), _country(text)
    if continent:
        return _Item(text, True, [place for place in _all() if place.continent == continent], comparisons)
    if code and not _named_like_its_country(text, code):
        return _Item(text, True, _inside(_all(), code), comparisons)
    return _Item(text, False, _named(text), comparisons)


def _country(text: str) -> str | None:
    return countries().get(slugify(text.removeprefix("country:")))


def _named_like_its_country(text: str, code: str) -> bool:
    """Whether it is a city of that country, too: Singapore, Luxembourg, Monaco."""
    return bool(_inside(_by_name().get(slugify(text), ()), code))


def _inside(places: Sequence[Place], code: str | None) -> list[Place]:
    return [place for place in places if place.city.country == code]


def _all() -> list[Place]:
    own = own_places()
    replaced = {place.city.slug for place in own}
    return [*own, *(place for place in geonames_places() if place.city.slug not in replaced)]


def _own_named(text: str) -> list[Place]:
    key = slugify(text)
    return [
        place
        for place in own_places()
        if key in (place.city.slug, slugify(place.city.name), *(slugify(alias) for alias in place.city.aliases))
    ]


def _named(text: str) -> list[Place]:
    """Places of that slug, name or other name; the user's own come before GeoNames'.

    Other names count beside names only for clearly larger cities: "Mexico" may be Mexico City as well as Mexico,
    Philippines, but "Porto" is not Bordeaux, which GeoNames also knows by that name.

    Raises:
        UsageError: none.
    """
    if own := _own_named(text):
        return own
    places, key, folded = geonames_places(), slugify(text), text.casefold()
    if exact := [place for place in places if place.city.slug == key]:
        return exact
    name, _, code = key.rpartition("-")
    if several := _inside(_by_name().get(name, ()), countries().get(code)):
        return several
    named = _by_name().get(key, [])
    largest = max((place.population for place in named), default=-1)
    others = [
        place
        for place in places
        if place.population >= CLEARLY_LARGER * largest
        and any(alias.casefold() == folded for alias in place.city.aliases)
    ]
    if not named and not others:
        raise UsageError(f"There is no city called {text!r}.{_hint(key)} Cities of your own go into {own_path()}.")
    return sorted([*named, *(place for place in others if place not in named)], key=lambda place: -place.population)


@cache
def _by_name() -> dict[str, list[Place]]:
    found: dict[str, list[Place]] = defaultdict(list)
    for place in geonames_places():
        found[slugify(place.city.name)].append(place)
    return dict(found)


def _hint(key: str) -> str:
    large = {name: places[0].city.name for name, places in _by_name().items() if places[0].population >= _HINTED_FROM}
    areas = {name: name.replace("-", " ").title() for name in continents()}
    areas |= {name: country_name(code) for name, code in countries().items() if len(name) > 3}
    close = difflib.get_close_matches(key, written := areas | large, n=1, cutoff=_ALIKE)
    return f" Did you mean {written[close[0]]!r}?" if close else ""


def _settled(places: Sequence[Place], name: str, clearly: int) -> Place:
    """The one place, or the first if it is ``clearly`` times larger than the next (0: never)."""
    first, *others = sorted(places, key=lambda place: -place.population)
    if not others or (clearly and first.population >= clearly * others[0].population):
        return first
    raise UsageError(f"{name!r} is the name of {len(places)} cities. Say which: {_listed([first, *others])}.")


def _listed(places: Sequence[Place]) -> str:
    more = f"; and {len(places) - _LISTED} more" if len(places) > _LISTED else ""
    return "; ".join(_told(place) for place in places[:_LISTED]) + more


def _told(place: Place) -> str:
    where = country_name(place.city.country) if place.city.country else "country unknown"
    return f"{place.city.slug} ({where}, {place.population:,} people)"
