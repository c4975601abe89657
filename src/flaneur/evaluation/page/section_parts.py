"""Texts and numbers in; the parts that every further section of the page is made of, as HTML, out."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from html import escape

from flaneur.evaluation.page.axes import small_symbol, symbol
from flaneur.evaluation.page.figures import behind
from flaneur.evaluation.phrases import percent, signed, span
from flaneur.metrics import Interval

_NUM = ' class="num"'


def section(key: str, title: str, hint: str, *parts: str) -> str:
    """One section of the page.

    Args:
        key: its anchor.
        title: its heading, plain text.
        hint: a plain sentence or two below it.
        parts: HTML, escaped already.
    """
    heading = f'<h2 id="{key}">{escape(title)}</h2><p class="hint">{escape(hint)}</p>'
    return f'<section aria-labelledby="{key}">{heading}{"".join(parts)}</section>'


def side_by_side(*parts: str) -> str:
    """Charts and tables beside one another where there is room, the empty ones left out."""
    return f'<div class="charts">{"".join(f"<div>{part}</div>" for part in parts if part)}</div>'


def flowing(*parts: str) -> str:
    """Charts of unequal height in one column or in two."""
    return f'<div class="flowing">{"".join(f"<div>{part}</div>" for part in parts if part)}</div>'


def figure(title: str, picture: str, *legend: str) -> str:
    """A chart with its title and the meaning of its marks.

    Args:
        title: what goes upwards, or what the rows are.
        picture: SVG.
        legend: from :func:`pointed`, :func:`lined` and :func:`dotted`.
    """
    keys = f'<span class="keys">{"".join(legend)}</span>' if legend else ""
    return f'<figure class="chart"><figcaption>{escape(title)}{keys}</figcaption>{picture}</figure>'


def pointed(key: int, name: str) -> str:
    """The meaning of a mark."""
    return _legend(symbol(10, 6, key), name)


def lined(key: int, name: str) -> str:
    """The meaning of a line with small points upon it."""
    return _legend(f'<line class="key-{key}" x1="1" y1="6" x2="19" y2="6"/>{small_symbol(10, 6, key)}', name)


def dotted(name: str) -> str:
    """The meaning of a dotted line."""
    return _legend('<line class="level" x1="1" y1="6" x2="19" y2="6"/>', name)


def dashed(name: str) -> str:
    """The meaning of the fifth key's dashed line."""
    return _legend('<line class="key-5" x1="1" y1="6" x2="19" y2="6"/>', name)


def _legend(mark: str, name: str) -> str:
    swatch = f'<svg class="swatch" viewBox="0 0 20 12" aria-hidden="true">{mark}</svg>'
    return f'<span class="key">{swatch}{escape(name)}</span>'


def facts(*rows: str) -> str:
    """A table of headline numbers, from :func:`fact` or :func:`flaneur.evaluation.page.figures.number_row`."""
    return f'<table class="numbers stacked facts"><tbody>{"".join(rows)}</tbody></table>' if any(rows) else ""


def fact(label: str, hint: str, value: str, below: str = "") -> str:
    """One headline number that no bar can show.

    Args:
        label: its name.
        hint: what it means.
        value: as text.
        below: its interval and what stands behind it.
    """
    small = f'<td class="wide"><small>{escape(below)}</small></td>' if below else ""
    return (
        f'<tr><th scope="row">{escape(label)}<small>{escape(hint)}</small></th>'
        f'<td class="num"><strong>{escape(value)}</strong></td>{small}</tr>'
    )


def points_fact(label: str, hint: str, interval: Interval) -> str:
    """The same for a difference of shares, in points."""
    return fact(label, hint, signed(interval.value), ends(interval, signed))


def ends(interval: Interval, name: Callable[[float], str]) -> str:
    """An interval's ends and what stands behind it, of whatever kind the number is.

    Args:
        interval: of any number.
        name: tells one number.
    """
    if math.isnan(interval.low):
        return "not measured: no such photo here" if math.isnan(interval.value) else behind(interval)
    return f"{name(interval.low)} to {name(interval.high)} · {behind(interval)}"


def points_table(title: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """The numbers of a chart as a table that can be opened; the first column names the row.

    Args:
        title: what to click on.
        heads: of the columns.
        rows: cells as text.
    """
    head = "".join(
        f'<th scope="col"{"" if number == 0 else _NUM}>{escape(name)}</th>' for number, name in enumerate(heads)
    )
    body = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>{"".join(f"<td{_NUM}>{escape(cell)}</td>" for cell in row[1:])}</tr>'
        for row in rows
    )
    table = f'<table class="points"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    words = escape(title, quote=True)
    scroll = f'<div class="scroll" tabindex="0" role="region" aria-label="{words}">{table}</div>'
    return f"<details><summary>{escape(title)}</summary>{scroll}</details>"


def told(interval: Interval, digits: int = 0) -> str:
    """A share with its interval, short.

    >>> told(Interval(0.9, 0.87, 0.92, 100, 30))
    '90 % (87 to 92 %)'
    """
    if math.isnan(interval.value):
        return "not measured"
    ends = "" if math.isnan(interval.low) else f" ({span(interval, digits)})"
    return f"{percent(interval.value, digits)}{ends}"


def told_points(interval: Interval) -> str:
    """A difference of shares in percentage points, with its interval.

    >>> told_points(Interval(-0.123, -0.2, 0.01, 100, 30))
    '−12.3 (−20.0 to +1.0)'
    """
    if math.isnan(interval.value):
        return "not measured"
    ends = f" ({signed(interval.low)} to {signed(interval.high)})" if math.isfinite(interval.low) else ""
    return f"{signed(interval.value)}{ends}"


def kilometres(distance_km: float) -> str:
    """A distance with as many digits as mean something; undefined is a dash.

    >>> kilometres(0.183), kilometres(7.54), kilometres(1283.4), kilometres(math.nan)
    ('180 m', '7.5 km', '1,283 km', '–')
    """
    if math.isnan(distance_km):
        return "–"
    if distance_km < 1:
        return f"{round(1000 * distance_km, -1):.0f} m"
    return f"{distance_km:.2g} km" if distance_km < 10 else f"{distance_km:,.0f} km"


def share_cells(interval: Interval) -> tuple[str, str, str, str]:
    """Value, interval, photos and places of a share, as cells of a table."""
    return percent(interval.value, 1), span(interval, 1), f"{interval.n:,}", f"{interval.groups:,}"


def full(interval: Interval) -> str:
    """A share with its interval and what stands behind it, for a tooltip."""
    return f"{told(interval, 1)}, {behind(interval)}"
