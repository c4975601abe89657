"""``flaneur explain``: photos in; why the model takes them for a city, as a picture and in words or numbers, out."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flaneur import discover
from flaneur.cli.main import printable
from flaneur.cli.predict import expand
from flaneur.cli.progress import bar
from flaneur.errors import PhotoError, UsageError

if TYPE_CHECKING:
    from flaneur.explain.evidence import KnownPhotos
    from flaneur.explain.heatmap import Heatmap
    from flaneur.explain.target import FirstChoiceError
    from flaneur.predict import Model

_PICTURE = "-why.png"


@click.command(epilog="Exit code 3: some photo could not be explained; the others are.")
@click.argument("photos", nargs=-1, required=True, type=click.Path())
@click.option("--model", default="base", show_default=True, help="Name, folder or .onnx file of a model.")
@click.option("--city", help="Slug of the city to explain; the model's first choice by default.")
@click.option("--against", metavar="CITY", help="What speaks for the one rather than this one.")
@click.option("--method", help=f"How: {', '.join(discover.names('flaneur.explain.methods'))}.")
@click.option("--set", "settings", metavar="NAME=VALUE", multiple=True, help="A setting of the method.")
@click.option("--known", metavar="DATASET", help="Show the nearest photos of a dataset as evidence.")
@click.option("--no-check", is_flag=True, help="Do not measure how far to trust the map; less than half the time.")
@click.option("--output", "-o", type=click.Path(), help="Picture (.png, .jpg); a folder for several, or ending in /.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line; a picture only with -o.")
@click.pass_context
def explain(ctx: click.Context, /, photos: Sequence[str], **options: Any) -> None:
    """Show what in PHOTOS speaks for a city: a map over the photo, and how far to trust it.

    Writes a picture of each photo, NAME-why.png, into this folder or where -o says.
    """
    from flaneur.evaluation.write import report_folder
    from flaneur.explain.run import DEFAULT_METHOD
    from flaneur.predict import load

    paths = list(expand(photos))
    several = len(paths) > 1 or any(Path(photo).is_dir() for photo in photos)
    pictures = _pictures(paths, options["output"], several=several, as_json=options["as_json"])
    settings = read_settings(options["settings"])
    folder = None if pictures[0] is None else pictures[0].parent  # the same for all
    with nullcontext() if folder is None else report_folder(folder):
        model = load(options["model"])
        asked: dict[str, Any] = {name: options[name] for name in ("city", "against")}
        asked |= {"method": options["method"] or DEFAULT_METHOD, "settings": settings, "check": not options["no_check"]}
        if options["known"] is not None:
            asked["known"] = _known(model, options["known"])
        if _explain_all(model, zip(paths, pictures, strict=True), asked, as_json=options["as_json"]):
            ctx.exit(PhotoError.exit_code)


def _explain_all(
    model: Model, views: Iterable[tuple[str, Path | None]], asked: Mapping[str, Any], *, as_json: bool
) -> int:
    """Explain photo by photo; returns how many could not be."""
    from flaneur.explain.run import explain
    from flaneur.explain.target import FirstChoiceError

    failures = 0
    for path, picture in views:
        try:
            heatmap = explain(model, path, **asked)
        except (PhotoError, FirstChoiceError) as error:
            failures += 1
            _show_failure(path, error, as_json=as_json)
            continue
        if picture is not None:
            heatmap.save(picture)
        _show(heatmap, picture, as_json=as_json)
    return failures


def _pictures(paths: Sequence[str], out: str | None, *, several: bool, as_json: bool) -> list[Path | None]:
    """Where the picture of each photo goes; nowhere with ``--json`` alone. A folder's one photo may be one of several.

    Raises:
        UsageError: one file for several photos, an ending that is no picture's, or the photo itself.
    """
    from flaneur.explain.picture import KINDS, check_kind

    if out is None and as_json:
        return [None] * len(paths)
    output = Path(out or "")
    folder = out is None or out.endswith(("/", os.sep)) or output.is_dir()
    if not folder and (output.suffix or not several):
        check_kind(output)
        if len(paths) > 1:
            raise UsageError(f"-o {output}: one file for {len(paths)} photos. Name a folder.")
        made: list[Path | None] = [output]
    else:
        made = list(_named_after(paths, output))
    for path, picture in zip(paths, made, strict=True):
        if picture is not None and picture.exists() and Path(path).exists() and picture.samefile(path):
            raise UsageError(f"-o {picture} is the photo itself. Name another file, ending in {', '.join(KINDS)}.")
    return made


def _named_after(paths: Sequence[str], folder: Path) -> list[Path]:
    """One name a photo, numbered where two are called alike."""
    made: list[Path] = []
    for path in paths:
        stem = Path(path).stem
        picture, number = folder / f"{stem}{_PICTURE}", 1
        while picture in made:
            number += 1
            picture = folder / f"{stem}-{number}{_PICTURE}"
        made.append(picture)
    return made


def read_settings(said: Iterable[str]) -> dict[str, str]:
    """Settings' names and values as ``--set`` takes them.

    Raises:
        UsageError: no name, no value or no sign between them, or a name said twice.

    >>> read_settings(["total-variation=20"])
    {'total_variation': '20'}
    """
    settings: dict[str, str] = {}
    for words in said:
        name, equals, value = words.partition("=")
        if not (name and equals):
            raise UsageError(f"--set {words}: write NAME=VALUE, such as stride=0.5.")
        name = name.strip().replace("-", "_")
        if name in settings:
            raise UsageError(f"--set {words}: {name} is set already, to {settings[name]}. Say it once.")
        settings[name] = value.strip()
    return settings


def _known(model: Model, name: str) -> KnownPhotos:
    from flaneur.dataset.store import open_dataset
    from flaneur.explain.evidence import KnownPhotos

    dataset, told = open_dataset(name), 0
    with bar("embedding", len(dataset.photos)) as advance:

        def progress(done: int, _total: int) -> None:
            nonlocal told
            advance(done - told)
            told = done

        return KnownPhotos(model, dataset, progress)


def _show_failure(path: str, error: PhotoError | FirstChoiceError, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"photo": path, "error": error.code, "message": printable(str(error))}))
    else:
        message = str(error) if str(error).startswith(path) else f"{path}: {error}"
        click.echo(f"flaneur: {printable(message)}", err=True)


def _show(heatmap: Heatmap, picture: Path | None, *, as_json: bool) -> None:
    from flaneur.explain import words

    if as_json:
        click.echo(json.dumps(heatmap.to_dict() | {"picture": None if picture is None else str(picture)}))
        return
    told = words.trust(heatmap)
    lines = [f"{heatmap.prediction.photo}: {words.question(heatmap)}", f"  {words.answer(heatmap)}"]
    lines += [f"  {words.where(heatmap)}", *(f"  {sentence}" for sentence in words.caveats(heatmap))]
    lines.append(f"  {told.verdict}. {told.why}")
    if heatmap.evidence is not None:
        names = {score.city.slug: score.city.name for score in heatmap.prediction.ranking}
        lines.append(f"  {words.vote(heatmap.evidence, names)}")
        lines += [f"    {one.photo.id}: {', '.join(words.caption(one, names))}" for one in heatmap.evidence.known]
    lines.append(f"  Picture: {picture}")
    click.echo("\n".join(printable(line) for line in lines))
