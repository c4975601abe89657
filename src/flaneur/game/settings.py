"""A protocol file, or flags, in; how a game or an experiment goes, checked and frozen, out."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from flaneur.errors import UsageError, did_you_mean
from flaneur.evaluation.run import What
from flaneur.settings import is_plain
from flaneur.strict_table import from_table, read_toml
from flaneur.types import slugify

_MOST_ROUNDS, _MOST_VIEWS = 1000, 12
Deal = Literal["same", "spread"]


@dataclass(frozen=True, slots=True)
class GameSettings:
    """How a game goes.

    Args:
        name: of the game, and of its folder below ``~/flaneur/games``.
        title: for people; the name by default.
        split: part that test rounds are dealt from, as ``test`` or ``NAME/test``.
        test_rounds: rounds that count.
        training_rounds: rounds before them, whose answer is always told and which do not count.
        training_split: part that training rounds are dealt from: another one, so that no training photo shows ground
            that a test photo shows.
        tells: whether the answer is told after a test round.
        views: most photos of a place that are shown together; the model sees the same ones.
        by_map: whether a point on the map is an answer too.
        cities: slugs to play with; all that dataset and model have in common by default.
        deal: ``same``: all participants get the same places, which is fair to a leaderboard; ``spread``: each gets
            others as far as there are, which says more about all photos. The order differs either way.
        leaderboard: whether participants are told how the others did.
        consent: text that a participant must agree to before the first round; none by default.
        thanks: text after the last round.
        codes: who may join; anybody by default, under a code drawn at random.
        seed: of the dealing.

    Raises:
        UsageError: a value that cannot be.

    >>> GameSettings(test_rounds=10).deal
    'same'
    """

    name: str = "game"
    title: str = ""
    split: str = "test"
    test_rounds: int = 5
    training_rounds: int = 0
    training_split: str = "validation"
    tells: bool = True
    views: int = 1
    by_map: bool = True
    cities: tuple[str, ...] = ()
    deal: Deal = "same"
    leaderboard: bool = True
    consent: str = ""
    thanks: str = ""
    codes: tuple[str, ...] = ()
    seed: int = 0

    def __post_init__(self) -> None:
        if not is_plain(self.name):
            raise UsageError(f"{self.name!r} cannot be the name of a game. Use letters, digits, '-', '_' and '.'.")
        if self.deal not in ("same", "spread"):
            raise UsageError(
                f"deal = {self.deal!r}: use 'same' or 'spread'.{did_you_mean(self.deal, ('same', 'spread'))}"
            )
        for name, low, high in (
            ("test_rounds", 1, _MOST_ROUNDS), ("training_rounds", 0, _MOST_ROUNDS), ("views", 1, _MOST_VIEWS),
            ("seed", 0, 2**63 - 1),
        ):  # fmt: skip
            if not low <= getattr(self, name) <= high:
                raise UsageError(f"{name} = {getattr(self, name)} must be from {low} to {high}.")
        if len({code_key(code) for code in self.codes} - {""}) < len(self.codes):
            raise UsageError("codes: each must be another word of letters or digits; capitals do not count.")
        What.parse(self.split), What.parse(self.training_split)

    @property
    def rounds(self) -> int:
        """Of both phases."""
        return self.training_rounds + self.test_rounds

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; :func:`of_table` reads them."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}


EXPERIMENT: dict[str, Any] = {
    "name": "experiment", "test_rounds": 50, "training_rounds": 25, "tells": False, "by_map": False, "deal": "spread",
    "leaderboard": False,
}  # fmt: skip
"""What an experiment says otherwise than a game: paper 002's 25 rounds of training with feedback and 50 without."""


def code_key(code: str) -> str:
    """A code as it is compared: people mix up capitals, and dashes are there to be read.

    >>> code_key("AB7-kq2"), code_key(" ab7kq2 ")
    ('ab7kq2', 'ab7kq2')
    """
    return "".join(letter for letter in code.casefold() if letter.isalnum())


def read_protocol(path: Path) -> GameSettings:
    """An experiment's protocol from a TOML file; what it does not say is as :data:`EXPERIMENT` has it.

    Raises:
        UsageError: no such file, not TOML, an unknown key (with a suggestion), or a value that cannot be.
    """
    table = read_toml(path, "protocol")
    said = of_table(EXPERIMENT | {"name": slugify(path.stem) or "experiment"} | table, str(path))
    return replace(said, consent=paragraphs(said.consent), thanks=paragraphs(said.thanks))


def paragraphs(text: str) -> str:
    r"""A text whose lines were broken to fit a file, with whole paragraphs; items of a list keep their lines.

    >>> paragraphs("I agree that my\nanswers are kept.\n\nI may stop:\n- now\n- later\n")
    'I agree that my answers are kept.\n\nI may stop:\n- now\n- later'
    """
    return re.sub(r"(?<=\S)[ \t]*\n[ \t]*(?=[^\s\-*•])", " ", text.strip())


def of_table(table: dict[str, Any], where: str) -> GameSettings:
    """Settings from plain values.

    Args:
        table: by key.
        where: they stand, for messages.

    Raises:
        UsageError: an unknown key (with a suggestion), a wrong type, or a value that cannot be.

    >>> of_table({"test_rounds": 3, "cities": ["london", "tokyo"]}, "page").cities
    ('london', 'tokyo')
    """
    try:
        return from_table(GameSettings, table, where)
    except UsageError as error:
        text = str(error)
        raise UsageError(text if text.startswith(where) else f"{where}: {text}") from error
