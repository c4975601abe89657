"""``flaneur cities``: an expression in; the cities of the gazetteer that it can mean out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from flaneur.cli.main import printable

if TYPE_CHECKING:
    from flaneur.gazetteer import Place

_TOP = 20


@click.command()
@click.argument("expression", default="population>0")
@click.option("--top", type=click.IntRange(1), help="How many cities to list (20 for people, all with --json).")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def cities(expression: str, top: int | None, as_json: bool) -> None:
    """List the cities that EXPRESSION can mean; all of them by default.

    For example: Paris   |   "London, GB"   |   "Paris, Lisbon, Tokyo"   |   "europe population>500000"
    """
    from flaneur.cities import search
    from flaneur.gazetteer import ATTRIBUTION

    places = search(expression)
    shown = places[: top or (len(places) if as_json else _TOP)]
    if as_json:
        for place in shown:
            click.echo(json.dumps(_fields(place), ensure_ascii=False))
        return
    for line in _table(shown):
        click.echo(printable(line))
    if len(shown) < len(places):
        click.echo(f"... and {len(places) - len(shown)} more; --top {len(places)} lists them.")
    click.echo(f"Data: {ATTRIBUTION}; your own: cities.toml.", err=True)


def _fields(place: Place) -> dict[str, Any]:
    city, centre = place.city, place.city.centre
    return {
        "slug": city.slug, "name": city.name, "country": city.country, "population": place.population,
        "lat": None if centre is None else centre.lat, "lon": None if centre is None else centre.lon,
        "radius_km": city.radius_km, "own": place.own,
    }  # fmt: skip


def _table(places: list[Place]) -> list[str]:
    from flaneur.gazetteer import country_name

    rows = [("slug", "city", "country", "people")]
    for place in places:
        country = country_name(place.city.country) if place.city.country else "?"
        people = f"{place.population:,}" if place.population else "?"
        rows.append((place.city.slug, place.city.name, country, people))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return [
        f"{row[0]:<{widths[0]}}  {row[1]:<{widths[1]}}  {row[2]:<{widths[2]}}  {row[3]:>{widths[3]}}" for row in rows
    ]
