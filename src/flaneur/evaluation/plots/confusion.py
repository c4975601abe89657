"""A report in; its confusion matrix as a figure out: rows the truth, columns the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from flaneur.evaluation.plots.figure import DARK, INK, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from flaneur.evaluation.report import Report
    from flaneur.metrics import Floats

_NUMBERED = 20  # with more cities than these, numbers in the cells cannot be read
_NAMED = 60  # nor names beside the rows, with more than these


def confusion_figure(report: Report, *, counts: bool = False) -> Figure:
    """The confusion matrix.

    Args:
        report: from :func:`flaneur.evaluate`.
        counts: write photos into the cells instead of per cent of the row. The shade is always the share of the row.

    Raises:
        UsageError: matplotlib is not installed.
    """
    matrix = report.which.confusion
    rows = matrix.sum(axis=1, keepdims=True)
    shares = np.divide(matrix, rows, out=np.zeros(matrix.shape), where=rows > 0)
    names = [city.name for city in report.known.cities]
    side = min(12.0, 2.2 + 0.42 * len(names))
    figure = new_figure(side + 0.7, side)
    axes = figure.add_subplot()
    shade = axes.imshow(shares, vmin=0, vmax=1, cmap="GnBu")
    _name(axes, names)
    if len(names) <= _NUMBERED:
        _number(axes, shares, matrix if counts else np.rint(100 * shares).astype(np.int64))
    bar = figure.colorbar(shade, ax=axes, shrink=0.6, pad=0.02)
    bar.set_label("share of the row", fontsize=8)
    bar.ax.tick_params(labelsize=7)
    bar.outline.set_visible(False)
    return figure


def _name(axes: Axes, names: list[str]) -> None:
    axes.set_xlabel("answer", fontsize=9, color=INK)
    axes.set_ylabel("truth", fontsize=9, color=INK)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    if len(names) > _NAMED:
        axes.set_xticks([])
        axes.set_yticks([])
        return
    size = 8 if len(names) <= _NUMBERED else 5
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right", rotation_mode="anchor", fontsize=size)
    axes.set_yticks(range(len(names)), names, fontsize=size)


def _number(axes: Axes, shares: Floats, numbers: NDArray[np.int64]) -> None:
    for (row, column), number in np.ndenumerate(numbers):
        if number:
            colour = "white" if shares[row, column] > DARK else INK
            axes.text(column, row, f"{number:,}", ha="center", va="center", fontsize=7, color=colour)
