"""A report in; every figure that can be drawn of it out, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flaneur.evaluation.measures.coverage import Coverage
from flaneur.evaluation.plots.cities import cities_figure
from flaneur.evaluation.plots.confusion import confusion_figure
from flaneur.evaluation.plots.doubt import coverage_figure, reliability_figure
from flaneur.evaluation.plots.sections import SECTION_FIGURES
from flaneur.evaluation.plots.top_losses import top_losses_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from flaneur.evaluation.report import Report


def figures(report: Report, *, photos: bool = True) -> dict[str, Figure]:
    """Draw everything.

    Args:
        report: from :func:`flaneur.evaluate`.
        photos: whether the photos with the worst mistakes are shown.

    Returns:
        By name, such as ``confusion``; sections that were not measured have none.

    Raises:
        UsageError: matplotlib is not installed.
    """
    made = {
        "confusion": confusion_figure(report),
        "cities": cities_figure(report),
        "reliability": reliability_figure(report),
    }
    if Coverage.key in report.sections:
        made[Coverage.key] = coverage_figure(report)
    for key, draw in SECTION_FIGURES.items():
        if key in report.sections:
            made[key] = draw(report.sections[key])
    if photos:
        made["top_losses"] = top_losses_figure(report)
    return made
