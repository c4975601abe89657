"""``flaneur evaluate``: measure a model on a dataset, say the numbers, leave a report."""

from __future__ import annotations

import json
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flaneur.cli.progress import stage_bars

if TYPE_CHECKING:
    from flaneur.evaluation.report import Report
    from flaneur.metrics import Interval

_STAGES = {
    "photos": "asking the model",
    "shortcuts": "altering photos",
    "embed": "embedding",
    "head": "fitting heads",
    "cross": "crossing",
    "curve": "learning curve",
    "probe": "probing for the source",
    "left_out": "leaving cities out",
}
_ASKED = ("full", "shortcuts", "cross", "leave_one_out", "learning_curve", "random_split", "slices")


@click.command()
@click.argument("model")
@click.argument("dataset")
@click.option("--split", "part", default="test", metavar="[NAME/]PART", help="test, validation, train, or all photos.")
@click.option("--unknown", metavar="DATASET", help="Photos of cities the model does not know: can it tell?")
@click.option("--slice", "slices", metavar="COLUMN", multiple=True, help="Accuracy by a column of the dataset as well.")
@click.option("--full", is_flag=True, help="All of the five that follow; takes minutes.")
@click.option("--shortcuts", is_flag=True, help="What it leans on besides the city: photos are altered.")
@click.option("--cross", metavar="COLUMN", default="", help="Learn from one project, year, … and test on another.")
@click.option("--leave-one-out", is_flag=True, help="Each city in turn as an unknown one.")
@click.option("--learning-curve", is_flag=True, help="How many photos, and what more cities cost.")
@click.option("--random-split", is_flag=True, help="What a random split would have claimed.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Folder for the report's files.")
@click.option("--figures", is_flag=True, help="Also write figures for a paper, PNG and SVG (needs the extra 'plots').")
@click.option("--tables", is_flag=True, help="Also write LaTeX tables and a model card in Markdown.")
@click.option("--no-photos", is_flag=True, help="Leave example photos out of the page and the figures.")
@click.option("--record", is_flag=True, help="Keep the main numbers in the model's card and README.")
@click.option("--json", "as_json", is_flag=True, help="Print the whole report as JSON.")
def evaluate(model: str, dataset: str, **options: Any) -> None:
    """Measure MODEL on DATASET: how often right, how sure, and where not to trust it.

    Every number comes with a 95 % interval from resampling whole places. Writes report.html, report.json and
    predictions.parquet. What the answers alone can tell is measured always; trials that take minutes, on request.
    """
    from flaneur.bundle.folder import read_bundle
    from flaneur.evaluation.api import evaluate as measure
    from flaneur.evaluation.keep import keep_in_card
    from flaneur.evaluation.plots.figure import new_figure
    from flaneur.evaluation.record import to_json
    from flaneur.evaluation.write import report_folder
    from flaneur.game.beside_report import with_people

    if options["figures"]:
        new_figure(1, 1)  # refuses here, and not after minutes, where matplotlib lacks
    asked = {name: options[name] for name in _ASKED}
    with report_folder(options["out"] or Path()):
        with stage_bars(_STAGES) as progress:
            report = measure(model, dataset, options["part"], unknown=options["unknown"], progress=progress, **asked)
        report = with_people(report)
        page = _write(report, options)
    if options["record"]:
        keep_in_card(report, read_bundle(model))
    click.echo(json.dumps(to_json(report), ensure_ascii=False) if options["as_json"] else _text(report))
    click.echo(f"Report: {page}", err=True)


def _write(report: Report, options: dict[str, Any]) -> Path:
    """Write what was asked for; returns the page."""
    from flaneur.dataset.passing_on import writing
    from flaneur.evaluation.write import write_figures, write_report, write_tables

    origin, photos = report.origin, not options["no_photos"]
    folder = options["out"] or Path(f"report-{_plain(origin.model)}-{_plain(origin.dataset)}-{origin.part}")
    with writing(folder):
        _, page = write_report(report, folder, photos=photos)
        if options["figures"]:
            write_figures(report, folder, photos=photos)
        if options["tables"]:
            write_tables(report, folder)
    return page


def _text(report: Report) -> str:
    from flaneur.evaluation.words import cautions, fusion_rows, summary

    which, sure = report.which, report.sure
    lines = [_line("accuracy", which.accuracy), _line("macro recall", which.macro_recall), _line("top 3", which.top_3)]
    if report.all_groups is not None:
        lines.append(_line("within project", report.all_groups.within))
    if report.views is not None:
        lines.append(_line("one view", report.views.single))
        for name, own, accuracy in fusion_rows(report.views):
            lines.append(f"{_line('views fused' if own else '  otherwise', accuracy)}: {name}")
    lines += [
        _line("ECE", sure.ece),
        _line("answered", sure.coverage),
        _line("right if answered", sure.accuracy_answered, "it answered none of these photos"),
    ]
    if report.novelty is not None:
        lines.append(_line("novelty AUROC", report.novelty.auroc))
    width = max(len(row.city.slug) for row in which.per_city)
    lines += ["", f"{'city':<{width}}  recall  precision     F1  photos"]
    for row in which.per_city:
        cells = f"{_cell(row.recall):>6}  {_cell(row.precision):>9}  {_cell(row.f1):>5}"
        lines.append(f"{row.city.slug:<{width}}  {cells}  {row.recall.n:>6}")
    lines += ["", *(f"+ {text}" for text in summary(report)), *(f"! {text}" for text in cautions(report))]
    return "\n".join(lines)


def _line(name: str, interval: Interval, why: str = "no photo to measure it on") -> str:
    from flaneur.evaluation.page.figures import behind

    if isnan(interval.value):
        return f"{name:<18} not measured: {why}"
    ends = f"{interval.low:.3f} to {interval.high:.3f}"
    return f"{name:<18} {interval.value:.3f}  ({ends}; {behind(interval)})"


def _cell(interval: Interval) -> str:
    return "–" if isnan(interval.value) else f"{interval.value:.3f}"


def _plain(name: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in name)
