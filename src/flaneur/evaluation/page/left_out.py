"""Cities played unknown in; their section of the page out."""

from __future__ import annotations

import math

from flaneur.evaluation.page.axes import number_axis, reach, share_axis
from flaneur.evaluation.page.figures import number_row, ratio_row
from flaneur.evaluation.page.forest import Mark, Row, forest
from flaneur.evaluation.page.section_parts import (
    dotted,
    facts,
    figure,
    full,
    points_table,
    section,
    share_cells,
    side_by_side,
    told,
)
from flaneur.evaluation.trials.left_out import LeftOut
from flaneur.metrics import Interval

TITLE = "A city it has never learnt"
_HEADS = ("city left out", "AUROC", "still answered", "95 % interval", "photos", "places", "most often taken for")
_COIN = 0.5


def left_out_section(found: LeftOut) -> str:
    """How strange each city looks to a head that never learnt it, and how often it is answered all the same."""
    hint = (
        "Each city in turn was left out, the head fitted again without it, and then asked about it. AUROC: how often a "
        "photo of the city left out looks stranger than one of a known city; a coin gets 0.5."
    )
    if found.encoder_saw_them:
        hint += " The encoder below the head was trained on these very cities, so a truly new city may fare worse."
    numbers = facts(
        ratio_row("AUROC", "mean over the cities left out", found.auroc, _COIN),
        number_row("Still answered", "wrongly; lower is better", found.false_accept),
    )
    names = {one.city.slug: one.city.name for one in found.cities}
    cells = [
        (one.city.name, _ratio(one.auroc), *share_cells(one.false_accept), names.get(one.taken_for, one.taken_for))
        for one in found.cities
    ]
    table = points_table("Cities left out as a table", _HEADS, cells)
    return section(found.key, TITLE, hint, side_by_side(_auroc(found), _answered(found), table, numbers))


def _auroc(found: LeftOut) -> str:
    rows = [
        Row(one.city.name, _ratio(one.auroc), (Mark(1, one.auroc, f"{one.city.name}: {_ratio(one.auroc)}"),))
        for one in sorted(found.cities, key=lambda one: one.auroc.value)
    ]
    ends = reach(*(one.auroc for one in found.cities))
    label = "AUROC by city left out: " + ", ".join(f"{row.name} {row.told}" for row in rows)
    picture = forest(rows, number_axis("AUROC", [*ends, _COIN]), label, line_at=_COIN)
    return figure("How strange it looks, worst first", picture, dotted("a coin"))


def _answered(found: LeftOut) -> str:
    rows = [
        Row(
            one.city.name,
            told(one.false_accept),
            (Mark(2, one.false_accept, f"{one.city.name}: {full(one.false_accept)}"),),
        )
        for one in sorted(found.cities, key=lambda one: -one.false_accept.value)
    ]
    ends = reach(*(one.false_accept for one in found.cities))
    label = "Photos still answered by city left out: " + ", ".join(f"{row.name} {row.told}" for row in rows)
    return figure("Answered all the same, worst first", forest(rows, share_axis("share of its photos", ends), label))


def _ratio(seen: Interval) -> str:
    if math.isnan(seen.value):
        return "not measured"
    return f"{seen.value:.2f} ({seen.low:.2f} to {seen.high:.2f})"
