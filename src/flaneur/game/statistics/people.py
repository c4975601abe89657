"""Guesses in; how often each person was right, how quickly, and beside the model at the same places, out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from flaneur.game.statistics.guesses import Guesses
from flaneur.metrics import Interval, McNemar, mcnemar, wilson


@dataclass(frozen=True, slots=True)
class Person:
    """One participant's test rounds.

    Args:
        code: of the participant.
        accuracy: share of right guesses; Wilson's interval covers further photos of this kind before this person.
        training: the same of the training rounds, whose answers were told; ``None``: there were none.
        seconds: median response time; not a number where none was measured.
        points: mean of a round, 0 to 5000.
        model: accuracy of the model at the same places; ``None``: no model plays.
        against: who alone was right, person first, and the exact chance of a split as uneven; ``None`` likewise.
    """

    code: str
    accuracy: Interval
    training: Interval | None
    seconds: float
    points: float
    model: Interval | None
    against: McNemar | None

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        against = self.against
        return {
            "code": self.code,
            "accuracy": self.accuracy.to_dict(),
            "training": None if self.training is None else self.training.to_dict(),
            "median_seconds": None if np.isnan(self.seconds) else round(self.seconds, 2),
            "mean_points": round(self.points, 1),
            "model_accuracy": None if self.model is None else self.model.to_dict(),
            "only_person": None if against is None else against.only_first,
            "only_model": None if against is None else against.only_second,
            "mcnemar_p": None if against is None else round(against.p, 6),
        }


def person_rows(test: Guesses, training: Guesses) -> tuple[Person, ...]:
    """Each person who guessed in the test phase, best first."""
    made = [_person(test, training, number) for number in test.persons]
    return tuple(sorted(made, key=lambda one: (-one.accuracy.value, one.code)))


def share_of(guesses: Guesses, *, model: bool = False) -> Interval:
    """A share of right guesses with Wilson's interval, as if all were independent: right for one person alone.

    Args:
        guesses: at least one.
        model: whether the model's are counted.
    """
    hits = guesses.model_correct if model else guesses.correct
    count, right = len(guesses), int(hits.sum())
    return Interval(right / count, *wilson(right, count), count, len(np.unique(guesses.places)))


def _person(test: Guesses, training: Guesses, number: int) -> Person:
    own, before = test.where(test.people == number), training.where(training.people == number)
    plays = own.said is not None
    timed = own.seconds[np.isfinite(own.seconds)]
    return Person(
        code=test.codes[number],
        accuracy=share_of(own),
        training=share_of(before) if len(before) else None,
        seconds=float(np.median(timed)) if len(timed) else float("nan"),
        points=float(own.points.mean()),
        model=share_of(own, model=True) if plays else None,
        against=mcnemar(own.correct, own.model_correct) if plays else None,
    )
