"""Heads that learnt from one group and were tested on another in; the matrix of their accuracies out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from flaneur.evaluation.plots.figure import DARK, FAINT, INK, new_figure
from flaneur.evaluation.trials.cross import Cross

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def cross_figure(found: Cross) -> Figure:
    """Rows what was learnt from, columns what was tested on; the number of cities to choose among below each.

    Args:
        found: of a report.
    """
    shares = np.full((len(found.rows), len(found.groups)), np.nan)
    figure = new_figure(2.2 + 1.0 * len(found.groups), 1.6 + 0.5 * len(found.rows))
    axes = figure.add_subplot()
    for (row, group), cell in found.cells.items():
        down, along = found.rows.index(row), found.groups.index(group)
        if cell.accuracy is None:
            axes.text(along, down, "–", ha="center", va="center", fontsize=8, color=FAINT)
            continue
        shares[down, along] = cell.accuracy.value
        one = cell.accuracy
        text = f"{100 * one.value:.0f}\n{100 * one.low:.0f}–{100 * one.high:.0f}, of {cell.cities}"
        colour = "white" if one.value > DARK else INK
        axes.text(along, down, text, ha="center", va="center", fontsize=6.5, color=colour)
    shade = axes.imshow(shares, vmin=0, vmax=1, cmap="GnBu", aspect="auto")
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    axes.set_xticks(range(len(found.groups)), found.groups, fontsize=8, rotation=20, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(found.rows)), found.rows, fontsize=8)
    axes.set_xlabel(f"{found.column} tested on", fontsize=9)
    axes.set_ylabel(f"{found.column} learnt from", fontsize=9)
    bar = figure.colorbar(shade, ax=axes, shrink=0.7, pad=0.02)
    bar.set_label("share right; below: interval, cities to choose among", fontsize=6.5)
    bar.ax.tick_params(labelsize=7)
    bar.outline.set_visible(False)
    return figure
