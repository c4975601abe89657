"""A game in; all that its guesses tell, with intervals, out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flaneur.errors import InputError, counted
from flaneur.game.game import Game
from flaneur.game.settings import GameSettings
from flaneur.game.statistics.against import Against, against_model
from flaneur.game.statistics.crossed import Crossed, crossed_share
from flaneur.game.statistics.guesses import Guesses, guesses_of
from flaneur.game.statistics.learning import Learning, learning
from flaneur.game.statistics.mistakes import Mistakes, mistakes
from flaneur.game.statistics.people import Person, person_rows
from flaneur.game.statistics.photos import Place, place_rows
from flaneur.game.statistics.power import Power, power


@dataclass(frozen=True)
class Analysis:
    """What a game tells.

    Args:
        settings: of the game.
        dataset: its name.
        model: name and version; empty where none plays.
        test: guesses that count.
        training: those before them.
        accuracy: share of right guesses of all people.
        people: each of them, best first.
        learning: over the rounds.
        against: people less the model; ``None``: no model plays.
        mistakes: what is taken for what.
        places: what was said of each.
        power: what ± 5 points take.
        warnings: what flatters somebody.
        paths: files of the first view of each place that was guessed, by name; those that are still there.
        credits: author and licence of that view, where known.
    """

    settings: GameSettings
    dataset: str
    model: str
    test: Guesses
    training: Guesses
    accuracy: Crossed
    people: tuple[Person, ...]
    learning: Learning
    against: Against | None
    mistakes: Mistakes
    places: tuple[Place, ...]
    power: Power
    warnings: tuple[str, ...] = ()
    paths: Mapping[str, Path] = field(default_factory=dict)
    credits: Mapping[str, str] = field(default_factory=dict)

    @property
    def chance(self) -> float:
        """Share of right guesses of somebody who guesses blindly."""
        return 1 / len(self.test.cities)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; ``report.json``."""
        slugs = tuple(city.slug for city in self.test.cities)
        return {
            "game": self.settings.name,
            "settings": self.settings.to_dict(),
            "dataset": self.dataset,
            "model": self.model or None,
            "chance": round(self.chance, 6),
            "accuracy": self.accuracy.to_dict(),
            "people": [person.to_dict() for person in self.people],
            "learning": self.learning.to_dict(),
            "against_model": None if self.against is None else self.against.to_dict(),
            "mistakes": self.mistakes.to_dict(slugs),
            "places": [place.to_dict(slugs) for place in self.places],
            "power": self.power.to_dict(),
            "warnings": list(self.warnings),
        }


def analyse(game: Game) -> Analysis:
    """All that the guesses of a game tell so far; equal guesses give equal numbers.

    Raises:
        InputError: nobody has answered a test round yet.
    """
    test, training = guesses_of(game), guesses_of(game, "training")
    if not len(test):
        raise InputError(f"game {game.settings.name}: nobody has answered a test round yet. Play first.")
    places = place_rows(test)
    paths, credits_of = _first_views(game, places)
    return Analysis(
        settings=game.settings,
        dataset=game.dataset.name,
        model="" if game.model is None else game.model.name,
        test=test,
        training=training,
        accuracy=crossed_share(test.correct, test.people, test.places),
        people=person_rows(test, training),
        learning=learning(test, training),
        against=against_model(test),
        mistakes=mistakes(test),
        places=places,
        power=power(test),
        warnings=(*(one.sentence for one in game.cautions), *_left_out(game, len(test) + len(training))),
        paths=paths,
        credits=credits_of,
    )


def _left_out(game: Game, counted_in: int) -> list[str]:
    answers = len(game.store.played()) - counted_in
    told = f"{counted(answers, 'answer')} left out, since photos of that place cannot be read any more."
    return [told] if answers else []


def _first_views(game: Game, places: tuple[Place, ...]) -> tuple[dict[str, Path], dict[str, str]]:
    files, credited = {}, {}
    for place in places:
        try:
            files[place.name] = game.pictures.files(place.number)[0]
            credited[place.name] = game.pictures.credits(place.number)[0]
        except InputError:  # a report is of what was guessed; a photo that is gone is not shown
            continue
    return files, credited
