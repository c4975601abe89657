"""An atlas in; what its map shows and does not show, in sentences and a few numbers, out."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from flaneur.evaluation.answers import Answers
from flaneur.evaluation.phrases import percent
from flaneur.explain.atlas.atlas import Atlas
from flaneur.explain.atlas.neighbours import NEAREST
from flaneur.explain.atlas.positions2d import METHODS
from flaneur.metrics import Interval, always, bootstrap_by_group

_SHOWS = "Every dot is a photo; dots that touch look alike to the model."
_TORN = "Who is near whom means something; how far apart islands lie, and how large they are, does not."
_LEARNT = (
    "Photos that the model learnt from lie apart more tidily than new ones would: colour by what it learnt from to "
    "see which."
)
NumberRow = tuple[str, str, Interval]


def what_it_shows() -> str:
    """What the map is, in a sentence."""
    return f"{_SHOWS} {_TORN}"


def beware(atlas: Atlas) -> str:
    """Where not to trust the map; empty if nothing is known."""
    return _LEARNT if (atlas.learnt > 0).any() else ""


def map_numbers(atlas: Atlas) -> list[NumberRow]:
    """How far to trust each map, and how often the model is right on what is new to it: name, meaning, interval."""
    chance = percent(min(1.0, NEAREST / max(1, len(atlas.answers.photos) - 1)), 1)
    meant = (
        f"of a photo’s {NEAREST} nearest photos from other places, the share that are among the {NEAREST} nearest "
        f"on the map too; by chance {chance}"
    )
    rows = [
        (f"{METHODS.get(layout.method, layout.method)}: neighbours kept", meant, layout.kept)
        for layout in atlas.layouts
        if not math.isnan(layout.kept.value)
    ]
    right = right_on_new(atlas)
    if right is not None:
        seen = "that the model did not learn from" if (atlas.learnt > 0).any() else "of cities that it knows"
        rows.append(("First guess is the right city", f"photos {seen}{unanswered(atlas.answers, _new(atlas))}", right))
    return rows


def right_on_new(atlas: Atlas) -> Interval | None:
    """How often the first guess is right on photos of cities that it knows; of those, ones it did not learn from.

    Photos that it would not answer count with their first guess.

    Returns:
        ``None`` where there is no such photo, or where nobody knows what it learnt from.
    """
    rows = _new(atlas)
    if not rows.any():
        return None
    return bootstrap_by_group(always(atlas.answers.correct[rows]), atlas.answers.places[rows])[0]


def unanswered(answers: Answers, rows: NDArray[np.bool_]) -> str:
    """That shares of right first guesses count photos that the model would not answer, and how many those are.

    Args:
        answers: of the atlas.
        rows: ``[N]`` which photos the shares rest on.

    Returns:
        Words that follow a sentence or a noun; empty where it answers all of them.
    """
    refused = int((rows & ~answers.answered).sum())
    return f", also where it would not answer ({refused:,} of {int(rows.sum()):,})" if refused else ""


def _new(atlas: Atlas) -> NDArray[np.bool_]:
    return np.asarray((atlas.learnt == 0) & (atlas.answers.labels >= 0))
