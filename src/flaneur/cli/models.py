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
@click.option("-o", "--output", type=click.Path(path_type=Path), help="The .onnx file to write.")
@click.option("--web", type=click.Path(path_type=Path), help="The folder to write a web page to, with the model in it.")
@click.option(
    "--runtime",
    type=click.Path(path_type=Path, exists=True),
    help="For --web: folder or .tgz of onnxruntime-web. Without it npm is asked.",
)
@click.option("--replace", is_flag=True, help="Write over a file, or a page, that is there.")
def export(model: str, output: Path | None, web: Path | None, runtime: Path | None, replace: bool) -> None:
    """Write MODEL as one .onnx file, or as a web page that needs no server.

    'flaneur predict --model FILE' reads the file. The page runs the model in the visitor's browser: put its folder on
    any host that hands out files.
    """
    if (output is None) == (web is None):
        raise UsageError("say either where the .onnx file goes (-o FILE) or where the web page goes (--web FOLDER).")
    if output is not None:
        if runtime is not None:
            raise UsageError("--runtime is for --web: an .onnx file needs none.")
        _export_file(model, output, replace)
    elif web is not None:
        _export_page(model, web, runtime, replace)


def _export_file(model: str, output: Path, replace: bool) -> None:
    from flaneur.bundle.folder import export_single, read_bundle

    if output.exists() and not replace:
        raise UsageError(f"{output}: is there already. Choose another name, or add --replace.")
    export_single(read_bundle(model), output)
    click.echo(str(output))


def _export_page(model: str, folder: Path, runtime: Path | None, replace: bool) -> None:
    from flaneur.predict import load
    from flaneur.web_export.folder import export_web
    from flaneur.web_export.runtime import read_runtime

    made = export_web(load(model), read_runtime(runtime), folder, replace=replace)
    click.echo(
        f"{made.folder}: {counted(made.files, 'file')}, {made.folder_bytes / 1e6:.1f} MB. A visitor loads "
        f"{made.visitor_bytes / 1e6:.1f} MB once ({made.packed_bytes / 1e6:.1f} MB where the host compresses)."
    )
    click.echo(f"Look at it: python -m http.server --bind 127.0.0.1 --directory {made.folder}", err=True)
