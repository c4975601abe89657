"""A game in; what people guessed, and what the model said of the same places, as arrays out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flaneur.game.game import Game
from flaneur.game.shapes import Phase
from flaneur.types import City

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Guesses:
    """N guesses of one phase.

    Args:
        cities: C of them, in the order of the columns.
        codes: of the people, by number.
        place_names: by number.
        people: ``[N]`` who guessed.
        places: ``[N]`` where.
        labels: ``[N]`` column of the true city.
        named: ``[N]`` column of the city named; -1 where a point on the map hits none.
        correct: ``[N]`` whether the guess counts as right.
        position: ``[N]`` which round of the phase it was, from 1.
        seconds: ``[N]`` response time; not a number where it was not measured, or the round was shown again.
        points: ``[N]`` of the game.
        said: ``[N]`` column of the model's first choice at the place; ``None``: no model plays.
        said_probability: ``[N]`` of that choice; ``None`` likewise.
    """

    cities: tuple[City, ...]
    codes: tuple[str, ...]
    place_names: tuple[str, ...]
    people: NDArray[np.intp]
    places: NDArray[np.intp]
    labels: NDArray[np.intp]
    named: NDArray[np.intp]
    correct: NDArray[np.bool_]
    position: NDArray[np.intp]
    seconds: Floats
    points: Floats
    said: NDArray[np.intp] | None = None
    said_probability: Floats | None = None

    def __len__(self) -> int:
        return len(self.people)

    @cached_property
    def model_correct(self) -> NDArray[np.bool_]:
        """``[N]`` whether the model's first choice is; all false where no model plays."""
        return np.zeros(len(self), bool) if self.said is None else np.asarray(self.said == self.labels)

    @property
    def persons(self) -> list[int]:
        """Numbers of the people who guessed."""
        return [int(number) for number in np.unique(self.people)]

    def where(self, rows: NDArray[np.bool_]) -> Guesses:
        """Only these rows, ``[N]``."""
        kept = {name: getattr(self, name)[rows] for name in _COLUMNS}
        if self.said is not None and self.said_probability is not None:
            kept |= {"said": self.said[rows], "said_probability": self.said_probability[rows]}
        return replace(self, **kept)


_COLUMNS = ("people", "places", "labels", "named", "correct", "position", "seconds", "points")


def guesses_of(game: Game, phase: Phase = "test") -> Guesses:
    """Every answered round of a phase; the model is asked about places that it has not seen yet.

    Where one plays, places whose photos cannot be read are left out: neither side could see anything there.

    Args:
        game: that was played.
        phase: ``test``, which counts, or ``training``.
    """
    rows = [row for row in game.store.played() if row["phase"] == phase]
    column = {city.slug: index for index, city in enumerate(game.cities)}
    before = game.settings.training_rounds if phase == "test" else 0
    made = Guesses(
        cities=game.cities,
        codes=tuple(person["code"] for person in game.store.participants()),
        place_names=tuple(place.name for _, place in game.places),
        people=_whole(rows, lambda row: row["participant"]),
        places=_whole(rows, lambda row: row["place"]),
        labels=_whole(rows, lambda row: column[row["truth"]]),
        named=_whole(rows, lambda row: column.get(row["named"], -1)),
        correct=np.array([bool(row["correct"]) for row in rows], bool),
        position=_whole(rows, lambda row: row["round"] - before),
        seconds=np.array([_seconds(row) for row in rows], np.float64),
        points=np.array([row["points"] for row in rows], np.float64),
    )
    if game.machine is None:
        return made
    said = game.machine.ask(made.places.tolist())
    made = made.where(np.isin(made.places, list(said)))
    first = [said[place].ranking[0] for place in made.places.tolist()]
    return replace(
        made,
        said=np.array([column[one.city.slug] for one in first], np.intp),
        said_probability=np.array([one.probability for one in first], np.float64),
    )


def _whole(rows: list[dict[str, Any]], value: Any) -> NDArray[np.intp]:
    return np.array([value(row) for row in rows], np.intp)


def _seconds(row: dict[str, Any]) -> float:
    """A round that was shown again was looked at for longer than the last time tells."""
    return float("nan") if row["seconds"] is None or row["times_shown"] > 1 else float(row["seconds"])
