"""The risk-coverage curve in; its section of the page out."""

from __future__ import annotations

from flaneur.evaluation.measures.coverage import Coverage
from flaneur.evaluation.page.axes import Axis, Chart, band, dot, line, reach, share_axis, svg
from flaneur.evaluation.page.figures import number_row
from flaneur.evaluation.page.section_parts import (
    facts,
    figure,
    full,
    lined,
    points_table,
    section,
    share_cells,
    side_by_side,
)
from flaneur.evaluation.phrases import percent

TITLE = "If it answered only when it is sure"
_HEADS = ("answered", "least probability", "right", "95 % interval", "photos", "places")
_TICKS = tuple((share / 100, f"{share} %") for share in (0, 25, 50, 75, 100))


def coverage_section(found: Coverage) -> str:
    """Accuracy of the surest photos for every share answered."""
    hint = (
        "Photos sorted by how sure it is, surest first. A good sense of doubt shows as a line that falls to the right: "
        "the answers it would withhold first are those it gets wrong."
    )
    chart = figure("Share that is right, of those answered", _chart(found), lined(1, "right, with its interval"))
    rows = [(percent(one.share), percent(one.confidence, 1), *share_cells(one.accuracy)) for one in found.points]
    table = points_table("The curve as a table", _HEADS, rows)
    numbers = [
        number_row(f"Surest {percent(share)}", "right, were only these answered", accuracy)
        for share, accuracy in found.at
    ]
    numbers.append(number_row("Mean error", "over all shares answered (AURC); lower is better", found.aurc))
    return section(found.key, TITLE, hint, side_by_side(chart + table, facts(*numbers)))


def _chart(found: Coverage) -> str:
    ends = reach(*(one.accuracy for one in found.points))
    chart = Chart(Axis("share of photos answered, surest first", _TICKS, 0, 1), share_axis("right", ends))
    marks = band(chart, [(one.share, one.accuracy) for one in found.points], 1)
    marks += line(chart, [(one.share, one.accuracy.value) for one in found.points], 1)
    for one in found.points:
        title = (
            f"{percent(one.share)} answered, all stated with {percent(one.confidence)} or more: {full(one.accuracy)}"
        )
        marks += dot(chart, one.share, one.accuracy.value, 1, title)
    told = ", ".join(f"{percent(accuracy.value)} right at {percent(share)}" for share, accuracy in found.at)
    return svg(chart, marks, f"Accuracy by share of photos answered: {told}")
