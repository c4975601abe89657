"""Numbers in; pieces of HTML and SVG out, every text escaped."""

from __future__ import annotations

from html import escape

import numpy as np

from flaneur.errors import counted
from flaneur.evaluation.measures.how_sure import HowSure
from flaneur.evaluation.phrases import percent, span
from flaneur.metrics import Interval

_SIDE, _LEFT, _TOP = 300, 46, 12  # the reliability diagram's square, and the room for its labels


def interval_bar(interval: Interval, mark: float | None = None) -> str:
    """A track from 0 to 100 % with the interval as a band and the value as a tick.

    Args:
        interval: in 0..1.
        mark: a baseline to show as a faint tick.
    """
    ends = f"--l:{100 * interval.low:.2f};--h:{100 * interval.high:.2f};--v:{100 * interval.value:.2f}"
    baseline = "" if mark is None else f'<i class="mark" style="--c:{100 * mark:.2f}"></i>'
    return (
        f'<span class="bar" style="{ends}" aria-hidden="true"><i class="band"></i>{baseline}<i class="tick"></i></span>'
    )


def behind(interval: Interval) -> str:
    """How much stands behind a number.

    >>> behind(Interval(0.5, 0.4, 0.6, 1200, 1))
    '1,200 photos, 1 place'
    """
    return f"{counted(interval.n, 'photo')}, {counted(interval.groups, 'place')}"


def number_row(label: str, hint: str, interval: Interval, mark: float | None = None) -> str:
    """One line of the key numbers: name, value, interval, what stands behind it."""
    return _row((label, hint), percent(interval.value, 1), span(interval, 1), interval, mark)


def ratio_row(label: str, hint: str, interval: Interval, mark: float | None = None) -> str:
    """The same for a number that is no share, such as an AUROC."""
    value, ends = f"{interval.value:.3f}", f"{interval.low:.3f} to {interval.high:.3f}"
    return _row((label, hint), value, ends, interval, mark)


def _row(names: tuple[str, str], value: str, ends: str, interval: Interval, mark: float | None) -> str:
    (label, hint), shown = names, f"{interval_bar(interval, mark)}<small>{ends} · {behind(interval)}</small>"
    if np.isnan(interval.value):
        value, shown = "–", "<small>not measured: no such photo here</small>"
    return (
        f'<tr><th scope="row">{escape(label)}<small>{escape(hint)}</small></th>'
        f'<td class="num"><strong>{value}</strong></td>'
        f'<td class="wide">{shown}</td></tr>'
    )


def barred_cell(name: str, interval: Interval, mark: float | None = None) -> str:
    """A table cell with value, bar and interval; ``name`` heads it where the page is narrow."""
    if np.isnan(interval.value):
        return f'<td class="barred none" data-name="{name}">not measured</td>'
    text = f"<strong>{percent(interval.value)}</strong> <small>{span(interval)}</small>"
    return (
        f'<td class="barred" data-name="{name}" data-v="{interval.value:.4f}">{text}{interval_bar(interval, mark)}</td>'
    )


def plain_cell(name: str, interval: Interval) -> str:
    """A table cell with value and interval only."""
    if np.isnan(interval.value):
        return f'<td class="num" data-name="{name}">–</td>'
    ends = f"<small>{span(interval)}</small>"
    return f'<td class="num" data-name="{name}" data-v="{interval.value:.4f}">{percent(interval.value)}{ends}</td>'


def count_cell(interval: Interval) -> str:
    """A table cell with the photos and places behind a row."""
    places = f"<small>{counted(interval.groups, 'place')}</small>" if interval.n else ""
    return f'<td class="num" data-name="photos" data-v="{interval.n}">{interval.n:,}{places}</td>'


def reliability_svg(sure: HowSure) -> str:
    """Stated probability against the share that was right, in bins of equal mass, with intervals."""
    ticks = "".join(_axis_tick(share) for share in (0, 0.25, 0.5, 0.75, 1))
    points = "".join(_bin_mark(mean, seen) for mean, seen in sure.bins)
    width, height = _LEFT + _SIDE + 14, _TOP + _SIDE + 44
    label = f"Reliability diagram: expected calibration error {percent(sure.ece.value, 1)}; points in the table below"
    middle = f"{_LEFT + _SIDE / 2:.0f}"
    x0, y0, x1, y1 = _LEFT, _TOP + _SIDE, _LEFT + _SIDE, _TOP
    return (
        f'<svg class="reliability" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(label, quote=True)}">'
        f'{ticks}<line class="ideal" x1="{x0}" y1="{y0}" x2="{x1}" y2="{y1}"/>'
        f'<rect class="frame" x="{_LEFT}" y="{_TOP}" width="{_SIDE}" height="{_SIDE}"/>{points}'
        f'<text class="axis" x="{middle}" y="{height - 6}" text-anchor="middle">probability it states</text>'
        f'<text class="axis" transform="translate(12 {_TOP + _SIDE / 2:.0f}) rotate(-90)" text-anchor="middle">'
        "share that is right</text></svg>"
    )


def _x(share: float) -> str:
    return f"{_LEFT + _SIDE * share:.1f}"


def _y(share: float) -> str:
    return f"{_TOP + _SIDE * (1 - share):.1f}"


def _axis_tick(share: float) -> str:
    x, y = _x(share), _y(share)
    return (
        f'<line class="grid" x1="{x}" y1="{_TOP}" x2="{x}" y2="{_TOP + _SIDE}"/>'
        f'<line class="grid" x1="{_LEFT}" y1="{y}" x2="{_LEFT + _SIDE}" y2="{y}"/>'
        f'<text x="{x}" y="{_TOP + _SIDE + 16}" text-anchor="middle">{100 * share:.0f}</text>'
        f'<text x="{_LEFT - 6}" y="{float(y) + 4:.1f}" text-anchor="end">{100 * share:.0f}</text>'
    )


def _bin_mark(mean: float, seen: Interval) -> str:
    x, right = _x(mean), f"{percent(seen.value, 1)} ({span(seen, 1)})"
    title = escape(f"states {percent(mean, 1)}, is right for {right}, {behind(seen)}")
    return (
        f"<g><title>{title}</title>"
        f'<line class="whisker" x1="{x}" y1="{_y(seen.low)}" x2="{x}" y2="{_y(seen.high)}"/>'
        f'<circle cx="{x}" cy="{_y(seen.value)}" r="4.5"/></g>'
    )


def reliability_table(sure: HowSure) -> str:
    """The diagram's points as a table, for those who cannot see it."""
    rows = "".join(
        f'<tr><td class="num">{percent(mean, 1)}</td><td class="num">{percent(seen.value, 1)}</td>'
        f'<td class="num">{span(seen)}</td><td class="num">{seen.n:,}</td></tr>'
        for mean, seen in sure.bins
    )
    head = "".join(
        f'<th scope="col" class="num">{name}</th>' for name in ("states", "is right", "95 % interval", "photos")
    )
    return f'<table class="points"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
