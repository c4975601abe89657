"""A dataset, a split and an encoder in; the embedded train and validation parts out, or one line that says why not."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flaneur.dataset.audit import AS_PUBLISHED, audit_split, split_dataset
from flaneur.dataset.split import Split, SplitRule
from flaneur.dataset.store import Dataset
from flaneur.errors import InputError, IntegrityError
from flaneur.protocols import Encoder
from flaneur.training.heads.features import Features, features
from flaneur.training.heads.novelty import Labelled
from flaneur.types import Photo

_log = logging.getLogger(__name__)
Progress = Callable[[str, int, int], None]
"""Told stage, how much is done, of how much."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the split, embedded.

    Args:
        photos: in the order of the rows.
        embeddings: ``[N, D]``.
        groups: ``[N]`` what the split kept together.
    """

    photos: tuple[Photo, ...]
    embeddings: NDArray[np.float32]
    groups: tuple[str, ...]

    @property
    def cities(self) -> NDArray[np.str_]:
        """``[N]`` slugs."""
        return np.array([photo.city for photo in self.photos], dtype=np.str_)

    @property
    def places(self) -> NDArray[np.str_]:
        """``[N]`` the place of each photo, by a name that no place of another city has."""
        return np.array([f"{photo.city}/{photo.place}" for photo in self.photos], dtype=np.str_)

    @property
    def labelled(self) -> Labelled:
        """For novelty."""
        projects = np.array([photo.project or "" for photo in self.photos], dtype=np.str_)
        return Labelled(self.embeddings, self.cities, projects)

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> Part:
        """Some of the rows, by number or mask."""
        numbers = np.arange(len(self.photos))[rows].tolist()
        photos, groups = tuple(self.photos[row] for row in numbers), tuple(self.groups[row] for row in numbers)
        return Part(photos, self.embeddings[rows], groups)

    def labels(self, cities: Sequence[str]) -> NDArray[np.int64]:
        """``[N]`` index of each photo's city."""
        index = {city: number for number, city in enumerate(cities)}
        return np.array([index[photo.city] for photo in self.photos], np.int64)


def usable_split(dataset: Dataset, name: str, *, leaky: bool = False) -> Split:
    """The split of that name, made if it is the default one and not there; refused if it leaks.

    Args:
        dataset: that is learnt.
        name: of the split.
        leaky: whether a split by photo is wanted, as papers have it, to compare with them.

    Raises:
        InputError: too few cities, or photos a city.
        IntegrityError: parts share places, near-duplicates or ground.
    """
    if len(dataset.cities) < 2:
        have = ", ".join(city.slug for city in dataset.cities) or "none"
        raise InputError(f"{dataset.name}: a model needs photos of two or more cities to tell apart (there: {have}).")
    if name == "default" and not (dataset.root / "splits" / "default.json").is_file():
        split_dataset(dataset, SplitRule())
        _log.warning("%s: had no split yet; made the default one, by place and 500 m cells.", dataset.name)
    chosen = dataset.split(name)
    if leaky and chosen.rule.by == "photo" and chosen.part_of.keys() == {photo.id for photo in dataset.photos}:
        _log.info("%s: split %r is %s.", dataset.name, name, AS_PUBLISHED)
        return chosen
    audit = audit_split(dataset.photos, chosen, dataset.ties)
    if not audit.ok:
        remedy = f"Make it again: flaneur dataset split {dataset.name}"
        if chosen.rule.by == "photo" and not leaky:
            remedy = "It was made by photo, to compare with papers: only flaneur reproduce trains on it."
        raise IntegrityError(f"{dataset.name}: split {name!r} leaks: {audit.violations[0]} {remedy}")
    return chosen


def embedded_parts(
    dataset: Dataset, encoder: Encoder, chosen: Split, progress: Progress | None = None
) -> tuple[Part, Part, int]:
    """Train and validation with their embeddings, and how many photos could not be read.

    Raises:
        InputError: a city has no training photos.
    """
    counts = Counter(photo.city for photo in dataset.photos if chosen.part_of.get(photo.id) == "train")
    _refuse_empty(dataset, counts)
    (train, validation), failed = embed_parts(dataset, encoder, chosen, ("train", "validation"), progress)
    _refuse_empty(dataset, Counter(photo.city for photo in train.photos))
    return train, validation, failed


def embed_parts(
    dataset: Dataset, encoder: Encoder, chosen: Split, names: Sequence[str], progress: Progress | None = None
) -> tuple[tuple[Part, ...], int]:
    """Any parts of a split with their embeddings, in the order asked for, and how many photos could not be read."""
    wanted = [photo for photo in dataset.photos if chosen.part_of.get(photo.id) in names]

    def tell_embedding(done: int, total: int) -> None:
        tell(progress, "embed", done, total)

    found = features(dataset, encoder, wanted, tell_embedding)
    return tuple(_part(found, chosen, name) for name in names), len(found.failed)


def _part(found: Features, chosen: Split, name: str) -> Part:
    rows = [row for row, photo in enumerate(found.photos) if chosen.part_of[photo.id] == name]
    photos = tuple(found.photos[row] for row in rows)
    return Part(photos, found.embeddings[rows], tuple(chosen.group_of[photo.id] for photo in photos))


def _refuse_empty(dataset: Dataset, counts: Mapping[str, int]) -> None:
    empty = [city.slug for city in dataset.cities if not counts.get(city.slug)]
    if empty:
        raise InputError(
            f"{dataset.name}: no training photos of {', '.join(empty)}. Import more places of each, then split again."
        )


def tell(progress: Progress | None, stage: str, done: int, total: int) -> None:
    """Call ``progress``, if there is one."""
    if progress is not None:
        progress(stage, done, total)
