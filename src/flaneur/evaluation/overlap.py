"""A model's card and photos in; a warning out if the model learnt from some of these very files.

A card holds no hashes of the photos it was trained on, only that of the split. Where a dataset on this computer has
that split, its train and validation photos are known; elsewhere it can only be said that nobody checked. Equal files
are found, whatever the dataset or the photo is called; the same picture saved anew is not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from flaneur.bundle.card import Card
from flaneur.dataset.manifest import MANIFEST
from flaneur.dataset.store import Dataset, open_dataset
from flaneur.errors import FlaneurError, counted
from flaneur.files import read_json
from flaneur.settings import home
from flaneur.types import Photo

_LEARNT_FROM = ("train", "validation")  # weights from the one, temperature and thresholds from the other


def warn_of_overlap(card: Card, dataset: Dataset, photos: Sequence[Photo]) -> str:
    """What is to be said of photos that a model is measured on and has learnt from; empty if there are none.

    Args:
        card: of the model.
        dataset: that the photos are of.
        photos: that it is measured on.
    """
    if dataset.content_hash == card.dataset.content_hash:
        return ""  # the same data: the splits are compared, which says more
    learnt = _learnt_from(card, dataset)
    if learnt is None:
        return (
            f"Whether it was trained on some of these photos was not checked: the dataset it learnt from "
            f"({card.dataset.name}) is not on this computer."
        )
    source, files = learnt
    seen = sum(photo.sha256 in files for photo in photos)
    if not seen:
        return ""
    return (
        f"It learnt from {seen:,} of these {counted(len(photos), 'photo')}: the same files are in the train or "
        f"validation part of {source}. The numbers flatter it; measure on other photos."
    )


def _learnt_from(card: Card, dataset: Dataset) -> tuple[str, set[str]] | None:
    """Name of the dataset with the card's split, and the SHA-256 of the photos that the model learnt from."""
    for source in (dataset, *_datasets()):
        try:
            name = _split_name(source.root, card.split_hash)
            if name is not None:
                part_of = source.split(name).part_of
                files = {photo.sha256 for photo in source.photos if part_of.get(photo.id) in _LEARNT_FROM}
                return source.name, files
        except FlaneurError:  # a broken dataset elsewhere is not this evaluation's business
            continue
    return None


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
