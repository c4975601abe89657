"""What a game is made of: participants, rounds, guesses, feedback, standings. Frozen values, checked when made."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from flaneur.errors import UsageError
from flaneur.types import City, Location, Prediction

Phase = Literal["training", "test"]
"""``training`` comes first and always tells the answer; only ``test`` counts."""


class AgainstRules(UsageError):  # noqa: N818 - it is an answer: play on otherwise
    """What a game does not allow, or not yet, such as a second answer to a round."""


@dataclass(frozen=True, slots=True)
class Caution:
    """What is to be told before a game starts, since it flatters the model or people, or may.

    Args:
        sentence: that tells it.
        code: ``learnt`` (the model did, from these photos), ``may_have_learnt``, ``not_checked`` (whether it did) or
            ``shared_ground`` (of training and test); empty in a game that an older flaneur made.
        values: what the sentence tells, by name, for a page in another language; nothing likewise.
    """

    sentence: str
    code: str = ""
    values: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Participant:
    """Somebody who plays, known by a code alone.

    Args:
        number: from 0, in the order of joining; which places are dealt hangs on it.
        code: to come back with; secret to the participant where it was drawn at random.
        name: for the leaderboard, as the participant wishes; empty in experiments.
        finished: whether every round is answered.
    """

    number: int
    code: str
    name: str
    finished: bool = False


@dataclass(frozen=True, slots=True)
class Round:
    """A place to look at and to answer. It tells nothing of the city.

    Args:
        number: from 1, through both phases; names the round in :meth:`flaneur.game.game.Game.answer`.
        phase: that it belongs to.
        position: from 1, within the phase.
        of: rounds in the phase.
        photos: files of the views, at least one. Their names must not be shown: serve them under other ones.
        credits: author and licence of each view, where known, else empty.
        choices: cities to answer with, by name.
        by_map: whether a point on the map is an answer too.
        tells: whether the answer is told after the guess.
    """

    number: int
    phase: Phase
    position: int
    of: int
    photos: tuple[Path, ...]
    credits: tuple[str, ...]
    choices: tuple[City, ...]
    by_map: bool
    tells: bool


@dataclass(frozen=True, slots=True)
class Guess:
    """An answer: a city's slug, or a point on the map.

    Args:
        city: slug of one of the round's choices.
        at: where the map was pointed at.
        seconds: from the moment the photo was to be seen until the answer, as the page measured it; ``None``: not
            measured.

    Raises:
        UsageError: neither or both, or seconds that are no time.

    >>> Guess(city="london", seconds=4.2)
    Guess(city='london', at=None, seconds=4.2)
    """

    city: str | None = None
    at: Location | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        if (self.city is None) == (self.at is None):
            raise UsageError("a guess names a city or a point on the map: one of the two.")
        if self.seconds is not None and not (math.isfinite(self.seconds) and self.seconds >= 0):
            raise UsageError(f"{self.seconds} is no number of seconds. Send 0 or more, or leave it out.")


@dataclass(frozen=True, slots=True)
class Score:
    """What a guess is worth.

    Args:
        city: slug that it names; of a point, the city that it hits. Empty where it hits none.
        correct: whether that is the city of the photo.
        distance_km: from the point, or from the middle of the city named, to where the photo was taken, or to the
            middle of its city where that is not known; ``None`` where that is not known either.
        points: 0 to 5000.
    """

    city: str
    correct: bool
    distance_km: float | None
    points: int


@dataclass(frozen=True, slots=True)
class Feedback:
    """What is told after a guess.

    Args:
        truth: the city.
        at: where the photo was taken, or the middle of the city; ``None`` where neither is known.
        score: of the guess.
        prediction: what the model says of the same views, among the same choices; ``None``: no model plays, or it
            could read no view.
        model_score: of its first choice.
        model: its name and version; empty where none plays.
    """

    truth: City
    at: Location | None
    score: Score
    prediction: Prediction | None
    model_score: Score | None
    model: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """A line of the leaderboard: test rounds only.

    Args:
        rank: from 1; equal points share a rank.
        name: of the participant, empty where none was given; of the model for its line.
        points: sum.
        correct: rounds with the right city.
        answered: rounds.
        of: rounds there are.
        is_model: whether it is the model's line.
        number: of the participant; ``None`` for the model.
    """

    rank: int
    name: str
    points: int
    correct: int
    answered: int
    of: int
    is_model: bool = False
    number: int | None = None
