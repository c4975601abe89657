"""Groups crossed in; their section of the page (what a new group costs, and the whole matrix) out."""

from __future__ import annotations

from html import escape

from flaneur.errors import counted
from flaneur.evaluation.measures.columns import column_title
from flaneur.evaluation.page.axes import reach, share_axis
from flaneur.evaluation.page.forest import Mark, Row, forest
from flaneur.evaluation.page.section_parts import (
    dotted,
    facts,
    figure,
    full,
    pointed,
    points_fact,
    points_table,
    section,
    side_by_side,
    told,
    told_points,
)
from flaneur.evaluation.phrases import percent, signed, span
from flaneur.evaluation.trials.cross import Cell, Cross, GroupDrop

TITLE = "Learnt from one, tested on another"
_HINT = (
    '<p class="hint">Share right, with its interval. Each head chooses among the cities it learnt, so cells of one '
    "column may choose among different cities: read each beside its chance.</p>"
)
_HEADS = ("tested on", "learnt from it too", "learnt from the others only", "drop, points", "cities")


def cross_section(found: Cross) -> str:
    """The drop, group by group, and every pair of groups."""
    name = column_title(found.column).lower()
    hint = (
        f"Heads fitted again, on the photos of one {name} or of several, and tested on another. What is lost "
        f"where a {name} was never learnt from is what to expect of one that is new to the model."
    )
    if found.encoder_saw_them:
        hint += " The network below the heads was trained on photos of them all, so a truly new one would cost more."
    if found.bound:
        hint += f" Nothing can be said of {', '.join(found.bound)}: no other {name} has their cities."
    if found.few:
        hint += f" Of {', '.join(found.few)} too few photos show cities of another {name}."
    if found.small:
        hint += f" Too few photos for a row of their own: {', '.join(found.small)}."
    if found.without:
        hint += f" Left aside, since the data name no {name}: {counted(found.without, 'photo')}."
    return section(found.key, TITLE, hint, _drops(found), _matrix(found), _reasons(found))


def _drops(found: Cross) -> str:
    if not found.drops:
        return ""
    name = column_title(found.column).lower()
    ends = reach(*(seen for one in found.drops for seen in (one.with_it, one.without)))
    chance = min(1 / one.cities for one in found.drops)
    label = "Accuracy with and without the tested group in training: " + ", ".join(
        f"{one.group} {percent(one.with_it.value)} and {percent(one.without.value)}" for one in found.drops
    )
    rows = [_drop_row(one) for one in found.drops]
    picture = forest(rows, share_axis("share that is right", [*ends, chance]), label)
    legend = (pointed(1, "learnt from it too"), pointed(2, "learnt from the others only"), dotted("a blind guess"))
    chart = figure(f"Tested on this {name}", picture, *legend)
    cells = [
        (one.group, told(one.with_it, 1), told(one.without, 1), told_points(one.drop), f"{one.cities:,}")
        for one in found.drops
    ]
    hint = f"points lost, on a {name} never learnt from; the same photos with and without"
    lost = "" if found.drop is None else points_fact("Drop", hint, found.drop)
    return side_by_side(chart + points_table("The losses as a table", _HEADS, cells), facts(lost))


def _drop_row(one: GroupDrop) -> Row:
    marks = (
        Mark(1, one.with_it, f"{one.group}, learnt from it too: {full(one.with_it)}"),
        Mark(2, one.without, f"{one.group}, learnt from the others only: {full(one.without)}"),
    )
    return Row(one.group, f"drop {signed(one.drop.value)}", marks, chance=1 / one.cities)


def _matrix(found: Cross) -> str:
    name = column_title(found.column).lower()
    head = "".join(f'<th scope="col">{escape(group)}</th>' for group in found.groups)
    body = "".join(
        f'<tr><th scope="row">{escape(row)}</th>{"".join(_cell(row, group, found) for group in found.groups)}</tr>'
        for row in found.rows
    )
    title = f"Every pair: {name} learnt from, {name} tested on"
    table = (
        '<table class="crossed"><thead><tr><th scope="col">learnt from ↓ tested on →</th>'
        f"{head}</tr></thead><tbody>{body}</tbody></table>"
    )
    region = f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(title, quote=True)}">{table}</div>'
    return f"<h3>{escape(title)}</h3>{_HINT}{region}"


def _cell(row: str, group: str, found: Cross) -> str:
    cell = found.cells.get((row, group))
    if cell is None or cell.accuracy is None:
        return f'<td class="none" title="{escape(cell.why if cell else "", quote=True)}">–</td>'
    shade = max(0.0, (cell.accuracy.value - cell.chance) / max(1e-9, 1 - cell.chance))
    same = " same" if row == group else ""
    below = f"{span(cell.accuracy)}<br>of {cell.cities}: chance {percent(cell.chance)}"
    return (
        f'<td class="met{same}" style="--r:{shade:.3f}" title="{escape(_words(row, group, cell), quote=True)}">'
        f"<strong>{percent(cell.accuracy.value)}</strong><small>{below}</small></td>"
    )


def _words(row: str, group: str, cell: Cell) -> str:
    seen = full(cell.accuracy) if cell.accuracy is not None else cell.why
    return f"learnt from {row} ({counted(cell.train_photos, 'photo')}), tested on {group}: {seen}"


def _reasons(found: Cross) -> str:
    """Why cells are empty, each reason once."""
    empty: dict[str, list[str]] = {}
    for (row, group), cell in found.cells.items():
        if cell.accuracy is None and cell.why:
            empty.setdefault(cell.why, []).append(f"{row} → {group}")
    rows = "".join(f"<li>{escape(', '.join(pairs))}: {escape(why)}</li>" for why, pairs in empty.items())
    return f"<details><summary>Why cells are empty</summary><ul>{rows}</ul></details>" if rows else ""
