"""``flaneur predict``: photos and folders in; one answer a photo, or one for all views of a place."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flaneur.cli.main import printable
from flaneur.errors import PhotoError, UsageError

if TYPE_CHECKING:
    from flaneur.predict import Answer
    from flaneur.types import Prediction

_HUMAN_TOP, _BAR_WIDTH, _MANY, _LISTED = 5, 24, 20, 3


@click.command(epilog="Exit code 3: some photo could not be read; the others are answered.")
@click.argument("photos", nargs=-1, required=True, type=click.Path())
@click.option("--views", is_flag=True, help="The photos show one place; fuse them into one answer.")
@click.option("--top", type=click.IntRange(1), help="How many cities to list (5 for people, all with --json).")
@click.option("--model", default="base", show_default=True, help="Name, folder or .onnx file of a model; or zero-shot.")
@click.option("--cities", help="Choose only among these, such as london,tokyo. With zero-shot, any cities at all.")
@click.option("--yes", is_flag=True, help="With --model zero-shot: fetch the network's weights without asking.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_context
def predict(ctx: click.Context, /, photos: Sequence[str], **options: Any) -> None:
    """Say which city PHOTOS were taken in: files, or folders of files."""
    from flaneur.predict import load

    name, chosen = _model_and_cities(options)
    model = load(name)
    paths = list(expand(photos))
    places = [(_named(photos), paths)] if options["views"] else [(path, [path]) for path in paths]
    show = _show_json if options["as_json"] else _show_text
    failures = 0
    for answer in _with_progress(model.predict_many(places, cities=chosen), len(places)):
        show(answer, options["top"])
        failures += len(answer.failed)
    if failures:
        ctx.exit(PhotoError.exit_code)


def _named(names: Sequence[str]) -> str:
    """What was asked about as it was asked, not photo by photo: a folder stays one name."""
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ", ".join(names[:_LISTED]) + more


def _model_and_cities(options: dict[str, Any]) -> tuple[str | Path, list[str] | None]:
    """Which model, and which of its cities to choose among."""
    if options["model"] == "zero-shot":
        from flaneur.cli.zero_shot import predicting

        return predicting(options["cities"], yes=options["yes"]), None
    if options["yes"]:
        raise UsageError("--yes has no effect without --model zero-shot.")
    if options["cities"] is None:
        return options["model"], None
    return options["model"], [slug.strip() for slug in options["cities"].split(",") if slug.strip()]


def expand(names: Iterable[str]) -> Iterator[str]:
    """Folders to the photos below them, sorted; hidden files and other kinds are passed over.

    Names of files are kept as they are: whether they can be read is found out later, photo by photo. A folder without
    photos is kept too, so that it is reported.
    """
    for name in names:
        found = _photos_below(name) if Path(name).is_dir() else iter([name])
        first = next(found, name)
        yield first
        yield from found


def _photos_below(folder: str) -> Iterator[str]:
    from flaneur.decode import is_photo_name

    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for path in (Path(parent) / name for name in sorted(files)):
            if is_photo_name(path):
                yield str(path)


def _with_progress(answers: Iterator[Answer[str]], count: int) -> Iterator[Answer[str]]:
    if count < _MANY or not sys.stderr.isatty():
        yield from answers
        return
    from tqdm import tqdm

    yield from tqdm(answers, total=count, unit="photo", file=sys.stderr, leave=False)


def _show_json(answer: Answer[str], top: int | None) -> None:
    for name, error in answer.failed:
        click.echo(json.dumps({"photo": name, "error": error.code, "message": printable(str(error))}))
    if answer.prediction is not None:
        click.echo(json.dumps(answer.prediction.to_dict(top)))


def _show_text(answer: Answer[str], top: int | None) -> None:
    for name, error in answer.failed:
        message = str(error) if str(error).startswith(name) else f"{name}: {error}"
        click.echo(f"flaneur: {printable(message)}", err=True)
    if answer.prediction is not None:
        prediction = replace(answer.prediction, photo=answer.key)
        click.echo(prediction_text(prediction, top or _HUMAN_TOP, unicode=_unicode()))


def _unicode() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "").startswith("utf")


def prediction_text(prediction: Prediction, top: int, *, unicode: bool = True) -> str:
    """A prediction for people.

    Args:
        prediction: what to tell.
        top: how many cities to list.
        unicode: whether block characters can be shown.
    """
    full, empty = ("█", "░") if unicode else ("#", ".")
    ranking = prediction.ranking[:top]
    best = ranking[0]
    views = f" ({prediction.views} views)" if prediction.views > 1 else ""
    title = (
        "none of the cities I know" if prediction.abstained else f"{best.city.name} ({100 * best.probability:.1f} %)"
    )
    lines = [f"{prediction.photo}{views}: {title}"]
    if prediction.abstained:
        lines.append(f"  {prediction.reason} If it had to be one of them:")
    width = max(len(score.city.name) for score in ranking)
    for score in ranking:
        filled = round(score.probability * _BAR_WIDTH)
        bar = full * filled + empty * (_BAR_WIDTH - filled)
        lines.append(f"  {score.city.name:<{width}}  {bar} {100 * score.probability:5.1f} %")
    if prediction.gps_in_file is not None:
        gps = prediction.gps_in_file
        lines.append(f"  GPS in the file: {gps.lat:.5f}, {gps.lon:.5f} (not used for the answer)")
    text = "\n".join(printable(line) for line in lines)
    return text if unicode else text.encode("ascii", "replace").decode()
