"""A report in; whether its probabilities can be believed, and what refusing more would bring, as figures out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flaneur.errors import InputError
from flaneur.evaluation.measures.coverage import Coverage
from flaneur.evaluation.plots.figure import FAINT, MODEL, new_figure, plain_axes, reach

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from flaneur.evaluation.report import Report


def reliability_figure(report: Report) -> Figure:
    """The reliability diagram: stated probability against the share that was right, in groups of equal size.

    Args:
        report: from :func:`flaneur.evaluate`.

    Raises:
        UsageError: matplotlib is not installed.
    """
    figure = new_figure(3.5, 3.3)
    axes = plain_axes(figure.add_subplot())
    axes.plot([0, 1], [0, 1], color=FAINT, linewidth=1, linestyle="--", label="as stated")
    stated = [mean for mean, _ in report.sure.bins]
    seen = [interval for _, interval in report.sure.bins]
    ends = list(zip(*(reach(interval) for interval in seen), strict=True))
    values = [interval.value for interval in seen]
    axes.errorbar(stated, values, yerr=ends, color=MODEL, fmt="o-", markersize=4, linewidth=1.2, elinewidth=1,
                  capsize=2, label="seen, 95 % interval by place")  # fmt: skip
    axes.set(xlim=(0, 1.02), ylim=(0, 1.02), aspect="equal")
    axes.set_xlabel("probability stated", fontsize=9)
    axes.set_ylabel("share right", fontsize=9)
    ece = report.sure.ece
    axes.set_title(f"ECE {ece.value:.3f} ({ece.low:.3f} to {ece.high:.3f})", loc="left", fontsize=9)
    axes.legend(frameon=False, fontsize=7, loc="upper left")
    return figure


def coverage_figure(report: Report) -> Figure:
    """The risk-coverage curve: how often the surest answers are right, for every share of photos answered.

    Args:
        report: from :func:`flaneur.evaluate`.

    Raises:
        InputError: coverage is not in this report.
        UsageError: matplotlib is not installed.
    """
    found = report.sections.get(Coverage.key)
    if not isinstance(found, Coverage):
        raise InputError("This report has no risk-coverage curve. Evaluate again; it is measured by default.")
    figure = new_figure(3.5, 2.8)
    axes = plain_axes(figure.add_subplot())
    shares = [point.share for point in found.points]
    seen = [point.accuracy for point in found.points]
    axes.fill_between(shares, [one.low for one in seen], [one.high for one in seen], color=MODEL, alpha=0.18,
                      linewidth=0, label="95 % interval by place")  # fmt: skip
    axes.plot(shares, [one.value for one in seen], color=MODEL, linewidth=1.6, label="surest answers first")
    sure = report.sure
    if sure.accuracy_answered.n:
        axes.plot(sure.coverage.value, sure.accuracy_answered.value, "D", color=FAINT, markersize=5,
                  label="its own refusals")  # fmt: skip
    axes.set_xlabel("share of photos answered", fontsize=9)
    axes.set_ylabel("share of them right", fontsize=9)
    axes.set_xlim(0, 1.02)
    axes.set_ylim(top=1.005)
    axes.set_title(
        f"AURC {found.aurc.value:.3f} ({found.aurc.low:.3f} to {found.aurc.high:.3f})", loc="left", fontsize=9
    )
    axes.legend(frameon=False, fontsize=7, loc="lower left")
    return figure
