"""``flaneur import``: photos in; a dataset out."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from flaneur.cli.show import as_json_option
from flaneur.errors import InputError, counted, listed


@click.command("import", epilog="Example:  flaneur import folder photos/ --name mine   (photos/<city>/…/*.jpg)")
@click.argument("layout")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--name", required=True, help="Of the dataset; with a slash, a path.")
@click.option("--only", metavar="GLOB", help="Only photos whose name below PATH matches, such as 'cities/*'.")
@as_json_option
def import_command(layout: str, path: Path, name: str, only: str | None, as_json: bool) -> None:
    """Copy the photos at PATH into a dataset. Yours are only read; metadata are left behind.

    LAYOUT is 'folder': a folder with one folder a city, or a CSV file with the columns file and city.
    Interrupted, the same command goes on. Again, it changes nothing.
    """
    from flaneur import discover
    from flaneur.cli.progress import bar
    from flaneur.dataset.store import import_photos, open_dataset
    from flaneur.settings import new_folder

    importer = discover.load("flaneur.importers", layout)
    root = new_folder("datasets", name)
    found = list(importer.find(path))
    with bar("import", len(found) if only is None else None) as progress:
        summary = import_photos(found, root, name=root.name, source=layout, only=only, progress=progress)
    dataset, listing = open_dataset(root), f"flaneur dataset info {name} --dropped"
    if not dataset.all_photos:
        raise InputError(f"{path}: no photo could be used ({listed(summary.dropped)}). See: {listing}")
    facts = asdict(summary) | {"dataset": str(root), "photos": len(dataset.all_photos), "cities": len(dataset.cities)}
    if as_json:
        click.echo(json.dumps(facts))
        return
    dropped = f", {listed(summary.dropped)} dropped (see: {listing})" if summary.dropped else ""
    click.echo(f"{counted(summary.imported, 'photo')} imported, {summary.unchanged:,} unchanged{dropped}.")
    whole = f"{counted(facts['photos'], 'photo')} of {counted(facts['cities'], 'city')}"
    click.echo(f"{root}: {whole}. Next: flaneur dataset curate {name}")
