"""A comparison in; JSON values with stable keys out: every number with its interval and what stands behind it."""

from __future__ import annotations

from typing import Any

from flaneur.evaluation.comparison import words
from flaneur.evaluation.comparison.compared import Compared

COMPARE_FORMAT = 1


def to_json(compared: Compared) -> dict[str, Any]:
    """The whole comparison as plain JSON values; an undefined number is null."""
    slugs = [city.slug for city in compared.cities]
    accuracy = compared.models[0].accuracy
    return {
        "format": COMPARE_FORMAT,
        "command": compared.command,
        "names": list(compared.names),
        "counts": {"photos": accuracy.n, "places": accuracy.groups},
        "cities": slugs,
        "origins": [dict(one.origin) for one in compared.said],
        "summary": words.summary(compared),
        "cautions": words.cautions(compared),
        "models": [model.to_dict(slugs) for model in compared.models],
        "pairs": [pair.to_dict(slugs) for pair in compared.pairs],
        "left_out": list(compared.left_out),
        "differing": [_differing(compared, row) for row in compared.differing],
    }


def _differing(compared: Compared, row: int) -> dict[str, Any]:
    photo = compared.said[0].photos[row]
    guesses = {one.name: one.guess[row] for one in compared.said}
    return {"photo": photo.id, "city": photo.city, "guesses": guesses}
