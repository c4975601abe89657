"""How people did on the same photos, from games that were played on them; measured by :mod:`flaneur.game`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from flaneur.errors import counted
from flaneur.evaluation.phrases import percent, points_span, span
from flaneur.evaluation.section import Findings
from flaneur.metrics import Interval


@dataclass(frozen=True, slots=True)
class PlayedGame:
    """One game or experiment.

    Args:
        name: of the game.
        people: who answered.
        cities: that they, and here the model, chose among.
        accuracy: of people; the interval covers what ``covers`` says. Its groups are the photos.
        model: this model's, at the same photos, each as often as people answered there.
        difference: these people less the model, paired; the interval covers other photos.
        covers: what would be drawn anew, in words.
    """

    name: str
    people: int
    cities: int
    accuracy: Interval
    model: Interval
    difference: Interval
    covers: str

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "game": self.name,
            "people": self.people,
            "answers": self.accuracy.n,
            "cities": self.cities,
            "accuracy": self.accuracy.to_dict(),
            "model": self.model.to_dict(),
            "difference": self.difference.to_dict(),
            "covers": self.covers,
        }


@dataclass(frozen=True, slots=True)
class People:
    """People beside the model, game by game; at least one."""

    key: ClassVar[str] = "people"
    games: tuple[PlayedGame, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {"games": [game.to_dict() for game in self.games]}

    def findings(self) -> Findings:
        """What the numbers mean: the model's strength only where it does better than people did."""
        good = [game for game in self.games if game.difference.high < 0]
        beware = [game for game in self.games if game not in good]
        return Findings(tuple(map(_told, good)), tuple(map(_told, beware)))


def _told(game: PlayedGame) -> str:
    people = "1 person" if game.people == 1 else f"{game.people:,} people"
    return (
        f"{people} ({game.name}: {counted(game.accuracy.n, 'answer')} to {counted(game.accuracy.groups, 'photo')}) "
        f"named the right one of {counted(game.cities, 'city')} for {percent(game.accuracy.value)} "
        f"({span(game.accuracy)}), the model for {percent(game.model.value)} at the same photos: {_verdict(game)}."
    )


def _verdict(game: PlayedGame) -> str:
    gap = game.difference
    numbers = f"{points_span(gap)} points, people less model"
    if math.isnan(gap.low):
        return "from one photo nothing follows"
    if gap.high < 0:
        return f"it does better than these people ({numbers})"
    if gap.low > 0:
        return f"these people do better ({numbers})"
    return f"who does better cannot be told ({numbers})"
