"""``flaneur evaluate``: measure a model on a dataset, say the numbers, leave a report."""

from __future__ import annotations

import json
import sys
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from flaneur.evaluation.report import Report
    from flaneur.evaluation.run import What
    from flaneur.metrics import Interval


@click.command()
@click.argument("model")
@click.argument("dataset")
@click.option("--split", "part", default="test", metavar="[NAME/]PART", help="test, validation, train, or all photos.")
@click.option("--unknown", metavar="DATASET", help="Photos of cities the model does not know: can it tell?")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Folder for report.json and report.html.")
@click.option("--no-photos", is_flag=True, help="Leave example photos out of the page.")
@click.option("--record", is_flag=True, help="Keep the main numbers in the model's card and README.")
@click.option("--json", "as_json", is_flag=True, help="Print the whole report as JSON.")
def evaluate(model: str, dataset: str, **options: Any) -> None:
    """Measure MODEL on DATASET: how often right, how sure, and where not to trust it.

    Every number comes with a 95 % interval from resampling whole places. Writes report.html and report.json.
    """
    from flaneur.bundle.folder import read_bundle
    from flaneur.evaluation.keep import keep_in_card
    from flaneur.evaluation.record import to_json
    from flaneur.evaluation.run import What
    from flaneur.evaluation.write import write_report

    report = _measure(model, dataset, What.parse(options["part"]), options["unknown"])
    origin = report.origin
    folder = options["out"] or Path(f"report-{_plain(origin.model)}-{_plain(origin.dataset)}-{origin.part}")
    _, page = write_report(report, folder, photos=not options["no_photos"])
    if options["record"]:
        keep_in_card(report, read_bundle(model))
    click.echo(json.dumps(to_json(report), ensure_ascii=False) if options["as_json"] else _text(report))
    click.echo(f"Report: {page}", err=True)


def _measure(model: str, dataset: str, what: What, unknown: str | None) -> Report:
    from tqdm import tqdm

    from flaneur import predict
    from flaneur.dataset.store import open_dataset
    from flaneur.evaluation.run import evaluate as measure

    command = f"flaneur evaluate {model} {dataset} --split {what.split}/{what.part}"
    if what.part == "all":
        command = f"flaneur evaluate {model} {dataset} --split all"
    asked, data = predict.load(model), open_dataset(dataset)
    others = open_dataset(unknown) if unknown else None
    with tqdm(unit=" photos", desc="evaluate", file=sys.stderr, disable=None, leave=False) as bar:
        return measure(
            asked,
            data,
            what,
            unknown=others,
            command=f"{command} --unknown {unknown}" if unknown else command,
            progress=bar.update,
        )


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
