"""What a game tells in; what people and model take for what, as matrices, out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

from flaneur.errors import counted
from flaneur.evaluation.comparison.words import chance
from flaneur.evaluation.page.confusion import confusion_table
from flaneur.evaluation.page.section_parts import fact, facts, section
from flaneur.evaluation.phrases import percent, span
from flaneur.game.report.words import covers, plain
from flaneur.game.statistics.analysis import Analysis
from flaneur.game.statistics.mistakes import Mistakes
from flaneur.metrics import Interval, wilson
from flaneur.types import City

STYLE = (
    ".two{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,28rem),1fr));gap:0 1rem}"
    ".two{margin-bottom:1rem}"
    ".two>*{min-width:0}.two .confusion thead .corner{min-width:6.5rem;white-space:normal}.two .matrix{--cell:2.2rem}"
    ".two td small{display:none}.two .confusion td{font-size:.85rem}"
    "table+.chart{margin-top:1rem}"
)
"""Both matrices beside one another where there is room."""


def mistakes_section(found: Analysis) -> str:
    """Two matrices, and how alike they are."""
    seen, cities = found.mistakes, found.test.cities
    hint = "Rows are the true city, columns the answer; each row’s shade is its share."
    tables = [_matrix("People", cities, seen.people)]
    if seen.model is not None:
        hint += " Both are of the same places, each as often as people answered there."
        tables.append(_matrix(found.model, cities, seen.model))
    if found.settings.by_map:
        hint += " Points on the map that hit no city are left out."
    return section(
        "mistakes",
        "What is taken for what",
        hint,
        f'<div class="two">{"".join(tables)}</div>',
        facts(*_alike(seen), *_near(seen)),
    )


def _alike(seen: Mistakes) -> list[str]:
    rows = []
    if seen.correlation is not None:
        hint = "right answers left out; noise of few answers pulls it towards 0"
        ends = f"{plain(seen.correlation.low)} to {plain(seen.correlation.high)}, other photos"
        value = plain(seen.correlation.value)
        rows.append(fact("Correlation of mistakes", hint, value, f"{ends}; p {chance(seen.p)} by renaming cities"))
    if math.isfinite(seen.ceiling):
        hint = "halves of them, at places that both saw: as high as a model can be expected to come"
        rows.append(fact("People among themselves", hint, plain(seen.ceiling)))
    return rows


def _near(seen: Mistakes) -> list[str]:
    rows = []
    for who, near in (("people", seen.people_near), ("the model", seen.model_near)):
        if near is not None:
            hint = f"of wrong answers where there is one; by chance {percent(near.chance)}"
            seen_in = near.share.by_places
            below = covers(near.share) if who == "people" else f"other photos; {counted(seen_in.n, 'answer')}"
            ends = near.share.widest if who == "people" else seen_in
            below = f"{span(ends)}; {below}" if math.isfinite(ends.low) else counted(seen_in.n, "answer")
            rows.append(fact(f"Another city of the right country, {who}", hint, percent(near.share.value), below))
    return rows


def _matrix(title: str, cities: Sequence[City], counts: NDArray[np.int64]) -> str:
    rates = []
    for row in counts.tolist():
        total = sum(row)
        rates += [Interval(count / total if total else math.nan, *wilson(count, total), total, total) for count in row]
    table = confusion_table(cities, counts, rates, {})
    words = escape(f"Answers of {title}", quote=True)
    scroll = f'<div class="scroll matrix" tabindex="0" role="region" aria-label="{words}">{table}</div>'
    return f"<div><h3>{escape(title)}</h3>{scroll}</div>"
