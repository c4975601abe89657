"""A report in; the numbers that a paper's table has, each with its unit, out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from flaneur.evaluation.measures.coverage import Coverage
from flaneur.evaluation.measures.distance import Distance
from flaneur.evaluation.trials.cross import Cross
from flaneur.evaluation.trials.left_out import LeftOut
from flaneur.evaluation.trials.random_split import RandomSplit
from flaneur.metrics import Interval

if TYPE_CHECKING:
    from flaneur.evaluation.report import Report

Unit = Literal["%", "points", "km", "of 5,000", ""]


@dataclass(frozen=True, slots=True)
class Row:
    """One number of a table.

    Args:
        name: for people.
        interval: the number.
        unit: ``%`` and ``points`` (percentage points) are shown times 100.

    >>> row = Row("Accuracy", Interval(0.9412, 0.92, 0.958, 591, 487), "%")
    >>> row.value, row.low, row.high
    ('94.1', '92.0', '95.8')
    >>> Row("Precision", Interval(math.nan, math.nan, math.nan, 0, 0), "%").value
    '–'
    """

    name: str
    interval: Interval
    unit: Unit = "%"

    @property
    def value(self) -> str:
        """The number, without its unit."""
        return self._shown(self.interval.value)

    @property
    def low(self) -> str:
        """Lower end of its interval."""
        return self._shown(self.interval.low)

    @property
    def high(self) -> str:
        """Upper end."""
        return self._shown(self.interval.high)

    def _shown(self, number: float) -> str:
        if math.isnan(number):
            return "–"
        match self.unit:
            case "%":
                return f"{100 * number:.1f}"
            case "points":
                return f"{100 * number:+.1f}"
            case "km":
                return f"{number:,.1f}" if number < 10 else f"{number:,.0f}"
            case "of 5,000":
                return f"{number:,.0f}"
            case _:
                return f"{number:.3f}"


def main_rows(report: Report) -> list[Row]:
    """The numbers of the whole report, in a sensible order; those that were not measured are left out.

    Args:
        report: from :func:`flaneur.evaluate`.
    """
    which, sure = report.which, report.sure
    rows = [
        Row("Accuracy", which.accuracy),
        Row("Macro recall", which.macro_recall),
        Row("Top-3 accuracy", which.top_3),
    ]
    if report.all_groups is not None:
        rows.append(Row("Accuracy within project", report.all_groups.within))
    if report.views is not None:
        rows += [
            Row("Accuracy, one view of several", report.views.single),
            Row("Accuracy, all views fused", report.views.fused),
        ]
    rows += _distance_rows(report)
    rows += [
        Row("Calibration error (ECE)", sure.ece, ""),
        Row("Brier score", sure.brier, ""),
        Row("Log loss (NLL)", sure.nll, ""),
        Row("Answered (coverage)", sure.coverage),
        Row("Accuracy when answered", sure.accuracy_answered),
    ]
    rows += _doubt_rows(report) + _trial_rows(report)
    return [row for row in rows if not math.isnan(row.interval.value)]


def _distance_rows(report: Report) -> list[Row]:
    found = report.sections.get(Distance.key)
    if not isinstance(found, Distance):
        return []
    return [
        Row("Median distance", found.median_km, "km"),
        *(Row(f"Within {km:,} km", share) for km, share in found.within),
        Row("Game score", found.game_score, "of 5,000"),
    ]


def _doubt_rows(report: Report) -> list[Row]:
    rows = []
    found = report.sections.get(Coverage.key)
    if isinstance(found, Coverage):
        rows.append(Row("Area under risk–coverage (AURC)", found.aurc, ""))
    if report.novelty is not None:
        rows += [
            Row("Novelty AUROC", report.novelty.auroc, ""),
            Row("Unknown city answered", report.novelty.answered),
        ]
    return rows


def _trial_rows(report: Report) -> list[Row]:
    rows = []
    crossed, left_out = report.sections.get(Cross.key), report.sections.get(LeftOut.key)
    dealt = report.sections.get(RandomSplit.key)
    if isinstance(crossed, Cross) and crossed.drop is not None:
        rows.append(Row(f"Drop on an unseen {crossed.column}", crossed.drop, "points"))
    if isinstance(left_out, LeftOut):
        rows += [
            Row("Novelty AUROC, each city left out", left_out.auroc, ""),
            Row("Left-out city answered", left_out.false_accept),
        ]
    if isinstance(dealt, RandomSplit):
        rows.append(Row("Gain by a random split", dealt.inflation, "points"))
    return rows
