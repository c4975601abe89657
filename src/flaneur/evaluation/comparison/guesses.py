"""What one system said of N photos, whoever it is, as aligned columns: the guess, and as far as known how sure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flaneur import metrics
from flaneur.evaluation.answers import Answers
from flaneur.metrics import Floats
from flaneur.types import City, Photo


@dataclass(frozen=True)
class Guesses:
    """One system's answers to photos whose city is known.

    Args:
        name: of the system.
        photos: N of them.
        guess: N slugs of cities.
        answered: ``[N]`` whether it dared to answer; a refused photo has its first guess all the same.
        cities: those it chose among; empty where nobody says.
        probability: ``[N]`` of the guess, or ``None`` where it gave none.
        loss: ``[N]`` minus the natural logarithm of the true city's probability, or ``None``.
        top_3: ``[N]`` whether the true city was among the first three, or ``None``.
        origin: what it was measured on: ``dataset``, ``content_hash``, ``part`` and the like, as far as known.
        notes: sentences about answers that could not be understood.
    """

    name: str
    photos: tuple[Photo, ...]
    guess: tuple[str, ...]
    answered: NDArray[np.bool_]
    cities: tuple[City, ...] = ()
    probability: Floats | None = None
    loss: Floats | None = None
    top_3: NDArray[np.bool_] | None = None
    origin: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def correct(self) -> NDArray[np.bool_]:
        """``[N]`` whether the guess is the true city."""
        pairs = zip(self.photos, self.guess, strict=True)
        return np.array([photo.city == guess for photo, guess in pairs], bool)

    def same_model(self, other: Guesses) -> bool:
        """Whether two that have answered the same photos are one model: so by name, and as sure of every answer."""
        if self.probability is None or other.probability is None or self.guess != other.guess:
            return False
        names = {(one.origin.get("model"), one.origin.get("model_version")) for one in (self, other)}
        named = len(names) == 1 and self.origin.get("model") is not None
        return named and bool(np.allclose(self.probability, other.probability))

    def rows(self, wanted: Sequence[int]) -> Guesses:
        """Only these rows, in this order."""
        index = np.asarray(wanted, np.intp)
        return replace(
            self,
            photos=tuple(self.photos[row] for row in wanted),
            guess=tuple(self.guess[row] for row in wanted),
            answered=self.answered[index],
            probability=None if self.probability is None else self.probability[index],
            loss=None if self.loss is None else self.loss[index],
            top_3=None if self.top_3 is None else self.top_3[index],
        )


def guesses_of(name: str, answers: Answers, origin: Mapping[str, Any] | None = None) -> Guesses:
    """A model's answers to those photos whose city it knows."""
    known = answers.where(answers.labels >= 0)
    return Guesses(
        name=name,
        photos=known.photos,
        guess=tuple(known.cities[column].slug for column in known.guesses.tolist()),
        answered=known.answered,
        cities=known.cities,
        probability=known.confidence,
        loss=metrics.negative_log_likelihood(known.log_probabilities, known.labels),
        top_3=metrics.top_k_hits(known.logits, known.labels, 3),
        origin=origin or {},
    )
