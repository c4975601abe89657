"""Numbers in; axes with round ticks, and lines, bands and points upon them as SVG, out. Every text is escaped."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape

from flaneur.metrics import Interval

WIDTH, HEIGHT = 340, 230
_RIGHT, _TOP, _BOTTOM = 16, 10, 42
LETTER = 7.6  # width of a digit at the labels' size, generously
_FEW_DECADES = 1.7  # within these, 2 and 5 are ticks beside 1
_WHOLE_TICKS = 8
MINUS = "−"


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis of a chart.

    Args:
        title: what it shows, with its unit.
        ticks: values with their labels, ascending.
        low: where it begins.
        high: where it ends.
        logarithmic: equal ratios are equally long; ``low`` is above zero.
    """

    title: str
    ticks: tuple[tuple[float, str], ...]
    low: float
    high: float
    logarithmic: bool = False

    def share(self, value: float) -> float:
        """How far along the axis a value lies, 0 to 1; beyond an end is at that end.

        >>> Axis("m", (), 1, 100, logarithmic=True).share(10), Axis("m", (), 0, 10).share(99)
        (0.5, 1.0)
        """
        ends = self.low, self.high, min(self.high, max(self.low, value))
        low, high, inside = map(math.log, ends) if self.logarithmic else ends
        return (inside - low) / (high - low) if high > low else 0.5


@dataclass(frozen=True, slots=True)
class Chart:
    """Where numbers lie in a picture, in its own units (pixels on a phone).

    Args:
        x: to the right.
        y: upwards.
    """

    x: Axis
    y: Axis

    @property
    def left(self) -> float:
        """Room for the labels of the upward axis."""
        return 10 + LETTER * max((len(label) for _, label in self.y.ticks), default=3)

    def across(self, value: float) -> float:
        """Pixels from the left."""
        return self.left + (WIDTH - _RIGHT - self.left) * self.x.share(value)

    def down(self, value: float) -> float:
        """Pixels from the top."""
        return _TOP + (HEIGHT - _TOP - _BOTTOM) * (1 - self.y.share(value))


def svg(chart: Chart, marks: str, label: str) -> str:
    """The picture: grid, labels, marks.

    Args:
        chart: its axes.
        marks: SVG, from :func:`line`, :func:`band` and their kin.
        label: what it shows, for those who cannot see it.
    """
    right, bottom = WIDTH - _RIGHT, HEIGHT - _BOTTOM
    made = []
    for value, name in chart.y.ticks:
        y = chart.down(value)
        made.append(f'<line class="grid" x1="{chart.left:.1f}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}"/>')
        made.append(f'<text x="{chart.left - 6:.1f}" y="{y + 4:.1f}" text-anchor="end">{escape(name)}</text>')
    made.append(bottom_labels(chart.x, chart.across, bottom))
    middle = (chart.left + right) / 2
    made.append(
        f'<text class="axis" x="{middle:.0f}" y="{HEIGHT - 6}" text-anchor="middle">{escape(chart.x.title)}</text>'
    )
    return picture("".join(made) + marks, HEIGHT, label)


def picture(content: str, height: float, label: str) -> str:
    """An SVG as wide as all others, with words for those who cannot see it."""
    words = escape(label, quote=True)
    return f'<svg viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-label="{words}">{content}</svg>'


def bottom_labels(axis: Axis, across: Callable[[float], float], bottom: float) -> str:
    """The tick labels below a chart; one that would touch its neighbour is left out, the ends stay inside."""
    made, free = [], -1.0
    for value, name in axis.ticks:
        half, at = LETTER * len(name) / 2, across(value)
        x = max(half, min(at, WIDTH - half))
        if x - half >= free:
            made.append(f'<text x="{x:.1f}" y="{bottom + 17:.1f}" text-anchor="middle">{escape(name)}</text>')
            made.append(f'<line class="grid" x1="{at:.1f}" y1="{bottom:.1f}" x2="{at:.1f}" y2="{bottom + 4:.1f}"/>')
            free = x + half + LETTER
    return "".join(made)


def line(chart: Chart, points: Iterable[tuple[float, float]], key: int) -> str:
    """A line through points, coloured and dashed by its key."""
    path = " ".join(f"{chart.across(x):.1f},{chart.down(y):.1f}" for x, y in points if math.isfinite(y))
    return f'<polyline class="key-{key}" points="{path}"/>'


def band(chart: Chart, points: Iterable[tuple[float, Interval]], key: int) -> str:
    """The intervals along a line as one shaded band."""
    known = [(chart.across(x), chart.down(seen.low), chart.down(seen.high)) for x, seen in points if _bounded(seen)]
    there = [f"{x:.1f},{high:.1f}" for x, _, high in known]
    back = [f"{x:.1f},{low:.1f}" for x, low, _ in reversed(known)]
    return f'<polygon class="band key-{key}" points="{" ".join(there + back)}"/>'


def whiskered(chart: Chart, x: float, seen: Interval, key: int, title: str) -> str:
    """A point with its interval as a whisker; nothing where the number is undefined."""
    if not math.isfinite(seen.value):
        return ""
    across, whisker = chart.across(x), ""
    if _bounded(seen):
        whisker = (
            f'<line class="whisker key-{key}" x1="{across:.1f}" y1="{chart.down(seen.low):.1f}" x2="{across:.1f}" '
            f'y2="{chart.down(seen.high):.1f}"/>'
        )
    return f"<g><title>{escape(title)}</title>{whisker}{symbol(across, chart.down(seen.value), key)}</g>"


def dot(chart: Chart, x: float, y: float, key: int, title: str) -> str:
    """A small point on a line."""
    mark = small_symbol(chart.across(x), chart.down(y), key)
    return f"<g><title>{escape(title)}</title>{mark}</g>"


def small_symbol(x: float, y: float, key: int) -> str:
    """A mark for a line with many points; the third key's is a ring, so that a point below it can be seen."""
    return f'<circle class="small key-{key}" cx="{x:.1f}" cy="{y:.1f}" r="{4.5 if key == 2 else 2.5}"/>'


def symbol(x: float, y: float, key: int) -> str:
    """A mark that tells its key by shape as well as by colour: square, disc, ring, diamond."""
    if key in (1, 2):
        return f'<circle class="key-{key}" cx="{x:.1f}" cy="{y:.1f}" r="4.5"/>'
    reach = 5.5 if key == 3 else 4
    turned = [(0, -reach), (reach, 0), (0, reach), (-reach, 0)]
    square = [(-reach, -reach), (reach, -reach), (reach, reach), (-reach, reach)]
    corners = " ".join(f"{x + dx:.1f},{y + dy:.1f}" for dx, dy in (turned if key == 3 else square))
    return f'<polygon class="key-{key}" points="{corners}"/>'


def reach(*seen: Interval) -> list[float]:
    """Every number that an axis of these must reach.

    >>> reach(Interval(0.5, 0.4, 0.6, 9, 9))
    [0.5, 0.4, 0.6]
    """
    return [number for one in seen for number in (one.value, one.low, one.high)]


def share_axis(title: str, values: Iterable[float], *, signed: bool = False) -> Axis:
    """An axis of shares in per cent, or of differences of shares in points.

    Args:
        title: what it shows.
        values: that must lie upon it; the undefined do not count.
        signed: differences: labels have a sign, and zero lies upon it.

    >>> [name for _, name in share_axis("", [0.61, 0.98]).ticks]
    ['60 %', '80 %', '100 %']
    >>> [name for _, name in share_axis("", [-0.3, 0.02], signed=True).ticks]
    ['−30', '−20', '−10', '0']
    """
    known = [100 * value for value in values if math.isfinite(value)] + ([0.0] if signed else [])
    low, high = min(known, default=0.0), max(known, default=100.0)
    ticks = nice_ticks(low, high, count=6 if signed else 4)
    if signed:
        edge = max(0.04 * (high - low), 0.5)
        low, high = low - edge, high + edge
        ticks = [tick for tick in ticks if low <= tick <= high]
        return Axis(title, tuple((tick / 100, _points(tick)) for tick in ticks), low / 100, high / 100)
    ticks = [tick for tick in ticks if 0 <= tick <= 100]
    named = tuple((tick / 100, f"{tick:g} %") for tick in ticks)
    return Axis(title, named, min(ticks[0], low) / 100, max(ticks[-1], high) / 100)


def number_axis(title: str, values: Iterable[float], *, whole: bool = False) -> Axis:
    """An axis of plain numbers.

    Args:
        title: what it shows, with its unit.
        values: that must lie upon it.
        whole: ticks are whole numbers, and the axis ends where the values do.

    >>> [name for _, name in number_axis("", [0.31, 0.88]).ticks]
    ['0.2', '0.4', '0.6', '0.8', '1.0']
    >>> [name for _, name in number_axis("", [2, 8], whole=True).ticks]
    ['2', '3', '4', '5', '6', '7', '8']
    """
    known = [value for value in values if math.isfinite(value)] or [0.0, 1.0]
    ticks = nice_ticks(min(known), max(known))
    if whole:
        step = max(1, math.ceil((max(known) - min(known)) / _WHOLE_TICKS))
        ticks = list(range(math.ceil(min(known)), math.floor(max(known)) + 1, step))
        return Axis(title, tuple((tick, f"{tick:,.0f}") for tick in ticks), min(known), max(known))
    decimals = max(0, math.ceil(-math.log10(ticks[1] - ticks[0]) - 1e-9))
    named = tuple((tick, f"{tick:.{decimals}f}") for tick in ticks)
    return Axis(title, named, min(*ticks, *known), max(*ticks, *known))


def log_axis(
    title: str,
    values: Iterable[float],
    name: Callable[[float], str] = "{:,g}".format,
    ticks: Sequence[float] = (),
) -> Axis:
    """An axis where equal ratios are equally long.

    Args:
        title: what it shows, with its unit.
        values: above zero, that must lie upon it.
        name: label of a tick.
        ticks: at powers of ten unless told, with 2 and 5 between where there is room.

    >>> [name for _, name in log_axis("", [4.0, 120.0]).ticks]
    ['5', '10', '20', '50', '100']
    """
    known = [value for value in values if 0 < value < math.inf] or [1.0, 10.0]
    low, high = min(known), max(known)
    if low == high:
        low, high = low / 2, high * 2
    factors = (1, 2, 5) if math.log10(high / low) <= _FEW_DECADES else (1,)
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ticks = ticks or [float(f"{factor * 10.0**decade:.6g}") for decade in decades for factor in factors]
    return Axis(title, tuple((tick, name(tick)) for tick in ticks if low <= tick <= high), low, high, logarithmic=True)


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


def _points(value: float) -> str:
    return f"{MINUS if value < 0 else '+'}{abs(value):g}" if value else "0"


def _bounded(seen: Interval) -> bool:
    return all(math.isfinite(number) for number in (seen.value, seen.low, seen.high))
