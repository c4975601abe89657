"""Accuracy by how many views of a place are joined in; its section of the page out."""

from __future__ import annotations

from flaneur.errors import counted
from flaneur.evaluation.measures.view_count import ViewCount
from flaneur.evaluation.page.axes import Chart, line, number_axis, reach, share_axis, svg, whiskered
from flaneur.evaluation.page.section_parts import (
    facts,
    figure,
    full,
    points_fact,
    points_table,
    section,
    share_cells,
    side_by_side,
    told,
)

TITLE = "Is another photo worth it?"
_HEADS = ("views", "places right", "95 % interval", "photos", "places")


def views_section(found: ViewCount) -> str:
    """Places told right, by the number of views of them."""
    (fewest, first), (most, last) = found.rows[0], found.rows[-1]
    hint = (
        f"The same {counted(found.places, 'place')} throughout, of which it sees {fewest} to {most} photos: "
        f"{told(first)} right with {fewest}, {told(last)} with {most}"
    )
    hint += "." if found.gain.low > 0 or found.gain.high < 0 else ": no clear difference."
    if found.only_city:
        hint += f" All of these places are in {found.only_city}."
    rows = [(f"{views}", *share_cells(accuracy)) for views, accuracy in found.rows]
    chart = figure("Share of places that is right", _chart(found))
    table = points_table("The number of views as a table", _HEADS, rows)
    numbers = points_fact(f"Gained by {most} instead of {fewest}", "points, at the same places", found.gain)
    return section(found.key, TITLE, hint, side_by_side(chart + table, facts(numbers)))


def _chart(found: ViewCount) -> str:
    ends = reach(*(accuracy for _, accuracy in found.rows))
    axis = number_axis("photos of a place", [views for views, _ in found.rows], whole=True)
    chart = Chart(axis, share_axis("right", ends))
    marks = line(chart, [(views, accuracy.value) for views, accuracy in found.rows], 1)
    for views, accuracy in found.rows:
        marks += whiskered(chart, views, accuracy, 1, f"{counted(views, 'photo')} of a place: {full(accuracy)}")
    told_all = ", ".join(f"{told(accuracy)} with {views}" for views, accuracy in found.rows)
    return svg(chart, marks, f"Places told right by number of photos: {told_all}")
