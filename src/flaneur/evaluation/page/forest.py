"""Numbers with names in; one row each with its intervals along a common axis (a forest plot), as SVG, out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape
from textwrap import wrap

from flaneur.evaluation.page.axes import LETTER, WIDTH, Axis, bottom_labels, picture, symbol
from flaneur.metrics import Interval

_LEFT, _RIGHT, _TOP = 10, 14, 6
_TEXT_LINE, _TRACK, _FOOT = 15, 21, 42
_NARROW = 7.0  # width of a letter of a name, on average, generously
MOST_ROWS = 40


@dataclass(frozen=True, slots=True)
class Mark:
    """One number in a row.

    Args:
        key: of its colour and shape.
        seen: the number.
        title: in words, shown when pointed at.
    """

    key: int
    seen: Interval
    title: str


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a forest plot.

    Args:
        name: what it is of.
        told: the number as text, at the right.
        marks: drawn one below the other.
        chance: a dotted tick, such as a blind guess's share or no change.
        loud: set in bold.
    """

    name: str
    told: str
    marks: tuple[Mark, ...]
    chance: float | None = None
    loud: bool = False


def forest(rows: Sequence[Row], axis: Axis, label: str, *, line_at: float | None = None) -> str:
    """The rows from top to bottom; at most :data:`MOST_ROWS` of them.

    Args:
        rows: in order.
        axis: that all share.
        label: what it shows, for those who cannot see it.
        line_at: a dotted tick in every row that has none of its own, such as no change.
    """
    drawn, y = [], float(_TOP)
    for row in rows[:MOST_ROWS]:
        text, height = _row(row if row.chance is not None else replace(row, chance=line_at), axis, y)
        drawn.append(text)
        y += height
    marks = "".join(drawn)
    grid = "".join(
        f'<line class="grid" x1="{_across(axis, value):.1f}" y1="{_TOP}" x2="{_across(axis, value):.1f}" y2="{y:.1f}"/>'
        for value, _ in axis.ticks
    )
    labels = bottom_labels(axis, lambda value: _across(axis, value), y)
    title = f'<text class="axis" x="{WIDTH / 2:.0f}" y="{y + 35:.1f}" text-anchor="middle">{escape(axis.title)}</text>'
    return picture(grid + marks + labels + title, y + _FOOT, label)


def _row(row: Row, axis: Axis, top: float) -> tuple[str, float]:
    room = WIDTH - _LEFT - _RIGHT - LETTER * (len(row.told) + 1)
    lines = wrap(row.name, max(12, int(room / (LETTER if row.loud else _NARROW)))) or [""]
    kind = ' class="row name loud"' if row.loud else ' class="row name"'
    made = [
        f'<text{kind} x="{_LEFT}" y="{top + _TEXT_LINE * (number + 1) - 3:.1f}">{escape(text)}</text>'
        for number, text in enumerate(lines)
    ]
    right, first = WIDTH - _RIGHT, top + _TEXT_LINE - 3
    made.append(f'<text class="row" x="{right}" y="{first:.1f}" text-anchor="end">{escape(row.told)}</text>')
    track = top + _TEXT_LINE * len(lines)
    height = _TRACK + 11 * max(0, len(row.marks) - 1)
    if row.chance is not None and math.isfinite(row.chance):
        x = _across(axis, row.chance)
        made.append(
            f'<line class="chance" x1="{x:.1f}" y1="{track + 2:.1f}" x2="{x:.1f}" y2="{track + height - 6:.1f}"/>'
        )
    made += [_mark(mark, axis, track + 8 + 11 * number) for number, mark in enumerate(row.marks)]
    return "".join(made), height + _TEXT_LINE * len(lines)


def _mark(mark: Mark, axis: Axis, y: float) -> str:
    seen, whisker = mark.seen, ""
    if not math.isfinite(seen.value):
        return ""
    if math.isfinite(seen.low) and math.isfinite(seen.high):
        whisker = (
            f'<line class="whisker key-{mark.key}" x1="{_across(axis, seen.low):.1f}" y1="{y:.1f}" '
            f'x2="{_across(axis, seen.high):.1f}" y2="{y:.1f}"/>'
        )
    return f"<g><title>{escape(mark.title)}</title>{whisker}{symbol(_across(axis, seen.value), y, mark.key)}</g>"


def _across(axis: Axis, value: float) -> float:
    return _LEFT + (WIDTH - _LEFT - _RIGHT) * axis.share(value)
