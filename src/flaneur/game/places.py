"""A dataset's part in; the places that can be played, each with its photos, out. No photo is in two of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from flaneur.dataset.store import Dataset
from flaneur.evaluation.run import What, photos_of
from flaneur.types import Location, Photo


@dataclass(frozen=True, slots=True)
class PlayPlace:
    """A place to be guessed.

    Args:
        name: of the place, with its city.
        city: slug.
        at: where it is, where known.
        photos: ids of the views that are shown, at least one.
    """

    name: str
    city: str
    at: Location | None
    photos: tuple[str, ...]


def places_of(
    dataset: Dataset, what: What, cities: Collection[str], views: int, rng: np.random.Generator
) -> list[PlayPlace]:
    """The places of a part, by name.

    Args:
        dataset: with the photos.
        what: which part.
        cities: slugs that may be played.
        views: most photos of a place; of more, some are drawn.
        rng: that draws them.

    Raises:
        InputError: there is no such split, or the part is empty.
    """
    groups: dict[str, list[Photo]] = {}
    seen: set[str] = set()
    for photo in photos_of(dataset, what):
        if photo.city in cities and photo.sha256 not in seen:
            seen.add(photo.sha256)
            groups.setdefault(f"{photo.city}/{photo.place}", []).append(photo)
    return [_place(name, groups[name], views, rng) for name in sorted(groups)]


def apart(places: Iterable[PlayPlace], dataset: Dataset, others: Sequence[PlayPlace]) -> list[PlayPlace]:
    """Those places of which no photo, and no name, is also among the others."""
    files = {photo.id: photo.sha256 for photo in dataset.photos}
    names = {place.name for place in others}
    taken = {files[photo] for place in others for photo in place.photos}
    return [place for place in places if place.name not in names and not taken & {files[p] for p in place.photos}]


def _place(name: str, photos: list[Photo], views: int, rng: np.random.Generator) -> PlayPlace:
    chosen = sorted(rng.choice(len(photos), min(views, len(photos)), replace=False).tolist())
    at = next((photos[index].location for index in chosen if photos[index].location is not None), None)
    return PlayPlace(name, photos[0].city, at, tuple(photos[index].id for index in chosen))
