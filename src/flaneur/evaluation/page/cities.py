"""A report in; its cities out: a table to sort, and what each city is taken for."""

from __future__ import annotations

from html import escape

import numpy as np

from flaneur.errors import counted
from flaneur.evaluation.measures.which_city import CityNumbers
from flaneur.evaluation.page import figures
from flaneur.evaluation.phrases import percent, span
from flaneur.evaluation.report import Report

_GUESSES = 8  # bars a city; further ones are told together
_OPEN = 12  # cities whose bars are shown at once


def city_rows(report: Report) -> str:
    """A row a city: found, to be believed, F1, most often taken for, photos."""
    return "".join(_row(report, index, numbers) for index, numbers in enumerate(report.which.per_city))


def _row(report: Report, index: int, numbers: CityNumbers) -> str:
    return (
        f'<tr><th scope="row">{escape(numbers.city.name)}</th>{figures.barred_cell("found", numbers.recall)}'
        f"{figures.plain_cell('to be believed', numbers.precision)}{figures.plain_cell('F1', numbers.f1)}"
        f"{_taken_for(report, index)}{figures.count_cell(numbers.recall)}</tr>"
    )


def _taken_for(report: Report, index: int) -> str:
    """A cell with the commonest wrong answer of a city."""
    counts = report.which.confusion[index].copy()
    counts[index] = 0
    guess = int(counts.argmax())
    if not counts[guess]:
        return '<td class="taken" data-name="most often taken for" data-v="0">–</td>'
    rate = report.which.rates[index * len(counts) + guess]
    told = f"{escape(report.known.cities[guess].name)}<small>{percent(rate.value)}</small>"
    return f'<td class="taken" data-name="most often taken for" data-v="{rate.value:.4f}">{told}</td>'


def guess_cards(report: Report) -> str:
    """For each true city what the model says instead of it, as bars with intervals; the weakest city first."""
    seen = [index for index, row in enumerate(report.which.per_city) if row.recall.n]
    seen.sort(key=lambda index: report.which.per_city[index].recall.value)
    cards = [_card(report, index) for index in seen]
    shown = f'<div class="guesses">{"".join(cards[:_OPEN])}</div>'
    if len(cards) > _OPEN:
        rest = f'<div class="guesses">{"".join(cards[_OPEN:])}</div>'
        shown += f"<details><summary>The other {counted(len(cards) - _OPEN, 'city')}</summary>{rest}</details>"
    return shown


def _card(report: Report, index: int) -> str:
    counts = report.which.confusion[index]
    told = [int(guess) for guess in np.argsort(-counts, kind="stable") if counts[guess]]
    bars = "".join(_bar(report, (index, guess)) for guess in told[:_GUESSES])
    rest = int(counts[told[_GUESSES:]].sum())
    others = (
        f'<li class="rest">{counted(len(told) - _GUESSES, "further city")}: {counted(rest, "photo")}</li>'
        if rest
        else ""
    )
    numbers = report.which.per_city[index].recall
    title = f"{escape(report.known.cities[index].name)} <small>{figures.behind(numbers)}</small>"
    return f'<div class="card"><h4>{title}</h4><ul>{bars}{others}</ul></div>'


def _bar(report: Report, cell: tuple[int, int]) -> str:
    cities = report.known.cities
    rate = report.which.rates[cell[0] * len(cities) + cell[1]]
    kind = "right" if cell[0] == cell[1] else "wrong"
    return (
        f'<li class="{kind}" title="{span(rate, 1)}"><span>{escape(cities[cell[1]].name)}</span>'
        f"{figures.interval_bar(rate)}<b>{percent(rate.value)}</b></li>"
    )
