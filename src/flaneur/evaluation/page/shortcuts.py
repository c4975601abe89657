"""What altering the photos did to the answers in; its section of the page out."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from flaneur.errors import counted
from flaneur.evaluation.page.axes import reach, share_axis
from flaneur.evaluation.page.figures import behind
from flaneur.evaluation.page.forest import Mark, Row, forest
from flaneur.evaluation.page.section_parts import (
    figure,
    flowing,
    pointed,
    points_table,
    section,
    told,
    told_points,
)
from flaneur.evaluation.trials.shortcuts import ShortcutRow, Shortcuts
from flaneur.metrics import Interval

TITLE = "What does it look at?"
_KINDS = {
    "removal": ("Something taken away", (1, "change of accuracy"), (2, "an equal change elsewhere")),
    "camera": ("As another camera would see it", (1, "change of accuracy"), (2, "in comparison")),
}
_FOLLOWS = ("Something of another city put in", (3, "answers that follow it"), (2, "an equal area elsewhere"))
_HEADS = (
    "altered",
    "right",
    "change, points",
    "in comparison",
    "answers that follow it, points",
    "elsewhere",
    "newly wrong, but of the same project",
    "leans on it",
)


def shortcuts_section(found: Shortcuts) -> str:
    """The verdict, and what each alteration did."""
    hint = (
        f"Each of {counted(found.photos, 'photo')} was altered and shown to the model again; unaltered it is right for "
        f"{told(found.whole)}. Every model loses something when a photo is spoilt, so what counts is the difference to "
        "the ring beneath. In bold: what it leans on."
    )
    charts = [_follows([row for row in found.rows if row.follows is not None])]
    charts += [_changes(found.rows, kind) for kind in _KINDS]
    table = points_table("The alterations as a table", _HEADS, map(_cells, found.rows))
    verdict = f"<p><strong>{escape(found.verdict)}</strong></p>" if found.verdict else ""
    return section(found.key, TITLE, hint, verdict, flowing(*charts), table, _glossary(found))


def _changes(every: Sequence[ShortcutRow], kind: str) -> str:
    rows = [row for row in every if row.alteration.kind == kind]
    if not rows:
        return ""
    title, own, other = _KINDS[kind]
    drawn = [_row(row, row.change, row.control, (own[1], other[1])) for row in rows]
    axis = share_axis("change of accuracy, points", _ends(drawn), signed=True)
    label = f"{title}, change of accuracy: " + ", ".join(f"{row.name} {row.told}" for row in drawn)
    legend = [pointed(*own), *([pointed(*other)] if any(row.control is not None for row in rows) else [])]
    return figure(title, forest(drawn, axis, label, line_at=0), *legend)


def _follows(rows: Sequence[ShortcutRow]) -> str:
    if not rows:
        return ""
    title, own, other = _FOLLOWS
    drawn = [
        _row(row, row.follows, row.follows_elsewhere, (own[1], other[1]), own[0])
        for row in rows
        if row.follows is not None
    ]
    axis = share_axis("more answers of that city, points", _ends(drawn), signed=True)
    label = f"{title}, answers that follow it: " + ", ".join(f"{row.name} {row.told}" for row in drawn)
    legend = [pointed(*own), *([pointed(*other)] if any(row.follows_elsewhere is not None for row in rows) else [])]
    return figure(title, forest(drawn, axis, label, line_at=0), *legend)


def _row(row: ShortcutRow, seen: Interval, beside: Interval | None, names: tuple[str, str], key: int = 1) -> Row:
    title = row.alteration.title
    marks = [Mark(key, seen, f"{title}, {names[0]}: {told_points(seen)}, {behind(seen)}")]
    if beside is not None:
        marks.append(Mark(2, beside, f"{title}, {names[1]}: {told_points(beside)}"))
    return Row(f"{title}: leans on it" if row.leans else title, told_points(seen), tuple(marks), loud=row.leans)


def _ends(rows: Sequence[Row]) -> list[float]:
    return reach(*(mark.seen for row in rows for mark in row.marks))


def _cells(row: ShortcutRow) -> tuple[str, ...]:
    further = (row.control, row.follows, row.follows_elsewhere)
    differences = ["" if seen is None else told_points(seen) for seen in further]
    kin = "" if row.same_project is None else told(row.same_project)
    numbers = (told(row.accuracy, 1), told_points(row.change), *differences, kin)
    return (row.alteration.title, *numbers, "yes" if row.leans else "no")


def _glossary(found: Shortcuts) -> str:
    rows = "".join(
        f"<dt>{escape(row.alteration.title)}</dt><dd>{escape(row.alteration.what)}</dd>" for row in found.rows
    )
    return f"<details><summary>What was done to the photos</summary><dl>{rows}</dl></details>"
