"""A country's code in; its continent out: GeoNames' assignment, shipped as a small table."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path


def continent_of(country: str) -> str:
    """Two letters of a country's continent: AF, AN, AS, EU, NA, OC or SA; empty where there is no such country.

    Args:
        country: ISO 3166 two-letter code, in capitals.

    Source:
        GeoNames (geonames.org, CC BY 4.0), which puts countries on two continents on one of them: Russia and Cyprus
        into Europe, Turkey, Georgia and Kazakhstan into Asia, Egypt into Africa.

    >>> continent_of("PT"), continent_of("PH"), continent_of("")
    ('EU', 'AS', '')
    """
    return _table().get(country, "")


@cache
def _table() -> dict[str, str]:
    text = Path(__file__).with_name("continents.toml").read_text("utf-8")
    return {country: code for code, entry in tomllib.loads(text).items() for country in entry["countries"].split()}
