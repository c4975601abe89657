"""A model, a new city's name and what the model says of its photos in; whether it may be a city it knows, out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

import numpy as np

from flaneur.add_city.answers import Scores
from flaneur.add_city.prototype import LEAST_PHOTOS
from flaneur.errors import UsageError
from flaneur.fusion import log_softmax
from flaneur.predict import Model, ViewScores
from flaneur.types import City

_LIKE_NAME = 0.75  # of difflib's ratio: "Tokio" is to Tokyo 0.8 like, "Roma" to Rome 0.75, "Lima" to Manila 0.6
_SURE = 0.7
_MANY = 0.5  # of the photos; of photos of its own cities the bundled model is sure of 54 to 100 %


class KnownCityError(UsageError):
    """The model knows the city already."""


class SameCityError(UsageError):
    """The new city may be one that the model knows, by another name.

    Attributes:
        alike: why.
    """

    def __init__(self, model: str, name: str, alike: Alike) -> None:
        known = alike.city.name
        seen = f"{alike.photos} of {alike.of} of these photos look like {known} to {model}"
        why = f"the name is nearly {known}'s" if alike.by_name else seen
        super().__init__(
            f"{name}: {why}. Is it the same city? If so, the model knows it already; if not, add --even-so."
        )
        self.alike = alike


@dataclass(frozen=True, slots=True)
class Alike:
    """A city that a new one is like.

    Args:
        city: that the model knows.
        photos: of the new city that surely look like it.
        of: of how many.
        by_name: whether the names are nearly the same.
    """

    city: City
    photos: int
    of: int
    by_name: bool


def refuse_the_same(model: Model, city: City, scores: Sequence[ViewScores]) -> None:
    """See to it that a new city is not one that the model knows.

    Raises:
        SameCityError: the name is a letter or two from that of a known city, or the model is sure that at
            least half of the photos show it.
    """
    if (alike := like(model, city.name, scores)) is not None:
        raise SameCityError(model.name, city.name, alike)


def like(model: Model, name: str, scores: Sequence[ViewScores]) -> Alike | None:
    """The city that a new one is like, if any: by its name first, else by its photos."""
    first, count = _most(model, scores)
    for number, known in enumerate(model.cities):
        if SequenceMatcher(None, name.casefold(), known.name.casefold()).ratio() >= _LIKE_NAME:
            return Alike(known, count if number == first else 0, len(scores), by_name=True)
    if len(scores) >= LEAST_PHOTOS and count >= _MANY * len(scores):
        return Alike(model.cities[first], count, len(scores), by_name=False)
    return None


def _most(model: Model, scores: Sequence[ViewScores]) -> tuple[int, int]:
    """Which city the model is sure of most often, and how often."""
    if not scores:
        return 0, 0
    said = Scores(
        np.stack([one.logits for one in scores]).astype(np.float64), np.array([one.novelty for one in scores])
    )
    card = model.card
    sure = np.exp(log_softmax(said.logits / card.temperature)).max(axis=1) >= _SURE
    counts = np.bincount(said.first[sure & ~said.abstained(card.temperature, card.abstain)], minlength=len(card.cities))
    return int(counts.argmax()), int(counts.max())
