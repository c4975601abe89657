"""``flaneur dataset``: what is in a dataset, what should not be, and whether it is whole."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import click

from flaneur.cli.exports import card, export
from flaneur.cli.show import as_json_option, table
from flaneur.cli.splits import audit, split_command
from flaneur.errors import InputError, IntegrityError, counted, listed

if TYPE_CHECKING:
    from flaneur.dataset.store import Dataset


@click.group()
def dataset() -> None:
    """Curate, split, audit and describe a dataset."""


dataset.add_command(split_command)
dataset.add_command(audit)
dataset.add_command(export)
dataset.add_command(card)


@dataset.command()
@click.argument("name")
@click.option("--dropped", is_flag=True, help="List the photos that are not used, each with its reason.")
@as_json_option
def info(name: str, dropped: bool, as_json: bool) -> None:
    """Say what is in the dataset NAME."""
    from flaneur.cli.main import printable
    from flaneur.dataset.store import open_dataset

    data = open_dataset(name)
    facts = _facts(data) | ({"dropped_photos": [asdict(row) for row in data.dropped]} if dropped else {})
    if as_json:
        click.echo(json.dumps(facts))
        return
    whole = f"{counted(facts['photos'], 'photo')} of {counted(len(facts['cities']), 'city')}"
    click.echo(f"{data.name}: {whole}, in {data.root}")
    table(("city", "photos", "places", "with position"), facts["cities"])
    click.echo(f"dropped: {listed(facts['dropped']) or 'none'}")
    for row in data.dropped if dropped else ():
        click.echo(printable(f"  {row.original}  {row.reason}: {row.detail.removeprefix(f'{row.original}: ')}"))
    click.echo(f"splits: {', '.join(facts['splits']) or 'none yet'}")
    click.echo(f"content: {facts['content_hash']}")


@dataset.command()
@click.argument("name")
@click.option("--near-duplicate", type=float, help="Correlation from which a photo is a repeat (0.97).")
@click.option("--look-alike", type=float, help="Correlation from which places stay together in a split (0.92).")
@as_json_option
def curate(name: str, near_duplicate: float | None, look_alike: float | None, as_json: bool) -> None:
    """Set aside blank, blurred and repeated photos of NAME, each with its reason. No file is deleted."""
    from flaneur.cli.progress import bar
    from flaneur.dataset.curate import CurationRule
    from flaneur.dataset.curate import curate as curate_dataset
    from flaneur.dataset.store import open_dataset

    data = open_dataset(name)
    usual = CurationRule()
    rule = replace(
        usual,
        near_duplicate=usual.near_duplicate if near_duplicate is None else near_duplicate,
        look_alike=usual.look_alike if look_alike is None else look_alike,
    )
    with bar("curate", len(data.all_photos)) as progress:
        summary = curate_dataset(data, rule, progress)
    if as_json:
        click.echo(json.dumps(asdict(summary)))
    if not summary.kept:
        told = f"no photo is left; dropped: {listed(summary.dropped)}"
        raise InputError(f"{data.name}: {told}. See: flaneur dataset info {name} --dropped")
    if as_json:
        return
    share = summary.kept / max(1, len(data.all_photos))
    click.echo(f"{counted(summary.kept, 'photo')} kept ({share:.1%}); dropped: {listed(summary.dropped) or 'none'}.")
    stay = f"places that look alike and so stay together: {counted(summary.ties, 'pair')}"
    click.echo(f"{stay}. Next: flaneur dataset split {name}")
    for conflict in summary.conflicts:
        click.echo(f"label conflict: {conflict}")


@dataset.command()
@click.argument("name")
@as_json_option
def verify(name: str, as_json: bool) -> None:
    """Compare each photo of NAME with its hash. Exits with 6 if any differs."""
    from flaneur.cli.progress import bar
    from flaneur.dataset.store import open_dataset, verify_dataset

    data = open_dataset(name)
    with bar("verify", len(data.all_photos)) as progress:
        problems = verify_dataset(data, progress)
    if as_json:
        click.echo(json.dumps({"photos": len(data.all_photos), "problems": problems}))
    else:
        for problem in problems:
            click.echo(problem)
    if problems:
        linked = any(data.is_linked(photo) for photo in data.all_photos)
        lost = counted(len(problems), "linked or stored photo" if linked else "stored photo")
        mend = "Import again, from where they are now." if linked else "Remove the changed files and import again."
        raise IntegrityError(f"{data.name}: changed or missing: {lost}. {mend}")
    if not as_json:
        click.echo(f"{data.name}: {counted(len(data.all_photos), 'photo')}, each what it was.")


def _facts(data: Dataset) -> dict[str, Any]:
    photos = Counter(photo.city for photo in data.photos)
    placed = Counter(photo.city for photo in data.photos if photo.location is not None)
    places = Counter(city for city, _ in {(photo.city, photo.place) for photo in data.photos})
    return {
        "name": data.name,
        "path": str(data.root),
        "photos": len(data.photos),
        "cities": {
            city: {"photos": photos[city], "places": places[city], "with position": placed[city]}
            for city in sorted(photos)
        },
        "dropped": dict(Counter(dropped.reason for dropped in data.dropped)),
        "splits": sorted(path.stem for path in (data.root / "splits").glob("*.json")),
        "content_hash": data.content_hash,
    }
