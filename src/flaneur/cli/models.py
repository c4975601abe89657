"""``flaneur models``, ``verify`` and ``export``: models in; a list, a check, one file out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from flaneur.errors import FlaneurError, InputError, IntegrityError, UsageError, counted


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def models(as_json: bool) -> None:
    """List the models on this computer: the bundled one, and those you trained."""
    from flaneur.bundle.folder import bundled_base, read_bundle
    from flaneur.settings import home

    folders = [bundled_base(), *sorted((home() / "models").glob("*"))]
    found = [folder for folder in folders if (folder / "card.json").is_file()]
    for folder in found:
        try:
            card = read_bundle(folder).card
        except FlaneurError as error:
            fields: dict[str, Any] = {"name": folder.name, "path": str(folder), "error": str(error)}
            line = f"{folder.name}: {error}"
        else:
            cities = [city.slug for city in card.cities]
            fields = {"name": folder.name, "path": str(folder), "version": card.version, "created": card.created}
            fields["cities"] = cities
            line = f"{folder.name}: {counted(len(cities), 'city')} ({', '.join(cities)}), made {card.created[:10]}"
        click.echo(json.dumps(fields) if as_json else line)
    if not found:
        raise InputError("There is no model yet. 'flaneur train --dataset NAME' makes one.")


@click.command()
@click.argument("model", default="base")
def verify(model: str) -> None:
    """Check that MODEL is whole and still gives the answers it gave when it was written."""
    from flaneur.bundle.folder import read_bundle, verify_bundle

    bundle = read_bundle(model)
    if problems := verify_bundle(bundle):
        raise IntegrityError(f"{bundle.path}: {'; '.join(problems)}. Get the model again.")
    card = bundle.card
    pictures, cities = counted(len(bundle.golden.pictures), "generated picture"), counted(len(card.cities), "city")
    click.echo(f"{card.name} {card.version}: whole. {pictures} gave the answers expected, for {cities}.")


@click.command()
@click.argument("model", default="base")
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="The .onnx file to write.")
@click.option("--replace", is_flag=True, help="Write over a file that is there.")
def export(model: str, output: Path, replace: bool) -> None:
    """Write MODEL as one .onnx file with its card inside; 'flaneur predict --model FILE' reads it."""
    from flaneur.bundle.folder import export_single, read_bundle

    if output.exists() and not replace:
        raise UsageError(f"{output}: is there already. Choose another name, or add --replace.")
    export_single(read_bundle(model), output)
    click.echo(str(output))
