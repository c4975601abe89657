"""A guess and where the photo was taken in; the city it names, how far off it is, and points out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from flaneur.errors import UsageError, did_you_mean
from flaneur.game.shapes import Guess, Score
from flaneur.geo import distance_km
from flaneur.metrics import game_score
from flaneur.types import City, Location

MOST_POINTS = 5000
_LEAST_RADIUS_KM = 25.0  # "a city" among the steps of Hays and Efros' Im2GPS (CVPR 2008)


def score(guess: Guess, truth: City, at: Location | None, choices: Sequence[City]) -> Score:
    """What a guess is worth.

    The right city is worth 5000 points, whatever the distance; on the map that is a point inside the city's disc (at
    least 25 km around its middle) or within 25 km of the photo. A point far from every city names none. Otherwise
    distance counts, as in :func:`flaneur.metrics.distances.game_score`: ``5000 exp(-10 d / D)`` with D = 14,927 km. A
    wrong guess whose distance cannot be known is worth nothing.

    Args:
        guess: of the participant, or of the model.
        truth: the city of the photo.
        at: where it was taken; the middle of its city stands in where that is not known.
        choices: cities there were to choose among.

    Raises:
        UsageError: the guess names a city that was not among them.

    >>> oslo, rome = City("oslo", "Oslo", centre=Location(60, 11)), City("rome", "Rome", centre=Location(42, 12))
    >>> score(Guess(city="rome"), oslo, None, [oslo, rome])
    Score(city='rome', correct=False, distance_km=2002.7, points=1307)
    >>> score(Guess(at=Location(59.9, 11)), oslo, None, [oslo, rome])
    Score(city='oslo', correct=True, distance_km=11.1, points=5000)
    """
    stood = at or truth.centre
    if guess.at is None:
        city = _named(guess, choices)
        named, km = city.slug, _km(city.centre, stood)
        correct = named == truth.slug
    else:
        km = _km(guess.at, stood)
        correct = _in_disc(guess.at, truth) or (km is not None and km <= _LEAST_RADIUS_KM)
        named = truth.slug if correct else _hit(guess.at, choices)
    return Score(
        city=named,
        correct=correct,
        distance_km=None if km is None else round(km, 1),
        points=MOST_POINTS if correct else _points(km),
    )


def _named(guess: Guess, choices: Sequence[City]) -> City:
    for city in choices:
        if city.slug == guess.city:
            return city
    known = [city.slug for city in choices]
    hint = did_you_mean(str(guess.city), known) or f" Choose one of {', '.join(known)}."
    raise UsageError(f"{guess.city!r} is not among the cities of this game.{hint}")


def _hit(point: Location, choices: Sequence[City]) -> str:
    """The city whose disc a point hits; of several the one whose middle is nearest. Empty where it hits none."""
    hit = [(km, city.slug) for city in choices if (km := _km(point, city.centre)) is not None and _in_disc(point, city)]
    return min(hit)[1] if hit else ""


def _in_disc(point: Location, city: City) -> bool:
    km = _km(point, city.centre)
    return km is not None and km <= max(city.radius_km or 0.0, _LEAST_RADIUS_KM)


def _km(one: Location | None, other: Location | None) -> float | None:
    if one is None or other is None:
        return None
    return float(distance_km(np.array([[one.lat, one.lon]]), np.array([[other.lat, other.lon]]))[0])


def _points(km: float | None) -> int:
    return 0 if km is None else round(float(game_score(np.array([km]))[0]))
