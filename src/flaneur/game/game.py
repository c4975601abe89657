"""A dataset, perhaps a model, and people in; rounds dealt, guesses kept and scored out. Safe from any thread."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from flaneur.dataset.store import Dataset
from flaneur.game.settings import GameSettings
from flaneur.game.shapes import Feedback, Guess, Participant, Round, Standing
from flaneur.predict import Model
from flaneur.types import City


class Game:
    """A game or an experiment, kept in a folder of its own so that it can go on at any time."""

    folder: Path
    settings: GameSettings
    dataset: Dataset
    model: Model | None
    cities: tuple[City, ...]
    """The choices, with centres where they can be known."""
    join_code: str
    """Six letters and digits that let somebody in; for a class."""
    warnings: tuple[str, ...]
    """What is to be told before it starts, such as that the model learnt from these photos."""

    def join(self, code: str = "", *, name: str = "", consent: bool = False) -> Participant:
        """Take somebody in, or back in.

        Args:
            code: of the participant; empty for somebody new where anybody may join.
            name: for the leaderboard.
            consent: whether the participant has agreed to ``settings.consent``.

        Raises:
            UsageError: a code that there is not, or no consent where it is asked for.
        """
        raise NotImplementedError

    def participant(self, code: str) -> Participant:
        """Somebody who has joined.

        Raises:
            UsageError: no such code.
        """
        raise NotImplementedError

    def next_round(self, participant: Participant) -> Round | None:
        """The first round that is not answered yet; ``None`` when all are. Noted as shown."""
        raise NotImplementedError

    def answer(self, participant: Participant, number: int, guess: Guess) -> Feedback | None:
        """Keep and score a guess. The same guess again changes nothing, so a page may send it twice.

        Returns:
            What is to be told; ``None`` where the round does not tell.

        Raises:
            UsageError: no such round, another than the next one, already answered otherwise, or a city that was not to
                choose.
        """
        raise NotImplementedError

    def feedback(self, participant: Participant, number: int) -> Feedback | None:
        """What is told of a round that is answered; ``None`` where it does not tell.

        Raises:
            UsageError: the round is not answered yet.
        """
        raise NotImplementedError

    def result(self, participant: Participant) -> Standing:
        """How somebody did in the test rounds answered so far."""
        raise NotImplementedError

    def standings(self) -> list[Standing]:
        """The leaderboard, best first; with the model's line where all play the same places."""
        raise NotImplementedError

    def close(self) -> None:
        """Let go of the file."""
        raise NotImplementedError


def new_game(dataset: str | Path | Dataset, model: str | Path | Model | None, settings: GameSettings) -> Game:
    """Start a game, or go on with the one of that name where dataset, model and settings are the same.

    Raises:
        InputError: too few photos or cities.
        UsageError: there is another game of that name, a city that there is not.
    """
    raise NotImplementedError


def open_game(name: str | Path, model: Model | None = None) -> Game:
    """A game that was started before.

    Args:
        name: or folder.
        model: the one that plays, where it is loaded already; else it is loaded by its name.

    Raises:
        InputError: there is none, or its dataset or model is gone.
    """
    raise NotImplementedError


def games() -> Sequence[str]:
    """Names of the games below ``~/flaneur/games``."""
    raise NotImplementedError
