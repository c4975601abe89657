"""``flaneur compare``: two models or more on the same photos; who is better, and may it be chance."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from flaneur.evaluation.comparison.compared import Compared, ModelNumbers
    from flaneur.metrics import Interval


@click.command()
@click.argument("systems", nargs=-1, required=True, metavar="A B [C...]")
@click.option("--dataset", metavar="DATASET", help="Whose photos; needed where a model or a table is named.")
@click.option("--split", "part", metavar="[NAME/]PART", help="Part of the dataset; test by default.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Folder for compare.json and .html.")
@click.option("--no-photos", is_flag=True, help="Leave example photos out of the page.")
@click.option("--json", "as_json", is_flag=True, help="Print the whole comparison as JSON.")
def compare(systems: tuple[str, ...], **options: Any) -> None:
    """Compare A, B and further ones on the photos that all of them answered.

    Each is the folder of a report, its predictions.parquet, a model (with --dataset), or a CSV, JSON-lines or Parquet
    table of another system with the columns photo and guess, perhaps probability (with --dataset).
    """
    from flaneur.dataset.passing_on import writing
    from flaneur.errors import UsageError
    from flaneur.evaluation.compare import compare as measure
    from flaneur.evaluation.compare import write_comparison
    from flaneur.evaluation.comparison.contestants import plain
    from flaneur.evaluation.comparison.record import to_json
    from flaneur.evaluation.write import report_folder

    folder = options["out"] or Path("compare-" + "-".join(plain(Path(name).stem) for name in systems))
    dataset, part = options["dataset"], options["part"]
    if part and not dataset:
        raise UsageError("--split says which part of a dataset models are asked about: add --dataset DATASET.")
    with report_folder(folder), _bar() as progress:
        found = measure(*systems, dataset=dataset, split=part or "test", progress=progress, keep=folder)
    found = replace(found, command=_command(systems, dataset, part))
    with writing(folder):
        _, page = write_comparison(found, folder, photos=not options["no_photos"])
    click.echo(json.dumps(to_json(found), ensure_ascii=False) if options["as_json"] else _text(found))
    click.echo(f"Comparison: {page}", err=True)


@contextmanager
def _bar() -> Iterator[Callable[[str, int, int], None]]:
    from tqdm import tqdm

    with tqdm(unit=" photos", file=sys.stderr, disable=None, leave=False) as bar:

        def progress(name: str, done: int, count: int) -> None:
            bar.set_description(name, refresh=False)
            bar.total = count
            bar.update(done - bar.n)

        yield progress


def _command(systems: tuple[str, ...], dataset: str | None, part: str | None) -> str:
    flags = {"--dataset": dataset, "--split": part}
    return " ".join(["flaneur compare", *systems, *(f"{flag} {value}" for flag, value in flags.items() if value)])


def _text(found: Compared) -> str:
    from flaneur.evaluation.comparison.words import cautions, summary

    width = max(len("model"), *(len(name) for name in found.names))
    lines = [f"{'model':<{width}}  accuracy  macro recall  top 3    ECE  log loss  answered"]
    lines += [_row(model, width) for model in found.models]
    lines += ["", *(f"+ {text}" for text in summary(found)), *(f"! {text}" for text in cautions(found))]
    return "\n".join(lines)


def _row(model: ModelNumbers, width: int) -> str:
    cells = [
        f"{_cell(model.accuracy):>8}",
        f"{_cell(model.macro_recall):>12}",
        f"{_cell(model.top_3):>5}",
        f"{_cell(model.ece):>5}",
        f"{_cell(model.nll):>8}",
        f"{_cell(model.coverage):>8}",
    ]
    return "  ".join([f"{model.name:<{width}}", *cells])


def _cell(number: Interval | None) -> str:
    return "–" if number is None else f"{number.value:.3f}"
