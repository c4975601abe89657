"""Guesses in; place by place how many people were right, and whether the model was, out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from flaneur.game.statistics.guesses import Guesses


@dataclass(frozen=True, slots=True)
class Place:
    """One place and what was said of it.

    Args:
        number: of the place.
        name: of the place, with its city.
        city: column of the true one.
        right: people who were right.
        guesses: people who guessed.
        named: column of the city that people named most often; -1 where none.
        said: column of the model's first choice; ``None``: no model plays.
        probability: of that choice; ``None`` likewise.
    """

    number: int
    name: str
    city: int
    right: int
    guesses: int
    named: int
    said: int | None
    probability: float | None

    @property
    def share(self) -> float:
        """Of the people who were right."""
        return self.right / self.guesses

    @property
    def model_right(self) -> bool | None:
        """Whether the model was; ``None``: no model plays."""
        return None if self.said is None else self.said == self.city

    def to_dict(self, cities: tuple[str, ...]) -> dict[str, Any]:
        """Plain JSON values; ``cities`` are the slugs of the columns."""
        return {
            "place": self.name,
            "city": cities[self.city],
            "right": self.right,
            "guesses": self.guesses,
            "named_most": None if self.named < 0 else cities[self.named],
            "model_says": None if self.said is None else cities[self.said],
            "model_probability": None if self.probability is None else round(self.probability, 6),
        }


def place_rows(guesses: Guesses) -> tuple[Place, ...]:
    """Every place that somebody guessed, by number."""
    return tuple(_place(guesses, number) for number in np.unique(guesses.places).tolist())


def only_people(places: tuple[Place, ...]) -> list[Place]:
    """Places that half of the people or more get and the model does not: most people first, city by city in turn."""
    found = [place for place in places if place.model_right is False and 2 * place.right >= place.guesses]
    return _by_turns(sorted(found, key=lambda place: (-place.right, -place.share, place.name)))


def only_model(places: tuple[Place, ...]) -> list[Place]:
    """Places that the model gets and fewer than half of the people: where most were wrong first, likewise."""
    found = [place for place in places if place.model_right and 2 * place.right < place.guesses]
    ranked = sorted(found, key=lambda place: (place.right - place.guesses, place.share, place.name))
    return _by_turns(ranked)


def _by_turns(places: list[Place]) -> list[Place]:
    """First the best of every city, then the second best of every city, and so on."""
    turn: dict[int, int] = {}
    ranked = []
    for order, place in enumerate(places):
        turn[place.city] = turn.get(place.city, 0) + 1
        ranked.append((turn[place.city], order, place))
    return [place for _, _, place in sorted(ranked, key=lambda one: one[:2])]


def _place(guesses: Guesses, number: int) -> Place:
    rows = np.flatnonzero(guesses.places == number)
    named = guesses.named[rows]
    counts = np.bincount(named[named >= 0], minlength=1)
    said, probability = guesses.said, guesses.said_probability
    return Place(
        number=number,
        name=guesses.place_names[number],
        city=int(guesses.labels[rows[0]]),
        right=int(guesses.correct[rows].sum()),
        guesses=len(rows),
        named=int(counts.argmax()) if counts.any() else -1,
        said=None if said is None else int(said[rows[0]]),
        probability=None if probability is None else float(probability[rows[0]]),
    )
