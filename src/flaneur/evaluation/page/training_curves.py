"""What a model's card tells of its training in; a section of the report with loss, accuracy and learning rate out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 320, 210, 44, 10, 12, 34
_LETTER = 6.7  # width of a digit at the labels' size, generously
_PANELS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    ("Loss", (("loss", "training"), ("nll", "validation"))),
    ("Accuracy", (("train_accuracy", "training"), ("accuracy", "validation"), ("macro_recall", "macro recall"))),
    ("Learning rate", (("lr", "head"),)),
)
_RADIUS = (2.5, 2.5, 4.5)  # the third is a ring, so that a point below it can be seen
_TABLE = ("loss", "nll", "train_accuracy", "accuracy", "macro_recall", "lr")


@dataclass(frozen=True, slots=True)
class _Axes:
    """Where numbers lie in a panel."""

    first: float
    last: float
    low: float
    high: float
    left: float

    def x(self, epoch: float) -> float:
        return self.left + (_WIDTH - self.left - _RIGHT) * (epoch - self.first) / max(1e-12, self.last - self.first)

    def y(self, value: float) -> float:
        return _TOP + (_HEIGHT - _TOP - _BOTTOM) * (self.high - value) / max(1e-12, self.high - self.low)


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
    points = f"<details><summary>The points as a table</summary>{_table(rows)}</details>"
    return f'{title}<div class="curves">{panels}</div>{points}'


def _panel(name: str, lines: Sequence[tuple[str, str]], rows: Sequence[Mapping[str, Any]]) -> str:
    points = {
        label: [(float(row["epoch"]), float(row[key])) for row in rows if _number(row.get(key))] for key, label in lines
    }
    points = {label: found for label, found in points.items() if found}
    if not points:
        return ""
    every = [point for found in points.values() for point in found]
    values = [value for _, value in every]
    ticks = nice_ticks(min(values), max(values))
    labels = _labels(ticks)
    epochs = [epoch for epoch, _ in every]
    left = max(_LEFT, 8 + _LETTER * max(map(len, labels)))
    axes = _Axes(min(epochs), max(epochs), min(*ticks, *values), max(*ticks, *values), left)
    grid = _grid(axes, dict(zip(ticks, labels, strict=True)))
    drawn = "".join(_line(found, axes, number) for number, found in enumerate(points.values()))
    legend = "".join(f'<span class="key key-{number}">{escape(label)}</span>' for number, label in enumerate(points))
    words = f'role="img" aria-label="{name} by epoch; points in the table below"'
    return (
        f"<figure><figcaption>{name}<span>{legend}</span></figcaption>"
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" {words}>{grid}{drawn}</svg></figure>'
    )


def _labels(ticks: Sequence[float]) -> list[str]:
    """All with as many decimals as their step needs."""
    decimals = max(0, math.ceil(-math.log10(ticks[1] - ticks[0]) - 1e-9))
    return [f"{tick:.{decimals}f}" for tick in ticks]


def _grid(axes: _Axes, ticks: Mapping[float, str]) -> str:
    right, bottom = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
    made = [
        f'<line class="grid" x1="{axes.left:.1f}" y1="{axes.y(tick):.1f}" x2="{right}" y2="{axes.y(tick):.1f}"/>'
        f'<text x="{axes.left - 6:.1f}" y="{axes.y(tick) + 4:.1f}" text-anchor="end">{label}</text>'
        for tick, label in ticks.items()
    ]
    for epoch in sorted({axes.first, axes.last}):
        made.append(f'<text x="{axes.x(epoch):.1f}" y="{bottom + 15}" text-anchor="middle">{epoch:.0f}</text>')
    middle = (axes.left + right) / 2
    made.append(f'<text class="axis" x="{middle:.0f}" y="{_HEIGHT - 4}" text-anchor="middle">epoch</text>')
    return "".join(made)


def _line(points: Sequence[tuple[float, float]], axes: _Axes, number: int) -> str:
    places = [(axes.x(epoch), axes.y(value)) for epoch, value in points]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    dots = "".join(
        f'<circle class="key-{number}" cx="{x:.1f}" cy="{y:.1f}" r="{_RADIUS[number]}">'
        f"<title>epoch {epoch:.0f}: {value:.4g}</title></circle>"
        for (x, y), (epoch, value) in zip(places, points, strict=True)
    )
    return f'<polyline class="key-{number}" points="{path}"/>{dots}'


def _table(rows: Sequence[Mapping[str, Any]]) -> str:
    keys = [key for key in _TABLE if any(_number(row.get(key)) for row in rows)]
    head = "".join(f'<th scope="col" class="num">{key.replace("_", " ")}</th>' for key in ("epoch", *keys))
    lines = []
    for row in rows:
        cells = [f"{row[key]:.4g}" if _number(row.get(key)) else "" for key in keys]
        told = "".join(f'<td class="num">{cell}</td>' for cell in (f"{row['epoch']:.0f}", *cells))
        lines.append(f"<tr>{told}</tr>")
    return f'<table class="points"><thead><tr>{head}</tr></thead><tbody>{"".join(lines)}</tbody></table>'


def nice_ticks(low: float, high: float, count: int = 4) -> list[float]:
    """Round numbers that span a range.

    >>> nice_ticks(0.31, 0.88), nice_ticks(0.0, 3e-3)
    ([0.2, 0.4, 0.6, 0.8, 1.0], [0.0, 0.001, 0.002, 0.003])
    """
    span = max(high - low, 0.05 * abs(high), 1e-9)  # a single value gets room around it
    rough = span / max(1, count - 1)
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= rough * 0.999999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [float(f"{number * step:.12g}") for number in range(first, max(last, first + 1) + 1)]


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
