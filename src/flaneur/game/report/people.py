"""What a game tells in; each person, and all together, out."""

from __future__ import annotations

import math

from flaneur.errors import counted
from flaneur.evaluation.comparison.words import chance
from flaneur.evaluation.page.axes import reach, share_axis
from flaneur.evaluation.page.forest import MOST_ROWS, Mark, Row, forest
from flaneur.evaluation.page.section_parts import (
    dotted,
    fact,
    facts,
    figure,
    pointed,
    points_table,
    section,
    side_by_side,
    told,
)
from flaneur.evaluation.phrases import percent, span
from flaneur.game.report.words import people_counted
from flaneur.game.statistics.analysis import Analysis
from flaneur.game.statistics.crossed import Crossed
from flaneur.game.statistics.people import Person
from flaneur.metrics import Interval

_PEOPLE = (
    "Share of test rounds in which the right city was named. The interval of a person is Wilson’s: it covers further "
    "photos of this kind before that person. That of all together covers what its line says."
)
_PERSON_HEADS = (
    "person", "right", "95 % interval", "answers", "in training", "seconds (median)", "points a round",
    "model, same places", "only the person", "only the model", "p (McNemar)",
)  # fmt: skip


def people_section(found: Analysis) -> str:
    """Each person, all together, and the model at the same places."""
    widest = found.accuracy.widest
    rows = [_loud("everybody together", widest, 1)]
    if found.against is not None:
        rows.append(_loud(f"{found.model}, same places", found.against.model.by_places, 2))
    rows += [Row(one.code, told(one.accuracy), (Mark(1, one.accuracy, _person_title(one)),)) for one in found.people]
    ends = reach(widest, *(one.accuracy for one in found.people[:MOST_ROWS]))
    axis = share_axis("share that is right", [*ends, found.chance])
    label = "Right, with 95 % intervals: " + ", ".join(f"{row.name} {row.told}" for row in rows)
    more = f"; the best {MOST_ROWS - 2} of {len(found.people)}" if len(rows) > MOST_ROWS else ""
    legend = [pointed(1, "people"), *([pointed(2, "model")] if found.against is not None else [])]
    chart = figure(f"Right{more}", forest(rows, axis, label, line_at=found.chance), *legend, dotted("blind guessing"))
    table = points_table("The numbers as a table", _PERSON_HEADS, map(_person_cells, found.people))
    return section("people", "People", _PEOPLE, side_by_side(chart, _together(found.accuracy)), table)


def _together(accuracy: Crossed) -> str:
    """The three intervals of all people together, each with what it covers."""
    rows = [
        ("Everybody, other people and photos", accuracy.both),
        ("Other people, these photos", accuracy.by_people),
        ("These people, other photos", accuracy.by_places),
    ]
    n = counted(accuracy.both.n, "answer")
    people, places = people_counted(accuracy.both.groups), counted(accuracy.by_places.groups, "place")
    made = [
        fact(name, "95 % interval", span(one) if math.isfinite(one.low) else "cannot be told with one")
        for name, one in rows
    ]
    return facts(fact("Right", f"{n} of {people} at {places}", percent(accuracy.value, 1)), *made)


def _loud(name: str, seen: Interval, key: int) -> Row:
    return Row(name, told(seen), (Mark(key, seen, f"{name}: {told(seen)}"),), loud=True)


def _person_title(one: Person) -> str:
    return f"{one.code}: {told(one.accuracy, 1)}, {counted(one.accuracy.n, 'answer')}"


def _person_cells(one: Person) -> tuple[str, ...]:
    against = one.against
    return (
        one.code,
        percent(one.accuracy.value, 1),
        span(one.accuracy, 1),
        f"{one.accuracy.n:,}",
        "–" if one.training is None else told(one.training),
        "–" if math.isnan(one.seconds) else f"{one.seconds:.1f}",
        f"{one.points:,.0f}",
        "–" if one.model is None else percent(one.model.value, 1),
        "–" if against is None else f"{against.only_first:,}",
        "–" if against is None else f"{against.only_second:,}",
        "–" if against is None else chance(against.p).removeprefix("= "),
    )
