"""A report in; every city's recall with its interval as a figure out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flaneur.evaluation.plots.figure import FAINT, MODEL, new_figure, plain_axes, reach

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from flaneur.evaluation.report import Report


def cities_figure(report: Report) -> Figure:
    """Recall by city, the weakest at the bottom, with 95 % intervals by place.

    Args:
        report: from :func:`flaneur.evaluate`.

    Raises:
        UsageError: matplotlib is not installed.
    """
    rows = sorted(
        (row for row in report.which.per_city if row.recall.n), key=lambda row: (row.recall.value, row.city.slug)
    )
    figure = new_figure(4.5, 1.0 + 0.22 * len(rows))
    axes = plain_axes(figure.add_subplot(), grid="x")
    ends = list(zip(*(reach(row.recall) for row in rows), strict=True))
    axes.errorbar([row.recall.value for row in rows], range(len(rows)), xerr=ends, color=MODEL, fmt="o", markersize=4,
                  elinewidth=1.2, capsize=2)  # fmt: skip
    axes.axvline(report.which.chance, color=FAINT, linestyle=":", linewidth=1)
    axes.text(report.which.chance + 0.01, -0.6, "blind guess", fontsize=7, color=FAINT)
    axes.set_yticks(range(len(rows)), [row.city.name for row in rows], fontsize=8)
    axes.set_ylim(-0.7, len(rows) - 0.3)
    axes.set_xlim(0, 1.02)
    axes.set_xlabel("recall: share of the city’s photos recognised", fontsize=9)
    return figure
