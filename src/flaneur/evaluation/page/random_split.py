"""An honest and a random split's accuracies in; their section of the page out."""

from __future__ import annotations

from flaneur.evaluation.page.axes import reach, share_axis
from flaneur.evaluation.page.forest import Mark, Row, forest
from flaneur.evaluation.page.section_parts import (
    fact,
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
from flaneur.evaluation.phrases import percent, signed
from flaneur.evaluation.trials.random_split import RandomSplit
from flaneur.metrics import Interval

TITLE = "What a careless split would claim"
_HEADS = ("", "places apart", "photos drawn at random", "random minus honest, points")
_ALL = "all cities"


def random_split_section(found: RandomSplit) -> str:
    """Both accuracies, over all and city by city."""
    hint = (
        "The train and validation photos split in two ways, a head fitted on each: by whole places, and photo by "
        "photo, so that neighbours stand on both sides. Judged on the validation photos, so the honest figure is not "
        f"the accuracy above. The careless split gives {percent(found.random.value, 1)}, the honest one "
        f"{percent(found.honest.value, 1)}{'' if found.inflation.low > 0 else ': no clear difference'}."
    )
    every = [(_ALL, found.honest, found.random, found.inflation)]
    every += [(one.city.name, one.honest, one.random, one.inflation) for one in found.cities]
    rows = [_row(name, honest, random, more) for name, honest, random, more in every]
    ends = reach(*(seen for _, honest, random, _ in every for seen in (honest, random)))
    label = "Accuracy by places apart and by photos at random: " + ", ".join(
        f"{name} {percent(honest.value)} and {percent(random.value)}" for name, honest, random, _ in every
    )
    chart = figure(
        "Share that is right",
        forest(rows, share_axis("share that is right", ends), label),
        pointed(1, "places apart"),
        pointed(2, "photos drawn at random"),
    )
    cells = [(name, told(honest, 1), told(random, 1), told_points(more)) for name, honest, random, more in every]
    numbers = facts(
        points_fact("Random minus honest", "points", found.inflation),
        fact("Same place on both sides", "of the photos drawn at random", percent(found.same_place)),
    )
    return section(
        found.key, TITLE, hint, side_by_side(chart + points_table("The splits as a table", _HEADS, cells), numbers)
    )


def _row(name: str, honest: Interval, random: Interval, more: Interval) -> Row:
    marks = (
        Mark(1, honest, f"{name}, places apart: {full(honest)}"),
        Mark(2, random, f"{name}, photos drawn at random: {full(random)}"),
    )
    return Row(name, f"{signed(more.value)} points", marks, loud=name == _ALL)
