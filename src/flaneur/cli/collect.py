"""``flaneur collect``: cities and a number in; their photos from a provider, lawfully, in a dataset out."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flaneur.errors import InputError, UsageError, counted, listed

if TYPE_CHECKING:
    from types import FrameType

    from flaneur.collect.order import Order
    from flaneur.collect.run import Collected
    from flaneur.net import Client
    from flaneur.protocols import Source

_EXAMPLE = "Example:  flaneur collect mapillary --city Lisbon --city Rome --count 500 --name mine --dry-run"


@click.command("collect", epilog=_EXAMPLE)
@click.argument("source")
@click.option("--city", "cities", multiple=True, metavar="NAME", help="Of the gazetteer or cities.toml; several times.")
@click.option("--count", type=click.IntRange(1), help="Places wanted of each city.")
@click.option("--name", help="Of the dataset; with a slash, a path.")
@click.option("--area", help="W,S,E,N in degrees, a GeoJSON file, or a CSV of positions; else a disc round the centre.")
@click.option("--sampling", type=click.Choice(["uniform", "grid", "positions"]), help="How spots are drawn (uniform).")
@click.option("--cells", "cell_resolution", type=click.IntRange(0, 15), help="H3 resolution of --sampling grid.")
@click.option("--min-distance", "min_distance_m", default=0.0, metavar="M", help="Metres between places (0).")
@click.option("--radius", "radius_m", type=float, metavar="M", help="How far from a spot to look (by source).")
@click.option("--views", type=click.IntRange(1, 36), default=1, help="Pictures of a place, where any can be had (1).")
@click.option("--fov", "fov_deg", type=click.FloatRange(1, 170), default=90.0, help="Field of view of those (90).")
@click.option("--size", "size_px", type=click.IntRange(32, 4096), default=640, help="Longer side in pixels (640).")
@click.option("--since", default="", metavar="DATE", help="Leave out photos taken before, such as 2018-01-01.")
@click.option("--until", default="", metavar="DATE", help="Leave out photos taken after.")
@click.option(
    "--panoramas", type=click.Choice(["no", "only", "both"]), default="both", help="Whether to use them (both)."
)
@click.option("--seed", default=0, help="Of every choice (0).")
@click.option("--budget", type=click.FloatRange(0), help="Most to spend on this dataset, in the provider's currency.")
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

    module: Any = discover.load("flaneur.sources", source)
    if words["materialise"] is not None:
        _check_alone(context)
        _materialise(module, source, words, as_json)
        return
    _collect(module, source, words, as_json)


def _collect(source: Source, name: str, words: dict[str, Any], as_json: bool) -> None:
    from flaneur.cli.collect_words import order_of
    from flaneur.cli.main import printable
    from flaneur.cli.progress import bar
    from flaneur.collect.run import collect, places_had
    from flaneur.settings import new_folder

    order = order_of(source, name, words)
    if words["dry_run"]:
        _show_plan(order, words["name"], words["budget"], as_json)
        return
    if not words["name"]:
        raise UsageError("Say what the dataset is to be called: --name NAME")
    root = new_folder("datasets", words["name"])
    opened = partial(_client, source, name, root, words["budget"])
    had = places_had(order, root)
    missing = sum(max(0, errand.count - had.get(errand.city.slug, 0)) for errand in order.errands)
    with _stoppable(), bar(f"collect {name}", missing) as progress:
        found = collect(order, root, name=root.name, open_client=opened, progress=progress)
    _show(found, root, as_json)
    if found.problem:
        raise InputError(found.problem)
    if not as_json:
        then = f"flaneur dataset curate {words['name']}"
        if not source.TERMS.may_store:
            then = f"flaneur collect {name} --materialise {words['name']}"
        click.echo(printable(f"{root}. Next: {then}"))


def _show(found: Collected, root: Path, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"dataset": str(root)} | asdict(found)))
        return
    for city, places in found.places.items():
        looked = counted(found.spots[city], "spot")
        click.echo(f"{city}: {places:,} of {counted(found.wanted[city], 'place')}, {looked} looked at")
    if found.refused:
        click.echo(f"passed over: {listed(found.refused)}")
    if any(found.places[city] < wanted for city, wanted in found.wanted.items()) and not found.problem:
        click.echo("No more was found there. --tries looks at more spots, --radius further from each.", err=True)


def _materialise(source: Source, name: str, words: dict[str, Any], as_json: bool) -> None:
    from flaneur.cli.progress import bar
    from flaneur.collect.materialise import materialise
    from flaneur.dataset.store import open_dataset

    dataset = open_dataset(words["materialise"])
    opened = partial(_client, source, name, dataset.root, words["budget"])
    with _stoppable(), bar(f"materialise {name}") as progress:
        found = materialise(source, name, dataset, opened, progress)
    if as_json:
        click.echo(json.dumps(asdict(found)))
    else:
        more = f", {found.refused:,} refused" if found.refused else ""
        changed = f", {found.changed:,} no longer what they were" if found.changed else ""
        click.echo(f"{counted(found.photos, 'picture')}{more}{changed}.")
    if found.later:
        raise InputError(f"{counted(found.later, 'place')} could not be had now. The same command goes on.")


def _show_plan(order: Order, name: str | None, budget: float | None, as_json: bool) -> None:
    from flaneur.cli.main import printable
    from flaneur.cli.sources import key_from
    from flaneur.collect.plan import plan
    from flaneur.collect.run import places_had
    from flaneur.settings import new_folder

    done = places_had(order, new_folder("datasets", name)) if name else {}
    made = plan(order, done=done, budget=budget)
    if as_json:
        click.echo(json.dumps(made.to_dict()))
        return
    for line in made.lines():
        click.echo(printable(line))
    key = order.source.KEY
    if key is not None and key.needed and key_from(key.variable) == "absent":
        click.echo(
            f"{key.variable} is needed, and absent: flaneur sources {order.name} says where to get it.", err=True
        )


def _check_alone(context: click.Context) -> None:
    """Refuse flags that have no effect beside --materialise: the recipes say it all."""
    from click.core import ParameterSource

    for parameter in context.command.params:
        given = context.get_parameter_source(parameter.name or "") is ParameterSource.COMMANDLINE
        if given and parameter.name not in ("source", "materialise", "budget", "as_json"):
            raise UsageError(f"{parameter.opts[0]} has no effect with --materialise: the dataset's recipes say it.")


@contextmanager
def _client(source: Source, name: str, root: Path, budget: float | None) -> Iterator[Client]:
    """The terms, then a client that abides by them."""
    from flaneur.collect.prices import price
    from flaneur.net import open_client

    if budget is not None and not getattr(source, "BILLED", None):
        raise UsageError(f"--budget has no effect here: {source.TERMS.provider} costs nothing.")
    for line in terms_lines(source):
        click.echo(line, err=True)
    opened: AbstractContextManager[Client] = open_client(
        name,
        key=source.KEY,
        limits=source.LIMITS,
        bases=source.BASES,
        budget=budget,
        price=price if getattr(source, "BILLED", None) else None,
        purpose=str(root.absolute()),
    )
    with opened as client:
        yield client


def terms_lines(source: Source) -> list[str]:
    """What is to be known before the first download."""
    terms = source.TERMS
    keep = "may be kept" if terms.may_store else "may not be kept: the dataset holds recipes, not pixels"
    return [
        f"{terms.provider}, terms read on {terms.read_on} ({terms.url}):",
        f"  licence: {terms.licence}; pictures {keep}",
        f"  credit: {terms.attribution}",
        f"  training: {terms.training}",
        *(f"  {note}" for note in terms.notes),
    ]


@contextmanager
def _stoppable() -> Iterator[None]:
    """Have a polite request to end (SIGTERM) do what Ctrl-C does, and say what then holds."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    in_charge = threading.current_thread() is threading.main_thread()  # no other may set a handler
    before = signal.signal(signal.SIGTERM, interrupt) if in_charge else None
    try:
        yield
    except KeyboardInterrupt:
        click.echo("flaneur: stopped. What was had is in the dataset; the same command goes on.", err=True)
        raise click.exceptions.Exit(130) from None
    finally:
        if in_charge:
            signal.signal(signal.SIGTERM, before)
