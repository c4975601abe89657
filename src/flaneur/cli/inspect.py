"""``flaneur inspect``: a model in; what its network reacts to, as pictures and in numbers, out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flaneur.cli.explain import read_settings
from flaneur.cli.main import printable
from flaneur.cli.progress import bar, stage_bars
from flaneur.errors import UsageError

if TYPE_CHECKING:
    from PIL import Image

_output = click.option(
    "--output", "-o", type=click.Path(path_type=Path, dir_okay=False), help="The picture (.png, .jpg)."
)
_as_json = click.option("--json", "as_json", is_flag=True, help="Print the numbers as JSON; a picture only with -o.")


@click.group()
def inspect() -> None:
    """Look inside a model: what its network reacts to. Most of it needs the extra 'train'."""


@inspect.command()
@click.argument("model")
@click.option("--city", help="Slug of the city to make pictures up for.")
@click.option("--against", metavar="CITY", help="For the one rather than this one.")
@click.option("--channel", type=click.IntRange(0), help="A channel to make pictures up for, from 0.")
@click.option("--layer", help="Its layer, by number or name; the last one by default.")
@click.option("--set", "settings", metavar="NAME=VALUE", multiple=True, help="A setting, such as steps=300.")
@_output
@_as_json
def dream(model: str, **options: Any) -> None:
    """Make up pictures that MODEL takes most surely for a city, or that a channel answers to most strongly."""
    from flaneur.explain.activation import dream_channel, dream_city
    from flaneur.predict import load

    city, channel = options["city"], options["channel"]
    if (city is None) == (channel is None):
        raise UsageError("name what to make pictures up for: --city CITY or --channel N, one of them.")
    unused = [name for name in (["layer"] if channel is None else ["against"]) if options[name] is not None]
    if unused:
        raise UsageError(
            f"--{unused[0]} says nothing beside --{'city' if channel is None else 'channel'}. Leave it out."
        )
    path = _path(options, f"dream-{city if channel is None else f'channel-{channel}'}.png")
    settings = read_settings(options["settings"])
    loaded = load(model)
    with bar("climbing", None, "step") as advance:

        def told(_done: int, _total: int) -> None:
            advance(1)

        if channel is None:
            made = dream_city(loaded, city, options["against"], settings, told)
        else:
            made = dream_channel(loaded, channel, options["layer"] or "feature_map", settings, told)
    values = ", ".join(f"{value:+.2f}" for value in made.values)
    line = f"{made.goal}: {values} ({made.unit}; plain grey {made.grey:+.2f})"
    _show(made.sheet, path, made.to_dict(), line, as_json=options["as_json"])


@inspect.command()
@click.argument("model")
@_output
@_as_json
def filters(model: str, **options: Any) -> None:
    """Show the first filters of MODEL, those that look at the photo itself."""
    from flaneur.explain.filters import filters_sheet, first_filters
    from flaneur.predict import load

    path, loaded = _path(options, "filters.png"), load(model)
    weights = first_filters(loaded)
    count, high, wide, _ = weights.shape
    told = {"model": loaded.name, "filters": count, "height": high, "width": wide}
    line = f"{loaded.name}: {count} filters of {high} x {wide} pixels"
    _show(lambda: filters_sheet(loaded), path, told, line, as_json=options["as_json"])


@inspect.command()
@click.argument("model")
@click.argument("photo", type=click.Path())
@click.option("--count", type=click.IntRange(1, 64), default=8, show_default=True, help="Channels a layer.")
@_output
@_as_json
def features(model: str, photo: str, count: int, **options: Any) -> None:
    """Show what the layers of MODEL hold for PHOTO, from the first to the last."""
    from flaneur.explain.filters import feature_maps
    from flaneur.predict import load

    path = _path(options, f"{Path(photo).stem}-features.png")
    if path is not None and path.exists() and Path(photo).exists() and path.samefile(photo):
        raise UsageError(f"-o {path} is the photo itself. Name another file.")
    found = feature_maps(load(model), photo)
    lines = [f"{number}. {layer}" for number, layer in enumerate(found.layers, start=1)]
    _show(lambda: found.sheet(count), path, found.to_dict(), "\n".join(lines), as_json=options["as_json"])


@inspect.command()
@click.argument("model")
@click.argument("dataset")
@click.option("--split", "part", default="test", show_default=True, metavar="[NAME/]PART", help="Or all photos.")
@click.option("--channel", "numbers", type=click.IntRange(0), multiple=True, help="From 0; one a city by default.")
@_output
@_as_json
def channels(model: str, dataset: str, part: str, numbers: tuple[int, ...], **options: Any) -> None:
    """Show the photos of DATASET, and the places in them, that excite channels of MODEL's last map. Needs no torch."""
    from flaneur.dataset.store import open_dataset
    from flaneur.explain.channels import exciting
    from flaneur.predict import load

    path = _path(options, "channels.png")
    with stage_bars({"embed": "looking"}) as progress:
        found = exciting(
            load(model), open_dataset(dataset), part, numbers, lambda done, all_: progress("embed", done, all_)
        )
    lines = [
        f"channel {one.number}{f', chosen for {one.city}' if one.city else ''}: "
        + ", ".join(f"{excited.photo.city} {excited.value:.2f}" for excited in one.strongest)
        for one in found.channels
    ]
    _show(found.sheet, path, found.to_dict(), "\n".join(lines), as_json=options["as_json"])


def _path(options: dict[str, Any], usual: str) -> Path | None:
    """Where the picture goes; nowhere with ``--json`` alone."""
    from flaneur.explain.picture import check_kind

    output: Path | None = options["output"]
    if output is None:
        return None if options["as_json"] else Path(usual)
    check_kind(output)
    return output


def _show(
    draw: Callable[[], Image.Image], path: Path | None, told: dict[str, Any], line: str, *, as_json: bool
) -> None:
    from flaneur.explain.picture import save_image

    if path is not None:
        save_image(draw(), path)
    if as_json:
        click.echo(json.dumps(told | {"picture": None if path is None else str(path)}))
        return
    click.echo("\n".join(printable(row) for row in line.splitlines()))
    click.echo(f"Picture: {path}")
