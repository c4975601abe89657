"""What a game tells in; what people and model take for what, as matrices, out."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from flaneur.evaluation.comparison.words import chance
from flaneur.evaluation.page.confusion import confusion_table
from flaneur.evaluation.page.section_parts import fact, facts, section
from flaneur.evaluation.phrases import percent, span
from flaneur.game.report.words import covers
from flaneur.game.statistics.analysis import Analysis
from flaneur.game.statistics.mistakes import Mistakes
from flaneur.metrics import Interval, wilson
from flaneur.types import City


def mistakes_section(found: Analysis) -> str:
    """Two matrices, and how alike they are."""
    seen, cities = found.mistakes, found.test.cities
    hint = "Rows are the true city, columns the answer; each row’s shade is its share."
    tables = [_matrix("People", cities, seen.people)]
    if seen.model is not None:
        hint += " Both are of the same places, each as often as people answered there."
        tables.append(_matrix(found.model, cities, seen.model))
    return section("mistakes", "What is taken for what", hint, *tables, facts(*_alike(seen), *_near(seen)))


def _alike(seen: Mistakes) -> list[str]:
    rows = []
    if seen.correlation is not None:
        hint = "right answers left out; noise of few answers pulls it towards 0"
        ends = f"{seen.correlation.low:.2f} to {seen.correlation.high:.2f}, other photos"
        value = f"{seen.correlation.value:.2f}"
        rows.append(fact("Correlation of mistakes", hint, value, f"{ends}; p {chance(seen.p)} by renaming cities"))
    if math.isfinite(seen.ceiling):
        hint = "one half beside the other half: as high as a model can be expected to come"
        rows.append(fact("People among themselves", hint, f"{seen.ceiling:.2f}"))
    return rows


def _near(seen: Mistakes) -> list[str]:
    rows = []
    for who, near in (("people", seen.people_near), ("the model", seen.model_near)):
        if near is not None:
            hint = f"of wrong answers where there is one; by chance {percent(near.chance)}"
            below = f"{span(near.share.widest)}; {covers(near.share)}"
            rows.append(fact(f"Another city of the right country, {who}", hint, percent(near.share.value), below))
    return rows


def _matrix(title: str, cities: Sequence[City], counts: NDArray[np.int64]) -> str:
    rates = []
    for row in counts.tolist():
        total = sum(row)
        rates += [Interval(count / total if total else math.nan, *wilson(count, total), total, total) for count in row]
    table = confusion_table(cities, counts, rates, {})
    scroll = f'<div class="scroll matrix" tabindex="0" role="region" aria-label="Answers of {title}">{table}</div>'
    return f"<h3>{title}</h3>{scroll}"
