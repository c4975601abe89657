"""Answers in; telling photos out: most confident right, most confident wrong, least sure, refused, unknown."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

import numpy as np
from numpy.typing import NDArray

from flaneur.evaluation.answers import Answers
from flaneur.evaluation.page.thumbnails import Thumbnails
from flaneur.evaluation.phrases import percent
from flaneur.evaluation.report import Report

SHOWN = 8
_ALL_BUT_SURE = 0.995  # from here on rounding would state certainty
_GALLERIES = (
    ("right", "Most confident, and right", "The answers it gave with the highest probability, city by city."),
    ("wrong", "Most confident, and wrong", "Mistakes it was sure of: look for what the streets share."),
    ("unsure", "Least sure", "The lowest probabilities, right or wrong: what does a person see in them?"),
    ("refused", "Refused", "“None of the cities I know”, though it knows them: the strangest first."),
)
_UNKNOWN = ("Unknown cities, answered all the same", "Photos of cities it does not know, where it was surest.")


def gallery_section(report: Report, thumbnails: Thumbnails) -> str:
    """All galleries that have a photo; nothing if none has."""
    rows = telling_rows(report.known)
    made = [_gallery(title, hint, figures(report.known, rows[key], thumbnails)) for key, title, hint in _GALLERIES]
    strangers = figures(report.unknown, surest_rows(report.unknown, report.unknown.answered)[:SHOWN], thumbnails)
    shown = "".join([*made, _gallery(*_UNKNOWN, strangers)])
    return f'<section id="photos" aria-labelledby="look"><h2 id="look">Photos</h2>{shown}</section>' if shown else ""


def _gallery(title: str, hint: str, shown: str) -> str:
    return f'<h3>{title}</h3><p class="hint">{hint}</p><div class="photos">{shown}</div>' if shown else ""


def telling_rows(answers: Answers) -> dict[str, list[int]]:
    """Rows worth a look, by gallery; no place twice in one gallery, and the right ones a city at a time."""
    strangest = np.lexsort((answers.places, -answers.novelty))
    least_sure = np.lexsort((answers.places, answers.confidence))
    answered, correct = answers.answered, answers.correct
    return {
        "right": _by_turns(surest_rows(answers, answered & correct), answers.labels)[:SHOWN],
        "wrong": surest_rows(answers, answered & ~correct)[:SHOWN],
        "unsure": one_a_place(answers, least_sure[answered[least_sure]])[:SHOWN],
        "refused": one_a_place(answers, strangest[~answered[strangest]])[:SHOWN],
    }


def surest_rows(answers: Answers, wanted: NDArray[np.bool_]) -> list[int]:
    """Rows among those wanted, ``[N]``, the most confident of each place, most confident first."""
    surest = np.lexsort((answers.places, -answers.confidence))
    return one_a_place(answers, surest[wanted[surest]])


def figures(answers: Answers, rows: Iterable[int], thumbnails: Thumbnails, *, brief: bool = False) -> str:
    """Each photo as a ``<figure>`` with what it is and what the model said; unreadable photos are passed over."""
    return "".join(figure(answers, row, thumbnails, brief=brief) for row in rows)


def figure(answers: Answers, row: int, thumbnails: Thumbnails, *, brief: bool = False) -> str:
    """One photo; nothing if it cannot be read, or the page is full.

    Args:
        answers: the photo's among them.
        row: of the photo.
        thumbnails: of the page.
        brief: where truth and guess stand above it, the caption says only how sure the model is.
    """
    photo, names = answers.photos[row], {city.slug: city.name for city in answers.cities}
    address = thumbnails.address(photo.id)
    if not address:
        return ""
    truth = names.get(photo.city) or photo.city.replace("-", " ").title()
    guess = answers.cities[int(answers.guesses[row])].name
    confidence = float(answers.confidence[row])
    sure = percent(confidence) if confidence < _ALL_BUT_SURE else f"over {percent(_ALL_BUT_SURE - 0.005)}"
    kind, said = "right" if answers.correct[row] else "wrong", f"says {guess}, {sure}"
    if not answers.answered[row]:
        kind, said = "refused", f"refused; first guess {guess}, {sure}"
    credit = " · ".join(part for part in (photo.author, photo.licence) if part)
    small = f"<small>{escape(credit)}</small>" if credit else ""
    alt = escape(f"Street photo from {truth}. The model: {said}.", quote=True)
    caption = f"<strong>{escape(truth)}</strong><span>{escape(said)}</span>"
    if brief:
        caption = f"<span>{f'refused, {sure}' if kind == 'refused' else f'{sure} sure'}</span>"
    return f'<figure class="{kind}"><img alt="{alt}" src="{address}"><figcaption>{caption}{small}</figcaption></figure>'


def one_a_place(answers: Answers, rows: NDArray[np.intp]) -> list[int]:
    """The first row of every place, in order."""
    seen: dict[int, int] = {}
    for row in rows.tolist():
        seen.setdefault(int(answers.places[row]), row)
    return list(seen.values())


def _by_turns(rows: list[int], labels: NDArray[np.intp]) -> list[int]:
    """First the best row of every city, then the second best of every city, and so on."""
    turn: dict[int, int] = {}
    ranked = []
    for order, row in enumerate(rows):
        label = int(labels[row])
        turn[label] = turn.get(label, 0) + 1
        ranked.append((turn[label], order, row))
    return [row for _, _, row in sorted(ranked)]
