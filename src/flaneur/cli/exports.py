"""``flaneur dataset export`` and ``card``: a dataset in; what others can use, and what they must know, out."""

from __future__ import annotations

import json
from pathlib import Path

import click

from flaneur.cli.show import as_json_option
from flaneur.errors import InputError, UsageError, counted


@click.command(epilog="Example:  flaneur dataset export mine imagefolder mine-export")
@click.argument("name")
@click.argument("layout", metavar="FORMAT")
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--own", is_flag=True, help="Photos without a licence are yours to give away.")
@as_json_option
def export(name: str, layout: str, out: Path, own: bool, as_json: bool) -> None:
    """Write NAME for other tools: FORMAT is imagefolder, webdataset, geoparquet or geojson.

    Imported again from an imagefolder, it is the same dataset. No photo carries metadata. Only what the licences let
    you pass on is written.
    """
    from flaneur import discover
    from flaneur.cli.progress import bar
    from flaneur.dataset.passing_on import check_may_pass_on
    from flaneur.dataset.store import open_dataset

    exporter = discover.load("flaneur.exporters", layout)
    data = open_dataset(name)
    check_may_pass_on(data, own=own, pictures=exporter.PICTURES)
    with bar("export", len(data.photos)) as progress:
        exporter.write(data, out, progress)
    if as_json:
        facts = {"photos": len(data.photos), "format": layout, "path": str(out), "content_hash": data.content_hash}
        click.echo(json.dumps(facts))
        return
    click.echo(f"{out}: {counted(len(data.photos), 'photo')} of {data.name} as {layout}.")


@click.command(epilog="Example:  flaneur dataset card mine --folder mine-export --creator 'Ada Lovelace'")
@click.argument("name")
@click.option("--folder", type=click.Path(path_type=Path), help="An imagefolder it was exported to; NAME's own else.")
@click.option("--creator", default="", help="Who made the dataset.")
@click.option("--organisation", is_flag=True, help="The creator is an organisation, not a person.")
@click.option("--url", default="", help="Where it can be had.")
def card(name: str, folder: Path | None, creator: str, organisation: bool, url: str) -> None:
    """Write NAME's card: README.md and attribution.csv, whom to thank, and croissant.json for search engines."""
    from flaneur.dataset.card import FILES, write_card
    from flaneur.dataset.store import open_dataset

    if organisation and not creator:
        raise UsageError("--organisation says what the creator is: name it with --creator.")
    data = open_dataset(name)
    if folder is not None and not (folder / "metadata.csv").is_file():
        hint = f"Make one with: flaneur dataset export {name} imagefolder {folder}"
        raise InputError(f"{folder}: no imagefolder of this dataset. {hint}")
    write_card(data, folder or data.root, creator=creator, organisation=organisation, url=url)
    click.echo(f"{folder or data.root}: {', '.join(FILES)}.")
