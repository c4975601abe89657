"""A model without a network: it answers by a generator that is seeded with the photo's id."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from flaneur.bundle.card import AbstainRule, Card, DatasetInfo, EncoderInfo
from flaneur.dataset.store import Dataset
from flaneur.errors import PhotoError
from flaneur.predict import View, ViewScores
from flaneur.protocols import PreprocessSpec
from flaneur.types import City, Photo

CITIES = (City("arles", "Arles"), City("bari", "Bari <b>"), City("cork", "Cork"))
CARD = Card(
    name="fake", version="1", created="2026-01-01", cities=CITIES, encoder=EncoderInfo("none", "0", 1),
    preprocess=PreprocessSpec(8, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)), temperature=1.0,
    abstain=AbstainRule("neighbours", 0.8, 0.2), dataset=DatasetInfo("toy", "", 0, 0),
)  # fmt: skip


class FakeModel:
    """Answers by a generator seeded with the photo's id; unreadable where the name says so."""

    def __init__(self, *datasets: Dataset, card: Card = CARD) -> None:
        self.card, self.cities = card, card.cities
        self.photos = {made.image_path(photo): photo for made in datasets for photo in made.photos}

    def scores(self, views: Iterable[View]) -> Iterator[tuple[View, ViewScores | PhotoError]]:
        for path in views:
            assert isinstance(path, Path)
            seen = self.photos[path]
            broken = (seen.original or "").startswith("broken")
            yield path, PhotoError("corrupt", "broken") if broken else self.say(seen)

    def say(self, seen: Photo) -> ViewScores:
        column = {city.slug: index for index, city in enumerate(self.cities)}
        rng = np.random.default_rng([ord(letter) for letter in seen.id])
        logits = rng.normal(size=len(self.cities)).astype(np.float32)
        if seen.city in column:
            logits[column[seen.city]] += 3
        novelty = float(rng.normal(0.3 if seen.city in column else 0.9, 0.2))
        return ViewScores(logits, np.zeros(1, np.float32), novelty)


class Stubborn(FakeModel):
    def say(self, seen: Photo) -> ViewScores:
        return ViewScores(np.array([5, 0, 0], np.float32), np.zeros(1, np.float32), 0.0)
