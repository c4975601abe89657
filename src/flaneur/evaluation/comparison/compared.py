"""What two or more systems said of the same photos in; their numbers side by side, and pair by pair, out."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from flaneur.evaluation.guesses import Guesses
from flaneur.evaluation.measures.paired import Pair
from flaneur.metrics import Interval


@dataclass(frozen=True, slots=True)
class ModelNumbers:
    """One system on the photos that all have in common.

    Args:
        name: of the system.
        choices: cities it chose among; ``None`` where nobody says.
        accuracy: share of photos told right.
        macro_recall: mean over the cities.
        by_city: recall, city by city.
        top_3: share whose city is among its first three; ``None``, as below, where it states no probabilities.
        ece: expected calibration error.
        nll: mean negative log-likelihood of the true city.
        median_km: from the guessed city's centre to the photo; ``None`` where positions or centres are not known.
        coverage: share it dared to answer.
        accuracy_answered: of those.
    """

    name: str
    choices: int | None
    accuracy: Interval
    macro_recall: Interval
    by_city: tuple[Interval, ...]
    top_3: Interval | None
    ece: Interval | None
    nll: Interval | None
    median_km: Interval | None
    coverage: Interval
    accuracy_answered: Interval


@dataclass(frozen=True)
class Compared:
    """Two or more systems on the same photos.

    Args:
        models: their numbers, in the order they were named.
        pairs: every two of them, corrected for how many pairs there are.
        cities: slugs of the cities that the photos are of.
        said: what each said, aligned row by row.
        left_out: sentences: photos that are not compared, and why.
        paths: the file of a photo, by id, where its dataset is on this computer.
        command: that makes this again.
    """

    models: tuple[ModelNumbers, ...]
    pairs: tuple[Pair, ...]
    cities: tuple[str, ...]
    said: tuple[Guesses, ...]
    left_out: tuple[str, ...] = ()
    paths: dict[str, Path] = field(default_factory=dict)
    command: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """Of the systems."""
        return tuple(model.name for model in self.models)
