"""``flaneur demo``: nothing in; the whole way from photos to a report on drawn cities out, told step by step."""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from flaneur.cli.main import run
from flaneur.errors import FlaneurError, UsageError

_MARK = "demo.json"
_UNKNOWN = "montclaire"  # drawn but not learnt: what does the model say of a city it never saw?
_KNOWN_GLOB, _UNKNOWN_GLOB = "[!m]*", "m*"


@dataclass(frozen=True, slots=True)
class Step:
    """One command of the demo.

    Args:
        why: for people.
        command: words after ``flaneur``.
        expected: exit codes that are no failure.
    """

    why: str
    command: tuple[str, ...]
    expected: tuple[int, ...] = (0,)


@click.command(epilog="Takes a minute or two; needs no photo, no network and no GPU.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("flaneur-demo"),
    show_default=True,
    help="Folder for everything that the demo makes.",
)
@click.option(
    "--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True, help="Another seed, other cities."
)
@click.pass_context
def demo(ctx: click.Context, /, out: Path, seed: int) -> None:
    """Show the whole way on toy cities: import, curate, split, train, evaluate, predict.

    The street scenes are DRAWN by a program, the cities are invented: the figures say that the way works, not how well
    flaneur knows real cities.
    """
    started = time.monotonic()
    photos = _draw(out, seed)
    with _home(out / "home"):
        for step in _steps(out, photos):
            code = _run(step)
            if code not in step.expected:
                click.echo("The demo stops here. The same command tries again.", err=True)
                ctx.exit(code)
    click.echo(
        f"\nDone in {time.monotonic() - started:.0f} s. Everything is in {out}; delete that folder and it is gone."
    )
    click.echo("Remember: drawn scenes of invented cities. Your own photos: flaneur import folder PHOTOS --name mine")
    click.echo(f"Now open  {(out / 'report' / 'report.html').resolve()}")


def _draw(out: Path, seed: int) -> Path:
    """Draw the world, once; returns the folder of photos."""
    from flaneur.dataset.toy_cities import ToyWorld, contact_sheet, draw_toy_cities
    from flaneur.files import read_json, write_json

    world = ToyWorld(seed=seed, cities=6, places_per_city=36, near_duplicates=10, blank=8, corrupt=6)
    marked = out / _MARK
    if marked.is_file():
        if read_json(marked) != {"seed": seed}:
            raise UsageError(f"{out}: holds a demo of another seed. Choose another folder with --out.")
    elif out.is_dir() and any(out.iterdir()):
        raise UsageError(f"{out}: not empty, and no demo. Choose another folder with --out.")
    write_json(marked, {"seed": seed})
    click.echo(
        click.style(
            "The street scenes of this demo are DRAWN; no camera was there, the cities are invented.", bold=True
        )
    )
    click.echo(
        f"\nDraw {world.cities} toy cities: {world.places_per_city} places each, {world.views} views a place; also some"
    )
    click.echo("near-duplicates, grey 'no imagery' tiles and broken files, as real folders hold them.")
    started = time.monotonic()
    table = draw_toy_cities(out / "photos", world)
    contact_sheet(table).save(out / "scenes.png")
    click.echo(f"  {table} and {out / 'scenes.png'}  ({time.monotonic() - started:.1f} s)")
    return table.parent


def _steps(out: Path, photos: Path) -> Iterator[Step]:
    """The commands, made one by one: the last ones name photos that the split chose."""
    table = str(photos / "photos.csv")
    yield Step(
        f"Import five cities from their table; {_UNKNOWN.title()} stays unknown for now.",
        ("import", "folder", table, "--name", "toy", "--only", _KNOWN_GLOB),
    )
    yield Step("Curate: set aside grey tiles and repeats, each with its reason.", ("dataset", "curate", "toy"))
    yield Step(
        "Split by place and distance, so that no test photo has a neighbour in training.", ("dataset", "split", "toy")
    )
    yield Step(
        "Train: embed each photo once, fit a head, calibrate it, learn when to say 'none of these'.",
        ("train", "--dataset", "toy", "--name", "toy"),
    )
    yield Step(
        "Audit the split; and how much better would a careless random split have looked?",
        ("dataset", "audit", "toy", "--encoder", "base"),
    )
    yield Step(
        f"Import {_UNKNOWN.title()}, the city that the model has never seen.",
        ("import", "folder", table, "--name", "elsewhere", "--only", _UNKNOWN_GLOB),
    )
    yield Step("Curate it as well.", ("dataset", "curate", "elsewhere"))
    yield Step(
        "Evaluate on the untouched test part, each number with its 95 % interval.",
        ("evaluate", "toy", "toy", "--unknown", "elsewhere", "--out", str(out / "report")),
    )
    views = _test_views(photos)
    yield Step(
        "Predict a place of the test part from its three views.", ("predict", "--model", "toy", "--views", *views)
    )
    stranger = str(photos / _UNKNOWN / "p000-0.jpg")
    yield Step(f"Predict a photo of {_UNKNOWN.title()}: a good model doubts.", ("predict", "--model", "toy", stranger))
    broken = str(next(iter(sorted(photos.glob("*/broken*.jpg")))))
    yield Step("Predict a broken file: one line, exit code 3.", ("predict", "--model", "toy", broken), (3,))


def _test_views(photos: Path) -> list[str]:
    from flaneur.dataset.store import open_dataset

    data = open_dataset("toy")
    chosen = set(data.split("default").ids("test"))
    test = [photo for photo in data.photos if photo.id in chosen and photo.original]
    views = [str(photos / photo.original) for photo in test if photo.original and photo.place == test[0].place]
    if not views:
        raise FlaneurError("The demo's split has no test photos; that should not happen. Please report it.")
    return sorted(views)


def _run(step: Step) -> int:
    click.echo(f"\n{click.style(step.why, bold=True)}\n$ {_shown(step.command)}")
    started = time.monotonic()
    code = run(step.command)
    click.echo(f"  ({time.monotonic() - started:.1f} s)")
    return code


def _shown(command: Sequence[str]) -> str:
    return shlex.join(["flaneur", *command])


@contextmanager
def _home(folder: Path) -> Iterator[None]:
    """Datasets and models go below the demo's folder, so that nothing is left elsewhere."""
    before = os.environ.get("FLANEUR_HOME")
    os.environ["FLANEUR_HOME"] = str(folder.resolve())
    click.echo(f"\nDatasets and models go to {folder}; to go on by hand:  export FLANEUR_HOME={folder.resolve()}")
    try:
        yield
    finally:
        if before is None:
            del os.environ["FLANEUR_HOME"]
        else:
            os.environ["FLANEUR_HOME"] = before
