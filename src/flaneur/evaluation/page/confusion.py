"""Counts of truth and guess in; a matrix to zoom and sort, whose cells lead to photos, out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import NDArray

from flaneur.errors import counted
from flaneur.evaluation.phrases import percent, span
from flaneur.evaluation.report import Report
from flaneur.metrics import Interval
from flaneur.types import City

MANY = 25  # from here on the cells show shades, and numbers when they are zoomed
_LEAST_FULL = 0.1  # where no mistake is commoner, the darkest shade stands for this share
Cell = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Mistake:
    """A city taken for another.

    Args:
        truth: column of the true city.
        guess: column of the guess.
        count: photos.
        rate: share of the true city's photos.
    """

    truth: int
    guess: int
    count: int
    rate: Interval


def mistakes(report: Report, min_count: int = 1) -> list[Mistake]:
    """Every pair mixed up at least so often, the commonest first."""
    column = {city.slug: index for index, city in enumerate(report.known.cities)}
    side = len(column)
    found = [(column[truth], column[guess], count) for truth, guess, count in report.most_confused(min_count)]
    return [Mistake(row, guess, count, report.which.rates[row * side + guess]) for row, guess, count in found]


def cell_words(cities: Sequence[City], cell: Cell, rate: Interval) -> str:
    """What a cell says, in a sentence."""
    truth, guess = (cities[index].name for index in cell)
    what = f"{truth} recognised" if cell[0] == cell[1] else f"{truth} taken for {guess}"
    hits = round(rate.value * rate.n) if rate.n else 0  # a city of which there is no photo
    return f"{what}: {hits:,} of {counted(rate.n, 'photo')}, {percent(rate.value, 1)} ({span(rate, 1)})"


def confusion_table(
    cities: Sequence[City], counts: NDArray[np.int64], rates: Sequence[Interval], photos: Mapping[Cell, str]
) -> str:
    """Rows the truth, columns the guess; the shade is the share of the row.

    Args:
        cities: C of them.
        counts: ``[C, C]``.
        rates: ``C * C``, row by row.
        photos: the element with the photos of a cell, by row and column.
    """
    head = "".join(f'<th scope="col"><span>{escape(city.name)}</span></th>' for city in cities)
    alike, full = np.argsort(order_alike(counts)), _full_shade(rates, len(cities))
    lines = []
    for row, city in enumerate(cities):
        cells = "".join(
            _cell(cities, (row, column), rates[row * len(cities) + column], full, photos)
            for column in range(len(cities))
        )
        right = rates[row * len(cities) + row].value
        lines.append(
            f'<tr data-alike="{alike[row]}" data-right="{-1 if np.isnan(right) else right:.4f}">'
            f'<th scope="row">{escape(city.name)}</th>{cells}<td class="total">{int(counts[row].sum()):,}</td></tr>'
        )
    foot = "".join(f"<td>{int(column.sum()):,}</td>" for column in counts.T)
    totals = f'{foot}<td class="total">{int(counts.sum()):,}</td>'
    return (
        f'<table class="confusion"><thead><tr><th scope="col" class="corner">true city ↓ answer →</th>{head}'
        f'<th scope="col" class="total"><span>photos</span></th></tr></thead><tbody>{"".join(lines)}</tbody>'
        f'<tfoot><tr><th scope="row">answers</th>{totals}</tr></tfoot></table>'
    )


def _full_shade(rates: Sequence[Interval], side: int) -> float:
    """The share of mistakes that is drawn darkest."""
    wrong = [rate.value for index, rate in enumerate(rates) if index % (side + 1)]
    return float(np.nanmax([_LEAST_FULL, *wrong]))


def _cell(cities: Sequence[City], cell: Cell, rate: Interval, full: float, photos: Mapping[Cell, str]) -> str:
    count = 0 if np.isnan(rate.value) else round(rate.value * rate.n)
    if not count:
        return '<td class="nil"></td>'
    kind = "right" if cell[0] == cell[1] else "wrong"
    shade = rate.value if kind == "right" else (rate.value / full) ** 0.5  # mistakes are rare: let them be seen
    title = escape(cell_words(cities, cell, rate), quote=True)
    shown = f"<b>{count:,}</b> <small>{percent(rate.value)}</small>"
    if cell in photos:
        shown = f'<a href="#{photos[cell]}">{shown}</a>'
    return f'<td class="{kind}" style="--r:{shade:.3f}" title="{title}">{shown}</td>'


def order_alike(counts: NDArray[np.int64]) -> NDArray[np.intp]:
    """Cities in an order that puts those next to each other which are taken for one another.

    Args:
        counts: ``[C, C]``.

    Returns:
        ``[C]`` columns, sorted by the Fiedler vector of the graph of confusions, every city weighing alike (the
        normalised Laplacian).

    Source:
        J. E. Atkins, E. G. Boman, B. Hendrickson, "A spectral algorithm for seriation and the consecutive ones
        problem", *SIAM Journal on Computing* 28(1), 1998.

    >>> order_alike(np.array([[9, 0, 4, 0], [0, 9, 0, 3], [4, 0, 9, 1], [0, 3, 1, 9]])).tolist()
    [0, 2, 3, 1]
    """
    rates = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    near = rates + rates.T + 1e-3 / max(1, len(rates))  # one graph, even where nothing was mixed up
    np.fill_diagonal(near, 0)
    root = np.sqrt(near.sum(axis=1)) + 1e-12
    vectors = np.linalg.eigh(np.eye(len(rates)) - near / np.outer(root, root))[1]
    fiedler = (vectors[:, min(1, len(rates) - 1)] / root).round(9)
    order = np.argsort(fiedler, kind="stable")
    return order if not len(order) or order[0] <= order[-1] else order[::-1]
