"""A comparison in; differences pair by pair and city by city, as forest plots and tables, out."""

from __future__ import annotations

from html import escape

from flaneur.evaluation.comparison.compared import Compared
from flaneur.evaluation.comparison.pairs import Pair
from flaneur.evaluation.comparison.words import chance
from flaneur.evaluation.page.axes import share_axis
from flaneur.evaluation.page.figures import behind
from flaneur.evaluation.page.forest import MOST_ROWS, Mark, Row, forest
from flaneur.evaluation.page.section_parts import dotted, figure, pointed, points_table, section, side_by_side, told
from flaneur.evaluation.phrases import signed
from flaneur.metrics import Interval
from flaneur.types import City

_PAIRS = (
    "First minus second, in percentage points. The dotted line: no difference. Each place’s photos are resampled "
    "together, and for both models alike."
)
_TESTS = (
    "pair", "only first right", "only second right", "both right", "neither", "p by photo (McNemar)", "p by place",
    "corrected (Holm)",
)  # fmt: skip
_FOREST_PAIRS = 3


def pairs_section(compared: Compared) -> str:
    """Every two models: the difference with its interval, and the tests."""
    pairs = compared.pairs[: MOST_ROWS // 2]
    numbers = [number for pair in pairs for number in (pair.difference, pair.macro_difference)]
    rows = [
        Row(f"{pair.first} − {pair.second}", signed(pair.difference.value), _marks(pair), loud=bool(pair.better))
        for pair in pairs
    ]
    words = "; ".join(f"{pair.first} minus {pair.second} {_ends(pair.difference)}" for pair in pairs)
    axis = share_axis("difference, percentage points", _reach(numbers), signed=True)
    chart = figure(
        "Which is better?",
        forest(rows, axis, f"Differences of accuracy with their intervals: {words}", line_at=0.0),
        pointed(1, "accuracy"),
        pointed(3, "macro recall: every city alike"),
        dotted("no difference"),
    )
    return section("pairs", "Two by two", _PAIRS, side_by_side(chart, _verdicts(compared)), _tests(compared))


def _marks(pair: Pair) -> tuple[Mark, ...]:
    named = f"{pair.first} minus {pair.second}"
    return (
        Mark(1, pair.difference, f"accuracy, {named}: {_ends(pair.difference)}, {behind(pair.difference)}"),
        Mark(3, pair.macro_difference, f"macro recall, {named}: {_ends(pair.macro_difference)}"),
    )


def _verdicts(compared: Compared) -> str:
    rows = "".join(
        f'<tr><th scope="row">{escape(pair.first)} or {escape(pair.second)}?'
        f"<small>{_ends(pair.difference)} points, by place p {escape(chance(pair.holm_p))}</small></th>"
        f'<td class="num"><strong>{escape(pair.better) or "cannot be told"}</strong></td></tr>'
        for pair in compared.pairs
    )
    return f'<table class="numbers stacked facts"><tbody>{rows}</tbody></table>'


def _tests(compared: Compared) -> str:
    rows = [
        (
            f"{pair.first} − {pair.second}",
            *(f"{count:,}" for count in (pair.only_first, pair.only_second, pair.both, pair.neither)),
            *(f"{p:.3g}" for p in (pair.mcnemar_p, pair.place_p, pair.holm_p)),
        )
        for pair in compared.pairs
    ]
    return points_table("Who was right where, and the tests", _TESTS, rows)


def cities_section(compared: Compared) -> str:
    """Recall city by city: what each model reaches, and the difference."""
    if len(compared.cities) < 2:
        return ""
    shown = compared.pairs if len(compared.pairs) <= _FOREST_PAIRS else ()
    charts = side_by_side(*(_city_chart(pair, compared.cities) for pair in shown)) if shown else ""
    heads = ("city", *compared.names, "photos", "places")
    rows = [
        (
            city.name,
            *(told(model.by_city[number]) for model in compared.models),
            f"{compared.models[0].by_city[number].n:,}",
            f"{compared.models[0].by_city[number].groups:,}",
        )
        for number, city in enumerate(compared.cities)
    ]
    hint = (
        "Share of each city’s photos that were recognised: the difference, largest first. Few places, wide intervals."
    )
    table = points_table("The numbers as a table", heads, rows)
    if not shown:
        hint, table = "Share of each city’s photos that were recognised.", table.replace("<details>", "<details open>")
    return section("by-city", "City by city", hint, charts, table)


def _city_chart(pair: Pair, cities: tuple[City, ...]) -> str:
    ranked = sorted(zip(cities, pair.by_city, strict=True), key=lambda row: (-row[1].value, row[0].slug))
    rows = [
        Row(city.name, signed(number.value), (_city_mark(city, number, pair),), loud=number.low > 0 or number.high < 0)
        for city, number in ranked
    ]
    if len(rows) > MOST_ROWS:  # both ends say more than the middle
        rows = rows[: MOST_ROWS // 2] + rows[-MOST_ROWS // 2 :]
    words = "; ".join(f"{city.name} {_ends(number)}" for city, number in ranked)
    axis = share_axis("difference, percentage points", _reach([number for _, number in ranked]), signed=True)
    picture = forest(rows, axis, f"{pair.first} minus {pair.second} by city, in points: {words}", line_at=0.0)
    return figure(f"{pair.first} − {pair.second}", picture, dotted("no difference"))


def _city_mark(city: City, number: Interval, pair: Pair) -> Mark:
    title = f"{city.name}, {pair.first} minus {pair.second}: {_ends(number)} points, {behind(number)}"
    return Mark(1 if number.value >= 0 else 2, number, title)


def _reach(numbers: list[Interval]) -> list[float]:
    return [end for number in numbers for end in (number.low, number.value, number.high)]


def _ends(number: Interval) -> str:
    return f"{signed(number.value)} ({signed(number.low)} to {signed(number.high)})"
