"""Answers in; the photos behind the confusion matrix out, a block a cell, and those of the commonest mistakes."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import numpy as np

from flaneur.errors import counted
from flaneur.evaluation.answers import Answers
from flaneur.evaluation.page.confusion import Cell, Mistake, cell_words, mistakes
from flaneur.evaluation.page.gallery import figure, figures
from flaneur.evaluation.page.thumbnails import Thumbnails
from flaneur.evaluation.phrases import percent, span
from flaneur.evaluation.report import Report

PAIRS, EACH = 6, 4
_MOST_WRONG, _MOST_RIGHT = 12, 4


def rows_by_cell(answers: Answers, most: int = _MOST_WRONG) -> dict[Cell, list[int]]:
    """Rows of every true city and guess, the most confident first and each place once before any twice.

    Args:
        answers: N of cities that the model knows.
        most: rows kept of a cell.
    """
    order = np.lexsort((answers.places, -answers.confidence, answers.guesses, answers.labels))
    keys = np.stack([answers.labels, answers.guesses], axis=1)[order]
    starts = np.flatnonzero(np.r_[True, (keys[1:] != keys[:-1]).any(axis=1)]) if len(order) else order
    found = {}
    for rows in np.split(order, starts[1:]) if len(order) else []:
        places = answers.places[rows]
        first = np.zeros(len(rows), bool)
        first[np.unique(places, return_index=True)[1]] = True
        kept = np.concatenate([rows[first], rows[~first]])[:most]
        found[int(answers.labels[rows[0]]), int(answers.guesses[rows[0]])] = [int(row) for row in kept]
    return found


def album(report: Report, thumbnails: Thumbnails) -> tuple[str, dict[Cell, str]]:
    """Photos by cell, mistakes first, one of each cell before a second of any; and the element of each cell.

    Returns:
        HTML, empty where no photo is left to show; element by row and column.
    """
    known, counts = report.known, report.which.confusion
    rows = rows_by_cell(known)
    cells = sorted(rows, key=lambda cell: (cell[0] == cell[1], -counts[cell], cell))
    shown: dict[Cell, list[str]] = {}
    for turn in range(_MOST_WRONG):
        for cell in cells:
            most = _MOST_RIGHT if cell[0] == cell[1] else _MOST_WRONG
            if turn < min(most, len(rows[cell])) and (drawn := figure(known, rows[cell][turn], thumbnails, brief=True)):
                shown.setdefault(cell, []).append(drawn)
    names = {cell: f"cell-{cell[0]}-{cell[1]}" for cell in sorted(shown)}
    blocks = "".join(_block(report, cell, name, shown[cell]) for cell, name in names.items())
    total = sum(map(len, shown.values()))
    if not total:
        return "", {}
    return (
        f'<details class="album"><summary>{counted(total, "photo")} behind the matrix</summary>{blocks}</details>',
        names,
    )


def _block(report: Report, cell: Cell, name: str, drawn: list[str]) -> str:
    rate = report.which.rates[cell[0] * len(report.known.cities) + cell[1]]
    few = f" {len(drawn)} of them, the most confident first." if len(drawn) < report.which.confusion[cell] else ""
    title = escape(f"{cell_words(report.known.cities, cell, rate)}.{few}")
    photos = f'<div class="photos small">{"".join(drawn)}</div>'
    return f'<div class="cell" id="{name}" tabindex="-1"><p>{title}</p>{photos}</div>'


def pairs(report: Report, thumbnails: Thumbnails, cells: Mapping[Cell, list[int]]) -> str:
    """The commonest mistakes, each with a few of its photos.

    Args:
        report: what was measured.
        thumbnails: of the page; without any, the pairs stand alone.
        cells: rows by true city and guess.
    """
    found = mistakes(report, 2)[:PAIRS]
    if not found:
        return "<p>No city was taken for the same other one more than once.</p>"
    made = "".join(
        _pair(report, one, figures(report.known, cells[one.truth, one.guess][:EACH], thumbnails, brief=True))
        for one in found
    )
    return f'<ol class="pairs">{made}</ol>'


def _pair(report: Report, one: Mistake, shown: str) -> str:
    truth, guess = (escape(report.known.cities[index].name) for index in (one.truth, one.guess))
    share = f"{one.count:,} of {counted(one.rate.n, 'photo')}: {percent(one.rate.value)} ({span(one.rate)})"
    photos = f'<div class="photos small">{shown}</div>' if shown else ""
    return f"<li><h4>{truth} <span>taken for</span> {guess}</h4><p>{share}</p>{photos}</li>"
