"""Guesses so far in; how many more guesses or people it would take to know accuracy to five points out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from flaneur.game.statistics.crossed import student
from flaneur.game.statistics.guesses import Guesses
from flaneur.metrics import wilson

_HALF = 0.05
_MOST = 100_000
_LEAST_PEOPLE = 5


@dataclass(frozen=True, slots=True)
class Power:
    """What a 95 % interval of ± 5 points takes.

    Args:
        per_person: guesses of one person, to know that person.
        people: persons with as many rounds as now, to know people of this kind; ``None``: fewer than five have
            played, from whom it cannot be planned.
        rounds: a person has guessed on average.
        spread: standard deviation of accuracy between persons, the noise of their few rounds included: never less
            than that noise alone brings. Not a number likewise.
    """

    per_person: int
    people: int | None
    rounds: float
    spread: float

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        spread = None if math.isnan(self.spread) else round(self.spread, 4)
        rounds = round(self.rounds, 1)
        return {"guesses_per_person": self.per_person, "people": self.people, "rounds": rounds, "spread": spread}


def power(guesses: Guesses) -> Power:
    """From the accuracy and the spread between persons so far; at least one guess."""
    shares = [float(guesses.correct[guesses.people == number].mean()) for number in guesses.persons]
    count, mean = len(guesses), float(guesses.correct.mean())
    rounds, per_person = count / len(shares), guesses_needed(mean)
    if len(shares) < _LEAST_PEOPLE:
        return Power(per_person, None, rounds, math.nan)
    shrunk = (mean * count + 2) / (count + 4)  # all right so far are not all right for ever
    spread = max(float(np.std(shares, ddof=1)), math.sqrt(shrunk * (1 - shrunk) / rounds))
    return Power(per_person, people_needed(spread), rounds, spread)


def guesses_needed(share: float, half: float = _HALF) -> int:
    """Fewest independent guesses whose Wilson interval is no wider than ``half`` either way.

    >>> guesses_needed(0.5), guesses_needed(0.9)
    (381, 141)
    """
    low, high = 1, _MOST
    while low < high:
        middle = (low + high) // 2
        ends = wilson(share * middle, middle)
        low, high = (low, middle) if (ends[1] - ends[0]) / 2 <= half else (middle + 1, high)
    return low


def people_needed(spread: float, half: float = _HALF) -> int:
    """Fewest persons for the mean of their accuracies to be known to ``half`` either way, by Student's t.

    Args:
        spread: standard deviation of accuracy between persons.
        half: of the interval.

    >>> people_needed(0.15), people_needed(0.0)
    (38, 2)
    """
    count = 2
    while student(count - 1) * spread / math.sqrt(count) > half:
        count += 1
    return count
