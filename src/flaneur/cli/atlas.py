"""``flaneur atlas``: a map of a dataset's photos as a model sees them, in one file that needs no server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flaneur.cli.progress import stage_bars
from flaneur.errors import UsageError

if TYPE_CHECKING:
    from flaneur.explain.atlas.atlas import Atlas

_STAGES = {"embed": "embedding", "layout": "laying out", "squares": "small pictures", "patches": "patches"}


@click.command()
@click.argument("model")
@click.argument("dataset")
@click.option("--out", "-o", type=click.Path(path_type=Path, dir_okay=False), help="The page to write: .html.")
@click.option("--split", "part", default="all", metavar="[NAME/]PART", help="test, validation, train, or all photos.")
@click.option("--method", "methods", metavar="MAP", multiple=True, help="tsne, pca, umap; tsne and pca by default.")
@click.option("--seed", default=0, show_default=True, help="Of what the maps draw.")
@click.option("--map-only", is_flag=True, help="Leave out everything but the map.")
@click.option("--no-photos", is_flag=True, help="Leave small pictures of the photos out of the page.")
@click.option("--figure", is_flag=True, help="Also write the map as PNG and SVG (needs the extra 'plots').")
@click.option("--colour", metavar="COLUMN", help="Of --figure only: city (if not given), verdict, guess, year ...")
@click.option("--json", "as_json", is_flag=True, help="Print the numbers as JSON.")
def atlas(model: str, dataset: str, **options: Any) -> None:
    """Draw a map of the photos of DATASET as MODEL sees them: what looks alike to it lies together.

    The page pans and zooms, shows the photos, colours them by city, source, date or mistake, finds, and lists what a
    lasso picks. It is one file and asks nobody for anything.
    """
    from flaneur.evaluation.comparison.contestants import plain
    from flaneur.evaluation.plots.figure import new_figure
    from flaneur.evaluation.write import report_folder
    from flaneur.explain.atlas.run import atlas as measure
    from flaneur.explain.atlas.write import to_dict, write_atlas, write_figure

    _check_colour(options)
    if options["figure"]:
        new_figure(1, 1)  # refuses here, and not after minutes, where matplotlib lacks
    path = options["out"] or Path(f"atlas-{plain(Path(model).stem)}-{plain(Path(dataset).stem)}.html")
    drawn: tuple[Path, ...] = ()
    methods = {"methods": list(options["methods"])} if options["methods"] else {}
    _check_page(path)
    with report_folder(path.parent), stage_bars(_STAGES) as progress:
        found = measure(
            model, dataset, options["part"],
            map_only=options["map_only"], progress=progress, seed=options["seed"], **methods,
        )  # fmt: skip
        if options["figure"]:
            drawn = write_figure(found, path, options["colour"] or "city")
        write_atlas(
            found, path, photos=not options["no_photos"], progress=lambda done, all_: progress("squares", done, all_)
        )
    click.echo(json.dumps(to_dict(found), ensure_ascii=False) if options["as_json"] else _text(found))
    click.echo(f"Atlas: {path}", err=True)
    if drawn:
        click.echo(f"Figure: {' and '.join(map(str, drawn))}", err=True)


def _check_colour(options: dict[str, Any]) -> None:
    from flaneur.explain.atlas.facts import check_colour

    if options["colour"] is None:
        return
    check_colour(options["colour"], map_only=options["map_only"])
    if not options["figure"]:
        raise UsageError(
            "--colour is for --figure only; the page has a menu of colours. Add --figure, or leave it out."
        )


def _check_page(path: Path) -> None:
    """Refuse a name that no browser would open as a page."""
    if path.suffix.lower() not in {".html", ".htm"}:
        raise UsageError(f"-o {path}: an atlas is a page. Give a name that ends in .html, such as atlas.html.")


def _text(found: Atlas) -> str:
    from flaneur.evaluation.phrases import percent, span
    from flaneur.explain.atlas.words import map_numbers

    lines = [f"{name}: {percent(number.value)} ({span(number)}), {hint}" for name, hint, number in map_numbers(found)]
    return "\n".join([*lines, *(f"! {text}" for text in found.not_measured.values())])
