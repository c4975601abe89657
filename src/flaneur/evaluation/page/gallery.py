"""Answers in; a few telling photos out, as small pictures inside the page."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from html import escape
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from flaneur.decode import decode
from flaneur.errors import PhotoError
from flaneur.evaluation.answers import Answers
from flaneur.evaluation.phrases import percent

THUMBNAIL_PX = 200
SHOWN = 8
_ALL_BUT_SURE = 0.995  # from here on rounding would state certainty


def telling_rows(answers: Answers) -> dict[str, list[int]]:
    """Rows worth a look: surest and right (a city at a time), surest and wrong, refused; no place twice in one row."""
    surest = np.lexsort((answers.places, -answers.confidence))
    strangest = np.lexsort((answers.places, -answers.novelty))
    answered, correct = answers.answered, answers.correct
    right = _one_a_place(answers, surest[(answered & correct)[surest]])
    return {
        "right": _by_turns(right, answers.labels)[:SHOWN],
        "wrong": _one_a_place(answers, surest[(answered & ~correct)[surest]])[:SHOWN],
        "refused": _one_a_place(answers, strangest[~answered[strangest]])[:SHOWN],
    }


def figures(answers: Answers, rows: Iterable[int], paths: dict[str, Path]) -> str:
    """Each photo as a ``<figure>`` with what it is and what the model said; unreadable photos are passed over."""
    made = (_figure(answers, row, paths) for row in rows)
    return "".join(figure for figure in made if figure)


def thumbnail(path: Path) -> bytes:
    """A small JPEG without metadata.

    Raises:
        PhotoError: the photo cannot be read.
    """
    image = decode(path, at_least_px=THUMBNAIL_PX).image.copy()
    image.thumbnail((2 * THUMBNAIL_PX, THUMBNAIL_PX), Image.Resampling.LANCZOS)
    stream = BytesIO()
    image.save(stream, "JPEG", quality=72, optimize=True)
    return stream.getvalue()


def _figure(answers: Answers, row: int, paths: dict[str, Path]) -> str:
    photo, names = answers.photos[row], {city.slug: city.name for city in answers.cities}
    try:
        data = base64.b64encode(thumbnail(paths[photo.id])).decode()
    except PhotoError:
        return ""
    truth, guess = names.get(photo.city, photo.city), answers.cities[int(answers.guesses[row])].name
    confidence = float(answers.confidence[row])
    sure = percent(confidence) if confidence < _ALL_BUT_SURE else f"over {percent(_ALL_BUT_SURE - 0.005)}"
    kind, said = "right" if answers.correct[row] else "wrong", f"says {guess}, {sure}"
    if not answers.answered[row]:
        kind, said = "refused", f"refused; first guess {guess}, {sure}"
    credit = " · ".join(part for part in (photo.author, photo.licence) if part)
    small = f"<small>{escape(credit)}</small>" if credit else ""
    alt = escape(f"Street photo from {truth}. The model: {said}.", quote=True)
    return (
        f'<figure class="{kind}"><img alt="{alt}" src="data:image/jpeg;base64,{data}">'
        f"<figcaption><strong>{escape(truth)}</strong><span>{escape(said)}</span>{small}</figcaption></figure>"
    )


def _one_a_place(answers: Answers, rows: NDArray[np.intp]) -> list[int]:
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
