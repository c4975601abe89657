"""A city in; what is said of it to a network that knows language, out."""

from __future__ import annotations

from typing import Literal

from flaneur.cities import located
from flaneur.errors import UsageError
from flaneur.gazetteer import country_name
from flaneur.types import City

Prompts = Literal["ensemble", "city-country", "city", "country"]
PROMPTS: tuple[Prompts, ...] = ("ensemble", "city-country", "city", "country")
TEMPLATES = (
    "a photo of {}.",
    "a street view photo of {}.",
    "a Google Street View image taken in {}.",
    "a photo taken from a car on a road in {}.",
    "a street in {}.",
    "houses and shops along a street in {}.",
    "a residential neighbourhood in {}.",
    "a city street in {}, with its buildings, signs and cars.",
)
"""What ``ensemble`` says of each place; averaging prompts is section 3.1.4 of Radford et al. 2021."""


def prompts_of(city: City, prompts: Prompts) -> tuple[str, ...]:
    """What is said of a city.

    Args:
        city: its country is looked up in the gazetteer if it says none; see :func:`flaneur.cities.located`.
        prompts: the three formats of Devabhaktuni et al. (``city-country``, ``city``, ``country``), or ``ensemble``:
            :data:`TEMPLATES` of city and country, or of the city alone where no country is known.

    Raises:
        UsageError: the country is needed and not known.

    >>> prompts_of(City("porto-pt", "Porto", "PT"), "city-country")
    ('Porto, Portugal',)
    """
    if prompts == "city":
        return (city.name,)
    country = city.country or located(city).country
    place = f"{city.name}, {country_name(country)}" if country else city.name
    if prompts == "ensemble":
        return tuple(template.format(place) for template in TEMPLATES)
    if not country:
        raise UsageError(
            f"{city.slug}: its country is not known, which prompts {prompts!r} name. Choose the prompts 'city', or "
            "give it a country in cities.toml."
        )
    return (country_name(country) if prompts == "country" else place,)
