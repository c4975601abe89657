"""``flaneur import``: photos in; a dataset out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flaneur.cli.show import as_json_option
from flaneur.errors import InputError, counted, listed

if TYPE_CHECKING:
    from flaneur.dataset.merge import ImportSummary
    from flaneur.protocols import FoundPhoto


@click.command("import", epilog="Example:  flaneur import folder photos/ --name mine   (photos/<city>/…/*.jpg)")
@click.argument("layout")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--name", required=True, help="Of the dataset; with a slash, a path.")
@click.option("--only", metavar="GLOB", help="Only photos whose name below PATH matches, such as 'cities/*'.")
@click.option("--link", is_flag=True, help="Leave the photos where they are; the dataset names their files.")
@as_json_option
def import_command(layout: str, path: Path, as_json: bool, **how: Any) -> None:
    """Copy the photos at PATH into a dataset. Yours are only read; metadata are left behind.

    LAYOUT is folder (a folder with one folder a city, or a CSV file with the columns file and city), csv, imagefolder,
    gsv_cities, msls, osv5m, im2gps or place_pulse. PATH may be a zip or tar file, which is read where it is.
    Interrupted, the same command goes on. Again, it changes nothing.
    """
    from flaneur import discover
    from flaneur.dataset.tables import count_by_city
    from flaneur.settings import new_folder

    importer = discover.load("flaneur.importers", layout)
    root = new_folder("datasets", how["name"])
    summary = _import(importer.find(path), root, layout, how)
    cities, listing = count_by_city(root), f"flaneur dataset info {how['name']} --dropped"
    if not cities:
        raise InputError(f"{path}: no photo could be used ({listed(summary.dropped)}). See: {listing}")
    facts = asdict(summary) | {"dataset": str(root), "photos": cities.total(), "cities": len(cities)}
    if as_json:
        click.echo(json.dumps(facts))
        return
    dropped = f", {listed(summary.dropped)} dropped (see: {listing})" if summary.dropped else ""
    click.echo(f"{counted(summary.imported, 'photo')} imported, {summary.unchanged:,} unchanged{dropped}.")
    whole = f"{counted(cities.total(), 'photo')} of {counted(len(cities), 'city')}"
    click.echo(f"{root}: {whole}. Next: flaneur dataset curate {how['name']}")


def _import(found: Iterator[FoundPhoto], root: Path, layout: str, how: dict[str, Any]) -> ImportSummary:
    from flaneur.cli.progress import bar
    from flaneur.dataset.store import import_photos, link_photos

    take = link_photos if how["link"] else import_photos
    with bar("import") as progress:
        return take(found, root, name=root.name, source=layout, only=how["only"], progress=progress)
