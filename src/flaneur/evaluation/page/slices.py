"""Accuracy by the values of a column in; its section of the page out."""

from __future__ import annotations

from flaneur.errors import counted
from flaneur.evaluation.measures.slices import Slice, Slices, SliceTable
from flaneur.evaluation.page.axes import reach, share_axis
from flaneur.evaluation.page.forest import MOST_ROWS, Mark, Row, forest
from flaneur.evaluation.page.section_parts import (
    figure,
    flowing,
    full,
    pointed,
    points_table,
    section,
    share_cells,
    told,
    told_points,
)
from flaneur.evaluation.phrases import percent

TITLE = "By year, season, project"
_HEADS = (
    "",
    "accuracy",
    "95 % interval",
    "photos",
    "places",
    "cities",
    "macro recall",
    "points beside other photos of its cities",
)


def slices_section(found: Slices) -> str:
    """One chart a column."""
    hint = (
        "The same answers, sorted by what else is known of the photos. Values differ in their cities too: a low one "
        "may only hold harder cities. The table compares each with other photos of its own cities."
    )
    charts = [_column(table) for table in found.tables]
    return section(found.key, TITLE, hint, flowing(*charts))


def _column(table: SliceTable) -> str:
    ends = reach(*(seen for one in table.slices for seen in (one.accuracy, one.macro_recall)))
    rows = [
        Row(
            one.value,
            told(one.accuracy),
            (
                Mark(1, one.accuracy, f"{one.value}, accuracy: {full(one.accuracy)}"),
                Mark(2, one.macro_recall, f"{one.value}, macro recall: {full(one.macro_recall)}"),
            ),
        )
        for one in table.slices
    ]
    left = f"; not known of {counted(table.without, 'photo')}" if table.without else ""
    more = f"; the first {MOST_ROWS} of {len(rows)}" if len(rows) > MOST_ROWS else ""
    label = f"Accuracy by {table.title.lower()}: " + ", ".join(
        f"{one.value} {told(one.accuracy)}" for one in table.slices
    )
    picture = forest(rows, share_axis("share that is right", ends), label)
    chart = figure(f"{table.title}{left}{more}", picture, pointed(1, "accuracy"), pointed(2, "macro recall"))
    return chart + points_table(f"{table.title} as a table", _HEADS, map(_cells, table.slices))


def _cells(one: Slice) -> tuple[str, ...]:
    beside = told_points(one.beside_others)
    return (one.value, *share_cells(one.accuracy), f"{one.cities:,}", percent(one.macro_recall.value, 1), beside)
