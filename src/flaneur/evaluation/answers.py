"""A model and photos in; what it said of each out, as arrays: logits, novelty, and the truth beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from flaneur.bundle.card import Card, beyond
from flaneur.errors import PhotoError
from flaneur.fusion import OWN_FUSION, fuse_places, log_softmax
from flaneur.predict import View, ViewScores
from flaneur.types import City, Photo

Floats = NDArray[np.float64]
_NONE = np.empty(0, np.float32)  # embeddings are not kept: a hundred thousand of them would fill the memory


@dataclass(frozen=True, slots=True)
class Doubt:
    """When the model says "none of the cities I know"; from its card.

    Args:
        temperature: that divides the logits.
        novelty_threshold: stranger photos are refused.
        probability_threshold: answers less probable than this are refused.
    """

    temperature: float = 1.0
    novelty_threshold: float = np.inf
    probability_threshold: float = 0.0


class Answering(Protocol):
    """What evaluation needs of a model; :class:`flaneur.predict.Model` has it."""

    @property
    def cities(self) -> tuple[City, ...]:
        """In the order of the logits."""
        ...

    @property
    def card(self) -> Card:
        """Temperature, thresholds, name, version and origin."""
        ...

    def scores(self, views: Iterable[View]) -> Iterator[tuple[View, ViewScores | PhotoError]]:
        """Per photo, in order: logits and novelty, or why it cannot be read."""
        ...


@dataclass(frozen=True)
class Answers:
    """What a model said of N photos (or, fused, of N places).

    Args:
        cities: C of them, in the order of the logits.
        photos: N, those that could be read; of a fused place its first photo.
        logits: ``[N, C]``.
        novelty: ``[N]``, higher is stranger.
        doubt: temperature and thresholds.
        failed: photos that could not be read, with the reason.
        attention: ``[N]`` how much each photo counts beside others of its place, where the model has learnt that.
        fusion: how the model joins the photos of a place.
    """

    cities: tuple[City, ...]
    photos: tuple[Photo, ...]
    logits: Floats
    novelty: Floats
    doubt: Doubt = Doubt()
    failed: tuple[tuple[Photo, str], ...] = ()
    attention: Floats | None = None
    fusion: str = OWN_FUSION

    @cached_property
    def labels(self) -> NDArray[np.intp]:
        """``[N]`` column of the true city; -1 where the model does not know it."""
        column = {city.slug: index for index, city in enumerate(self.cities)}
        return np.array([column.get(photo.city, -1) for photo in self.photos], np.intp)

    @cached_property
    def places(self) -> NDArray[np.intp]:
        """``[N]`` number of the place, equal for photos of one place."""
        names = [f"{photo.city}\0{photo.place}" for photo in self.photos]
        return np.asarray(np.unique(np.array(names, dtype=object), return_inverse=True)[1], np.intp)

    @cached_property
    def log_probabilities(self) -> Floats:
        """``[N, C]`` calibrated."""
        return log_softmax(self.logits / self.doubt.temperature)

    @cached_property
    def guesses(self) -> NDArray[np.intp]:
        """``[N]`` column of the most probable city."""
        return np.asarray(self.logits.argmax(axis=1), np.intp)

    @cached_property
    def confidence(self) -> Floats:
        """``[N]`` probability of the guess."""
        return np.asarray(np.exp(self.log_probabilities.max(axis=1)))

    @cached_property
    def answered(self) -> NDArray[np.bool_]:
        """``[N]`` whether the model dares to answer."""
        doubt = self.doubt
        return ~beyond(self.confidence, self.novelty, doubt.probability_threshold, doubt.novelty_threshold)

    @cached_property
    def correct(self) -> NDArray[np.bool_]:
        """``[N]`` whether the guess is the true city."""
        return np.asarray(self.guesses == self.labels)

    def where(self, rows: NDArray[np.bool_], failed: tuple[tuple[Photo, str], ...] = ()) -> Answers:
        """Only these rows, ``[N]``, with these failures."""
        photos = tuple(photo for photo, keep in zip(self.photos, rows, strict=True) if keep)
        kept = replace(self, photos=photos, logits=self.logits[rows], novelty=self.novelty[rows], failed=failed)
        return kept if self.attention is None else replace(kept, attention=self.attention[rows])

    def guesses_among(self, columns: Sequence[int]) -> NDArray[np.intp]:
        """``[N]`` column of the most probable city when only these may be chosen."""
        allowed = np.asarray(columns, np.intp)
        return np.asarray(allowed[self.logits[:, allowed].argmax(axis=1)], np.intp)

    def fused(self, fusion: str = "") -> Answers:
        """One row a place: its views joined as ``Model.predict`` does, and their mean novelty.

        Args:
            fusion: one of :data:`flaneur.fusion.FUSIONS`; the model's own by default.
        """
        heat, how = self.doubt.temperature, fusion or self.fusion
        logs = fuse_places(self.logits, self.places, how, temperature=heat, attention=self.attention)
        novelty = np.bincount(self.places, self.novelty) / np.bincount(self.places)
        first = np.unique(self.places, return_index=True)[1]
        photos = tuple(self.photos[row] for row in first)
        doubt = replace(self.doubt, temperature=1.0)  # the probabilities are calibrated already
        return replace(self, photos=photos, logits=logs, novelty=novelty, doubt=doubt, failed=(), attention=None)


def collect_answers(
    model: Answering, photos: Iterable[tuple[Photo, Path]], progress: Callable[[int], None] | None = None
) -> Answers:
    """Ask the model about every photo.

    Args:
        model: the bundle as users get it.
        photos: each with the file that holds its pixels; no more than a few are in memory.
        progress: called with 1 after each photo.
    """
    asked = list(photos)
    kept: list[Photo] = []
    said: list[ViewScores] = []
    failed: list[tuple[Photo, str]] = []
    for (photo, _), (_, found) in zip(asked, model.scores(path for _, path in asked), strict=True):
        if isinstance(found, PhotoError):
            failed.append((photo, found.code))
        else:
            kept.append(photo)
            said.append(replace(found, embedding=_NONE, thumbnail=b""))
        if progress is not None:
            progress(1)
    logits = np.array([one.logits for one in said], np.float64).reshape(len(kept), len(model.cities))
    novelty = np.array([one.novelty for one in said], np.float64)
    heed = [one.attention for one in said if one.attention is not None]
    attention = np.array(heed, np.float64) if heed else None
    doubt = doubt_of(model.card)
    return Answers(model.cities, tuple(kept), logits, novelty, doubt, tuple(failed), attention, model.card.fusion)


def doubt_of(card: Card) -> Doubt:
    """Temperature and thresholds as a model's card states them; a threshold that is missing never refuses."""
    return Doubt(card.temperature, card.abstain.novelty_limit, card.abstain.probability_threshold)
