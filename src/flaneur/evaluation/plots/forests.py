"""Several things in (cities, alterations of photos); the numbers of each with their intervals, in a column, out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from flaneur.evaluation.plots.figure import FAINT, MODEL, WRONG, new_figure, plain_axes, reach
from flaneur.evaluation.trials.left_out import LeftOut
from flaneur.evaluation.trials.random_split import RandomSplit
from flaneur.evaluation.trials.shortcuts import Shortcuts
from flaneur.metrics import Interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_APART = 0.18  # between two numbers of one thing


def shortcuts_figure(found: Shortcuts) -> Figure:
    """What each alteration of the photos costs, beside an equal alteration that cannot be a shortcut.

    Args:
        found: of a report.
    """
    figure, axes = _frame([row.alteration.title for row in found.rows])
    _points(axes, [row.change for row in found.rows], 0, MODEL, "this alteration")
    _points(axes, [row.control for row in found.rows], 1, FAINT, "an equal one elsewhere")
    axes.axvline(0, color=FAINT, linewidth=0.8)
    axes.set_xlabel("change of accuracy", fontsize=9)
    _legend(axes)
    return figure


def left_out_figure(found: LeftOut) -> Figure:
    """How well each city is told as an unknown one when the model has not learnt it.

    Args:
        found: of a report.
    """
    figure, axes = _frame([row.city.name for row in found.cities])
    _points(axes, [row.auroc for row in found.cities], 0, MODEL, "novelty AUROC")
    _points(axes, [row.false_accept for row in found.cities], 1, WRONG, "answered all the same")
    axes.set_xlim(0, 1.02)
    axes.set_xlabel("share", fontsize=9)
    _legend(axes)
    return figure


def random_split_figure(found: RandomSplit) -> Figure:
    """Each city's recall by an honest split, and as a random split would have claimed.

    Args:
        found: of a report.
    """
    figure, axes = _frame([row.city.name for row in found.cities] + ["all cities"])
    _points(axes, [*(row.honest for row in found.cities), found.honest], 0, MODEL, "split by place")
    _points(axes, [*(row.random for row in found.cities), found.random], 1, WRONG, "split photo by photo")
    axes.set_xlabel("share right", fontsize=9)
    _legend(axes)
    return figure


def _frame(names: Sequence[str]) -> tuple[Figure, Axes]:
    figure = new_figure(5.2, 1.3 + 0.3 * len(names))
    axes = plain_axes(figure.add_subplot(), grid="x")
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.set_ylim(len(names) - 0.4, -0.6)
    return figure, axes


def _points(axes: Axes, seen: Sequence[Interval | None], lane: int, colour: str, label: str) -> None:
    there = [(row, one) for row, one in enumerate(seen) if one is not None and one.n]
    if there:
        ends = list(zip(*(reach(one) for _, one in there), strict=True))
        heights = [row + (lane - 0.5) * 2 * _APART for row, _ in there]
        axes.errorbar([one.value for _, one in there], heights, xerr=ends, color=colour, fmt="os"[lane], markersize=4,
                      elinewidth=1.1, capsize=2, label=label)  # fmt: skip


def _legend(axes: Axes) -> None:
    axes.legend(frameon=False, fontsize=7, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
