"""A model's card in; the photos it learnt from out, where they are here, and a warning if it is measured on them.

A card holds no hashes of the photos it was trained on, only that of the split. Where a dataset on this computer has
that split, its train and validation photos are known; elsewhere it can only be said that nobody checked. Equal files
are found, whatever the dataset or the photo is called; the same picture saved anew is not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from flaneur.bundle.card import Card
from flaneur.dataset.manifest import MANIFEST
from flaneur.dataset.store import Dataset, open_dataset
from flaneur.errors import FlaneurError, counted
from flaneur.files import read_json
from flaneur.settings import home
from flaneur.types import Photo


@dataclass(frozen=True, slots=True)
class Learnt:
    """What a model learnt from.

    Args:
        dataset: name of the one that has the card's split.
        train: photos that its weights were fitted to.
        validation: photos that its temperature and thresholds were chosen on.
    """

    dataset: str
    train: tuple[Photo, ...]
    validation: tuple[Photo, ...]


def learnt_from(card: Card, dataset: Dataset) -> Learnt | None:
    """The photos that a model learnt from; ``None`` where no dataset on this computer has its split.

    Args:
        card: of the model.
        dataset: looked at first; then all below ``~/flaneur/datasets``.
    """
    for source in (dataset, *_datasets()):
        try:
            name = _split_name(source.root, card.split_hash)
            if name is not None:
                part_of = source.split(name).part_of
                train, validation = (
                    tuple(photo for photo in source.photos if part_of.get(photo.id) == part)
                    for part in ("train", "validation")
                )
                return Learnt(source.name, train, validation)
        except FlaneurError:  # a broken dataset elsewhere is not this evaluation's business
            continue
    return None


def warn_of_overlap(card: Card, dataset: Dataset, photos: Sequence[Photo], learnt: Learnt | None) -> str:
    """What is to be said of photos that a model is measured on and has learnt from; empty if there are none.

    Args:
        card: of the model.
        dataset: that the photos are of.
        photos: that it is measured on.
        learnt: from :func:`learnt_from`.
    """
    if dataset.content_hash == card.dataset.content_hash:
        return ""  # the same data: the splits are compared, which says more
    if learnt is None:
        return (
            f"Whether it was trained on some of these photos was not checked: the dataset it learnt from "
            f"({card.dataset.name}) is not on this computer."
        )
    seen = seen_among(photos, learnt)
    if not seen:
        return ""
    return (
        f"It learnt from {_so_many(seen, len(photos))}: the same files are in the train or "
        f"validation part of {learnt.dataset}. The numbers flatter it; measure on other photos."
    )


def seen_among(photos: Sequence[Photo], learnt: Learnt) -> int:
    """How many photos are files that a model learnt from."""
    files = {photo.sha256 for photo in (*learnt.train, *learnt.validation)}
    return sum(photo.sha256 in files for photo in photos)


def _so_many(seen: int, photos: int) -> str:
    """Part of some photos.

    >>> _so_many(3, 10), _so_many(2, 2), _so_many(1, 1)
    ('3 of these 10 photos', 'all of these 2 photos', 'this 1 photo')
    """
    if seen < photos:
        return f"{seen:,} of these {counted(photos, 'photo')}"
    return "this 1 photo" if photos == 1 else f"all of these {counted(photos, 'photo')}"


def _datasets() -> Iterator[Dataset]:
    for manifest in sorted((home() / "datasets").glob(f"*/{MANIFEST}")):
        try:
            yield open_dataset(manifest.parent)
        except FlaneurError:
            continue


def _split_name(root: Path, split_hash: str) -> str | None:
    for path in sorted((root / "splits").glob("*.json")):
        if read_json(path).get("hash") == split_hash:
            return path.stem
    return None
