"""``flaneur collect``: cities and a number in; their photos from a provider, lawfully, in a dataset out."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flaneur.cli.collect_words import Amount
from flaneur.errors import InputError, UsageError, counted, listed

if TYPE_CHECKING:
    from flaneur.collect.order import Order
    from flaneur.collect.run import Collected
    from flaneur.protocols import Source

_EXAMPLE = "Example:  flaneur collect mapillary --city Lisbon --city Porto --count 500 --name mine --dry-run"
_FINISHED = "All of it was there already; nobody was asked."


@click.command("collect", epilog=_EXAMPLE)
@click.argument("source")
@click.option("--city", "cities", multiple=True, metavar="NAME", help="Of the gazetteer or cities.toml; several times.")
@click.option("--count", type=click.IntRange(1), help="Places wanted of each city.")
@click.option("--name", help="Of the dataset; with a slash, a path.")
@click.option("--area", help="W,S,E,N in degrees, a GeoJSON file, or a CSV of positions; else a disc round the centre.")
@click.option("--sampling", type=click.Choice(["uniform", "grid", "positions"]), help="How spots are drawn (uniform).")
@click.option("--cells", "cell_resolution", type=click.IntRange(0, 15), help="H3 resolution of --sampling grid.")
@click.option(
    "--min-distance", "min_distance_m", type=Amount(0), default=0.0, metavar="M", help="Metres between places (0)."
)
@click.option(
    "--radius",
    "radius_m",
    type=Amount(0, 50_000, min_open=True),
    metavar="M",
    help="How far from a spot to look (by source).",
)
@click.option("--views", type=click.IntRange(1, 36), default=1, help="Pictures of a place, where any can be had (1).")
@click.option("--fov", "fov_deg", type=Amount(1, 170), default=90.0, help="Field of view of those (90).")
@click.option("--size", "size_px", type=click.IntRange(32, 4096), default=640, help="Longer side in pixels (640).")
@click.option("--since", default="", metavar="DATE", help="Leave out photos taken before, such as 2018-01-01.")
@click.option("--until", default="", metavar="DATE", help="Leave out photos taken after.")
@click.option(
    "--panoramas", type=click.Choice(["no", "only", "both"]), default="both", help="Whether to use them (both)."
)
@click.option("--seed", type=click.IntRange(0), default=0, help="Of every choice (0).")
@click.option("--budget", type=Amount(0), metavar="X", help="Most to spend on this dataset in all runs; holds on.")
@click.option("--tries", type=click.IntRange(1), help="Spots to look at in each city (30 for each place).")
@click.option("--option", "options", multiple=True, metavar="K=V", help="Of this source alone; several times.")
@click.option("--materialise", metavar="NAME", help="Fetch the pictures of NAME's recipes into your own cache.")
@click.option("--dry-run", is_flag=True, help="Say what it would take, and ask nobody.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of text.")
@click.pass_context
def collect_command(context: click.Context, /, source: str, as_json: bool, **words: Any) -> None:
    """Collect photos of cities from SOURCE; 'flaneur sources' lists them with what each needs.

    Interrupted, the same command goes on; a larger --count adds. What is finished asks for nothing.
    """
    from flaneur import discover
    from flaneur.cli.collect_pictures import check_alone, fetch_pictures
    from flaneur.cli.collect_words import check_extra

    check_extra()
    module: Any = discover.load("flaneur.sources", source)
    if words["materialise"] is not None:
        check_alone(context)
        fetch_pictures(module, source, words, as_json)
        return
    _collect(module, source, words, as_json)


def _collect(source: Source, name: str, words: dict[str, Any], as_json: bool) -> None:
    from flaneur.cli.collect_client import Opener, money_of, stoppable
    from flaneur.cli.collect_words import order_of
    from flaneur.collect.run import collect, standing
    from flaneur.settings import new_folder

    order = order_of(source, name, words)
    if words["dry_run"]:
        _show_plan(order, words["name"], words["budget"], as_json)
        return
    if not words["name"]:
        raise UsageError("Say what the dataset is to be called: --name NAME")
    root = new_folder("datasets", words["name"])
    before = standing(order, root, root.name)
    money = money_of(source, name, root, words["budget"])
    opener = Opener(source, name, root, money=money, new=not before.begun, places=sum(before.left.values()))
    with stoppable():
        found = collect(order, root, name=root.name, open_client=opener.client, progress=opener.progress)
    if as_json:
        click.echo(json.dumps({"dataset": str(root)} | asdict(found)))
    else:
        _show(found, opener.asked)
    if found.problem:
        raise InputError(found.problem)
    if not as_json:
        _show_end(source, name, root, words)


def _show(found: Collected, asked: bool) -> None:
    short = [city for city, wanted in found.wanted.items() if found.places[city] < wanted]
    if not asked:
        click.echo("All that can be had this way was tried before; nobody was asked now." if short else _FINISHED)
    for city, places in found.places.items():
        wanted, looked = found.wanted[city], counted(found.spots[city], "spot")
        had = f"{places:,} of {counted(wanted, 'place')}"
        if places > wanted:
            had = f"{counted(places, 'place')}, more than the {wanted:,} wanted now; none is taken away"
        click.echo(f"{city}: {had}, {looked} looked at")
    if found.refused:
        click.echo(f"passed over: {listed(found.refused)}")
    if short and not found.problem:
        click.echo(_advice(found, short), err=True)


def _advice(found: Collected, short: list[str]) -> str:
    if set(short) <= set(found.looked_through):
        return "No more was found there: all positions were looked at. A larger --radius needs another --name."
    return "No more was found there. --tries looks at more spots; a larger --radius needs another --name."


def _show_end(source: Source, name: str, root: Path, words: dict[str, Any]) -> None:
    from flaneur.cli.collect_client import money_of
    from flaneur.cli.main import printable

    money = money_of(source, name, root, words["budget"])
    if money.told:
        click.echo(money.told)
    then = f"flaneur dataset curate {words['name']}"
    if not source.TERMS.may_store:
        then = f"flaneur collect {name} --materialise {words['name']}"
    click.echo(printable(f"{root}. Next: {then}"))


def _show_plan(order: Order, name: str | None, budget: float | None, as_json: bool) -> None:
    from flaneur.cli.collect_client import money_of, warn_of_key
    from flaneur.cli.main import printable
    from flaneur.collect.plan import plan
    from flaneur.collect.run import standing
    from flaneur.settings import new_folder

    made, told = plan(order, budget), ""
    if name:
        root = new_folder("datasets", name)
        before, money = standing(order, root, root.name), money_of(order.source, order.name, root, budget)
        made = plan(order, money.budget, spent=money.spent, done=before.done, left=before.left)
        told = money.told
    if as_json:
        click.echo(json.dumps(made.to_dict()))
        return
    for line in filter(None, (*made.lines(), told)):
        click.echo(printable(line))
    warn_of_key(order.source, order.name)
