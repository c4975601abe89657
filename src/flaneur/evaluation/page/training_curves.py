"""What a model's card tells of its training in; a section of the report with loss, accuracy and learning rate out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from flaneur.evaluation.page.axes import Chart, dot, line, number_axis, svg
from flaneur.evaluation.page.section_parts import figure, lined, points_table

_PANELS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    ("Loss", (("loss", "training"), ("nll", "validation"))),
    ("Accuracy", (("train_accuracy", "training"), ("accuracy", "validation"), ("macro_recall", "macro recall"))),
    ("Learning rate", (("lr", "head"),)),
)
_TABLE = ("loss", "nll", "train_accuracy", "accuracy", "macro_recall", "lr")


def learning_section(training: Mapping[str, Any]) -> str:
    """The section, or nothing where the card has no log of epochs.

    Args:
        training: of the card; its ``log`` has a row an epoch, see :func:`flaneur.training.networks.loop.fit`.
    """
    log = training.get("log")
    rows = (
        [row for row in log if isinstance(row, Mapping) and _number(row.get("epoch"))] if isinstance(log, list) else []
    )
    if not rows:
        return ""
    members = list(dict.fromkeys(str(row.get("member", "")) for row in rows))
    shown = "".join(
        _network(member, [row for row in rows if str(row.get("member", "")) == member]) for member in members
    )
    hint = (
        "Each epoch as it was trained. Training figures are those of augmented photos, so they may well be worse than "
        "those of validation, which are of photos as they are."
    )
    return (
        f'<section aria-labelledby="learning"><h2 id="learning">How it learnt</h2><p class="hint">{hint}</p>'
        f"{shown}</section>"
    )


def _network(member: str, rows: Sequence[Mapping[str, Any]]) -> str:
    title = f"<h3>Network {escape(member)}</h3>" if member else ""
    panels = "".join(_panel(name, lines, rows) for name, lines in _PANELS)
    keys = [key for key in _TABLE if any(_number(row.get(key)) for row in rows)]
    heads = ("epoch", *(key.replace("_", " ") for key in keys))
    cells = [
        (f"{row['epoch']:.0f}", *(f"{row[key]:.4g}" if _number(row.get(key)) else "" for key in keys)) for row in rows
    ]
    table = points_table(f"The points {f'of network {member} ' if member else ''}as a table", heads, cells)
    return f'{title}<div class="charts small">{panels}</div>{table}'


def _panel(name: str, lines: Sequence[tuple[str, str]], rows: Sequence[Mapping[str, Any]]) -> str:
    points = {
        label: [(float(row["epoch"]), float(row[key])) for row in rows if _number(row.get(key))] for key, label in lines
    }
    points = {label: found for label, found in points.items() if found}
    if not points:
        return ""
    every = [point for found in points.values() for point in found]
    epochs = number_axis("epoch", [epoch for epoch, _ in every], whole=True)
    chart = Chart(epochs, number_axis(name, [value for _, value in every]))
    marks = "".join(_line(chart, found, key) for key, found in enumerate(points.values()))
    legend = [lined(key, label) for key, label in enumerate(points)]
    return figure(name, svg(chart, marks, f"{name} by epoch; points in the table below"), *legend)


def _line(chart: Chart, points: Sequence[tuple[float, float]], key: int) -> str:
    dots = "".join(dot(chart, epoch, value, key, f"epoch {epoch:.0f}: {value:.4g}") for epoch, value in points)
    return line(chart, points, key) + dots


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
