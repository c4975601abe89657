"""What a game tells in; people beside the model at the same places out."""

from __future__ import annotations

import math

from flaneur.evaluation.comparison.words import chance
from flaneur.evaluation.page.axes import share_axis
from flaneur.evaluation.page.forest import Mark, Row, forest
from flaneur.evaluation.page.section_parts import fact, facts, figure, pointed, section, side_by_side, told
from flaneur.evaluation.phrases import percent, signed
from flaneur.game.report.words import plain
from flaneur.game.statistics.against import Against
from flaneur.game.statistics.analysis import Analysis
from flaneur.game.statistics.people import share_of
from flaneur.metrics import Interval


def against_section(found: Analysis) -> str:
    """People less the model at the same places; nothing where no model plays."""
    if found.against is None:
        return ""
    beside = found.against
    hint = (
        f"Every answer of a person beside the first choice of {found.model} at the same place, among the same cities: "
        "it must choose even where it would rather not. The model is taken as it is; the intervals are over people and "
        "photos."
    )
    exact = "one observation; sign flips, exact"
    rows = [
        _difference("Other people, other photos", beside.difference.both, "people less model, points"),
        _difference("Other people, these photos", beside.difference.by_people, "the same difference"),
        _difference("These people, other photos", beside.difference.by_places, "the same difference"),
        fact("p by person", f"each person {exact}", chance(beside.p_by_person).removeprefix("= ")),
        fact("p by place", f"each place {exact}", chance(beside.p_by_place).removeprefix("= ")),
        fact(
            "Agreement in being right", "Cohen’s kappa: 0 chance, 1 the same places; other photos",
            plain(beside.agreement.value), f"{plain(beside.agreement.low)} to {plain(beside.agreement.high)}",
        ),
    ]  # fmt: skip
    right = _who_is_right(beside) + _cities(found)
    return section("model", "People beside the model", hint, side_by_side(facts(*rows), right))


def _difference(label: str, seen: Interval, hint: str) -> str:
    if math.isnan(seen.low):
        return fact(label, hint, signed(seen.value), "interval: cannot be told with one")
    return fact(label, hint, signed(seen.value), f"{signed(seen.low)} to {signed(seen.high)}")


def _who_is_right(beside: Against) -> str:
    """Two by two: the model's columns, the people's rows."""
    rows = (("person right", beside.both, beside.only_people), ("person wrong", beside.only_model, beside.neither))
    body = "".join(
        f'<tr><th scope="row">{name}</th><td class="num">{one:,}</td><td class="num">{other:,}</td></tr>'
        for name, one, other in rows
    )
    heads = "".join(f'<th scope="col" class="num">{name}</th>' for name in ("model right", "model wrong"))
    head = f'<tr><th scope="col">answers</th>{heads}</tr>'
    return f"<table><thead>{head}</thead><tbody>{body}</tbody></table>"


def _cities(found: Analysis) -> str:
    """Recall city by city."""
    rows = []
    for column, city in enumerate(found.test.cities):
        own = found.test.where(found.test.labels == column)
        if len(own):
            people, model = share_of(own), share_of(own, model=True)
            marks = (
                Mark(1, people, f"{city.name}, people: {told(people)}"),
                Mark(2, model, f"{city.name}, model: {told(model)}"),
            )
            rows.append(Row(city.name, f"{percent(people.value)} · {percent(model.value)}", marks))
    axis = share_axis("share that is right", [0.0, 1.0])
    label = "Right by city, people and model: " + ", ".join(f"{row.name} {row.told}" for row in rows)
    title = "City by city, people · model. Intervals as if all answers were independent: rather too narrow"
    return figure(title, forest(rows, axis, label), pointed(1, "people"), pointed(2, "model"))
