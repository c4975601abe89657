"""A bundle and, where wanted, a dataset in; photos of the model's cities that it was not trained on, embedded, out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from flaneur.bundle.folder import Bundle
from flaneur.bundle.known import Known
from flaneur.dataset.store import Dataset
from flaneur.encoder import OnnxEncoder
from flaneur.errors import InputError, UsageError
from flaneur.training.heads.features import features
from flaneur.types import Photo

Progress = Callable[[int, int], None]
"""Told how many photos are done, of how many."""


@dataclass(frozen=True, slots=True)
class FromDataset:
    """Photos of a dataset that a model was not trained on.

    Args:
        where: dataset and part, for people.
        known: of the model's cities.
        new: ``[M, D]`` of the city that is added.
        new_places: ``[M]`` their places.
    """

    where: str
    known: Known
    new: NDArray[np.float32] = field(repr=False)
    new_places: tuple[str, ...]


def of_dataset(bundle: Bundle, dataset: Dataset, slug: str, progress: Progress | None = None) -> FromDataset:
    """The photos of a dataset that may judge a model.

    Those of the part ``test`` where the dataset is split; else all, unless the model learnt from this very dataset.

    Args:
        bundle: the model.
        dataset: with photos of its cities; others are passed over.
        slug: of the city that is added.
        progress: told how many are embedded.

    Raises:
        UsageError: the model learnt from the dataset, and which photos is not known.
        InputError: it has no photo of the model's cities.
    """
    numbers = {city.slug: number for number, city in enumerate(bundle.card.cities)}
    where, photos = _untrained(bundle, dataset)
    wanted = [photo for photo in photos if photo.city in numbers or photo.city == slug]
    if not any(photo.city in numbers for photo in wanted):
        raise InputError(
            f"{where}: has no photo of {', '.join(numbers)}. Name a dataset of cities that the model knows."
        )
    found = features(dataset, OnnxEncoder.from_bundle(bundle), wanted, progress)
    is_new = np.array([photo.city == slug for photo in found.photos])
    rows = np.flatnonzero(~is_new)
    labels = np.array([numbers[found.photos[row].city] for row in rows], np.int64)
    named = [f"{found.photos[row].city}/{found.photos[row].place}" for row in rows]
    places = np.unique(named, return_inverse=True)[1].astype(np.int64)
    own = tuple(found.photos[row].place for row in np.flatnonzero(is_new))
    return FromDataset(where, Known(found.embeddings[rows], labels, places), found.embeddings[is_new], own)


def _untrained(bundle: Bundle, dataset: Dataset) -> tuple[str, list[Photo]]:
    learnt = dataset.content_hash == bundle.card.dataset.content_hash
    splits = sorted(path.stem for path in (dataset.root / "splits").glob("*.json"))
    own = [name for name in splits if dataset.split(name).hash == bundle.card.split_hash]
    if learnt and not own:
        raise UsageError(
            f"--check {dataset.name}: the model learnt from it by a split that is gone, so which photos are new to it "
            "nobody knows. Name another dataset."
        )
    if name := next(iter(own or [name for name in splits if name == "default"]), ""):
        parts = dataset.split(name).part_of
        tested = [photo for photo in dataset.photos if parts.get(photo.id) == "test"]
        return f"{dataset.name}/test", tested
    return dataset.name, list(dataset.photos)
