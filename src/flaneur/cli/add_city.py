"""``flaneur add-city``: a model, a name and a handful of photos in; a new model, and in words what it costs, out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from flaneur.cli.main import printable
from flaneur.errors import PhotoError, counted

if TYPE_CHECKING:
    from flaneur.add_city.cost import Cost
    from flaneur.add_city.run import AddedCity
    from flaneur.metrics import Interval

_FEW = 10
_HALF = 0.5  # of its own photos: what is found less often is no success


@click.command(epilog="Exit code 3: some photo could not be read; the city was taught from the others.")
@click.argument("model")
@click.argument("city")
@click.argument("photos", nargs=-1, required=True, type=click.Path())
@click.option("--name", default="", metavar="NEW", help="Of the new model: MODEL-CITY by default.")
@click.option("--centre", metavar="LAT,LON", help="The city's centre; by default the gazetteer's, where installed.")
@click.option(
    "--check", default="", metavar="DATASET", help="Also measure the cost on a dataset of the model's cities."
)
@click.option("--replace", is_flag=True, help="Write over a model of that name.")
@click.option("--even-so", is_flag=True, help="Teach it though its name or photos are like a city's that MODEL knows.")
@click.option("--json", "as_json", is_flag=True, help="Print what was measured as JSON.")
@click.pass_context
def add_city(ctx: click.Context, /, model: str, city: str, photos: Sequence[str], **options: Any) -> None:
    """Teach MODEL one more CITY from a handful of PHOTOS of it: files, or folders of files.

    MODEL stays as it is; a new one is written that knows the city, too, and how much worse it now names the others is
    measured. Photos should be of different places: ten teach more than three, and twenty more than ten.
    """
    from flaneur.add_city.run import add_city as teach
    from flaneur.cli.predict import expand
    from flaneur.cli.progress import stage_bars
    from flaneur.types import lat_lon

    centre = None if options["centre"] is None else lat_lon(options["centre"], "--centre")
    with stage_bars({"embed": "embedding"}) as told:
        added = teach(
            model, city, list(expand(photos)),
            out=options["name"], centre=centre, check=options["check"], replace=options["replace"],
            even_so=options["even_so"], progress=lambda done, total: told("embed", done, total),
        )  # fmt: skip
    for name, error in added.failed:
        message = str(error) if str(error).startswith(name) else f"{name}: {error}"
        click.echo(f"flaneur: {printable(message)}", err=True)
    measured = {**added.to_dict(), "path": str(added.bundle.path)}
    click.echo(json.dumps(measured, ensure_ascii=False) if options["as_json"] else "\n".join(words(added)))
    if added.failed:
        ctx.exit(PhotoError.exit_code)


def words(added: AddedCity) -> Iterator[str]:
    """What was measured, for people."""
    card, city, photos = added.bundle.card, added.city, counted(added.photos, "photo")
    copies = f" ({counted(added.repeated, 'copy')} left out)" if added.repeated else ""
    yield f"{card.name} knows {city.name} from {photos}{copies}, and {len(card.cities) - 1} more."
    for cost in added.costs:
        yield ""
        yield from _cost(cost, city.name)
    yield ""
    if added.costs[0].found.value < _HALF:
        yield f"! Fewer than half of its own photos were found: {city.name} is hardly learnt. Give more of them."
    if added.photos < _FEW:
        yield f"! {photos} are few: ten or twenty teach it better."
    yield "! Measured on single photos like those it was taught with; by another camera it may do worse."
    if city.centre is None:
        yield "! Its centre is not known, so maps leave it out. Say it with --centre LAT,LON."
    yield f"Saved: {added.bundle.path}"


def _cost(cost: Cost, name: str) -> Iterator[str]:
    yield f"On {cost.where} ({counted(cost.before.n, 'photo')}, {counted(cost.before.groups, 'place')}):"
    rows = []
    if cost.found.n:
        rows.append(
            (f"{name} found", f"{_share(cost.found)}, of {counted(cost.found.n, 'photo')} that it was not taught")
        )
    rows.append(("other cities right", f"{100 * cost.before.value:.1f} % before, {100 * cost.after.value:.1f} % now"))
    change = cost.difference
    rows.append(
        ("difference", f"{100 * change.value:+.1f} points ({100 * change.low:+.1f} to {100 * change.high:+.1f})")
    )
    rows.append(("of them abstained on", f"{_share(cost.abstained_before)} before, {_share(cost.abstained_after)} now"))
    for one in sorted(cost.cities, key=lambda one: -one.taken):
        if one.taken:
            rows.append((f"{one.city.name}", f"{name} now for {one.taken} of {counted(one.photos, 'photo')}"))
    width = max(len(what) for what, _ in rows)
    yield from (f"  {what:<{width}}  {told}" for what, told in rows)


def _share(share: Interval) -> str:
    return f"{100 * share.value:.0f} % ({100 * share.low:.0f} to {100 * share.high:.0f} %)"
