"""A model and photos in; its guess for every altered version of each, as one table, out. One photo at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from flaneur.errors import InputError, PhotoError
from flaneur.evaluation.answers import Answering
from flaneur.evaluation.trials.shortcut_audit.alterations import Pixels, Tables
from flaneur.evaluation.trials.shortcut_audit.donors import CityLook, Donors, choose_donors, city_looks
from flaneur.evaluation.trials.shortcut_audit.look import Alter, Look
from flaneur.predict import open_view
from flaneur.preprocess import resize
from flaneur.protocols import PreprocessSpec
from flaneur.types import Photo


@dataclass(frozen=True, slots=True)
class Guesses:
    """What a model said of V versions of N photos.

    Args:
        photos: N of them.
        donors: N, the photo of another city that something was taken from.
        table: ``[N, V]`` column of the guessed city; the first version is the whole photo.
    """

    photos: tuple[Photo, ...]
    donors: tuple[Photo, ...]
    table: NDArray[np.intp]


def sample_by_place(photos: Sequence[Photo], most: int, seed: int = 0) -> list[Photo]:
    """Whole places, drawn until there are so many photos; in the order of ``photos``.

    >>> photos = [Photo(str(n), "", "rome", str(n // 2), 9, 9, "folder") for n in range(6)]
    >>> [photo.place for photo in sample_by_place(photos, 4)]
    ['0', '0', '2', '2']
    """
    if len(photos) <= most:
        return list(photos)
    size: dict[tuple[str, str], int] = {}
    for photo in photos:
        size[photo.city, photo.place] = size.get((photo.city, photo.place), 0) + 1
    places, left, chosen = sorted(size), most, set()
    for index in np.random.default_rng(seed).permutation(len(places)).tolist():
        if size[places[index]] <= left:
            chosen.add(places[index])
            left -= size[places[index]]
    return [photo for photo in photos if (photo.city, photo.place) in chosen]


def ask_altered(
    model: Answering,
    photos: Sequence[tuple[Photo, Path]],
    family: dict[str, int],
    versions: Sequence[Alter],
    progress: Callable[[int], None] | None = None,
) -> Guesses:
    """Ask about the whole photo and every version of it.

    The versions are made of the square that the network sees, at the size it sees it.

    Args:
        model: the bundle as users get it.
        photos: of cities that the model knows, with their files.
        family: which cities share cameras; a donor is of another family.
        versions: of the whole photo, what to make.
        progress: called with 1 after each photo.

    Raises:
        InputError: no photo has a readable donor of another city and of another place of its own.
    """
    files = _Files(dict(photos), model.card.preprocess)
    kept = [photo for photo, _ in photos if files.readable(photo)]
    donors = choose_donors(kept, family)
    if not len(donors.rows):
        raise InputError(
            "The shortcut audit needs readable photos of two cities, with two places in one of them. Add photos."
        )
    cities = city_looks(kept, files.load, files.spec.size_px)

    def views() -> Iterator[Image.Image]:
        for look in _looks(kept, donors, cities, files):
            yield Image.fromarray(look.pixels)
            yield from (Image.fromarray(version(look)) for version in versions)

    width = 1 + len(versions)
    table = np.empty((len(donors.rows), width), np.intp)
    for number, (_, said) in enumerate(model.scores(views())):
        if isinstance(said, PhotoError):
            raise said
        table[number // width, number % width] = int(said.logits.argmax())
        if progress is not None and number % width == width - 1:
            progress(1)
    asked, others = (tuple(kept[row] for row in rows) for rows in (donors.rows, donors.other))
    return Guesses(asked, others, table)


@dataclass(frozen=True, slots=True)
class _Files:
    """Read anew each time, so that no more than a few photos are in memory."""

    paths: dict[Photo, Path]
    spec: PreprocessSpec

    def decoded(self, photo: Photo) -> Image.Image:
        return open_view(self.paths[photo], self.spec).image

    def square(self, image: Image.Image) -> Pixels:
        return np.asarray(resize(image, self.spec))

    def load(self, photo: Photo) -> Pixels:
        return self.square(self.decoded(photo))

    def tables(self, photo: Photo) -> Tables | None:
        """Of a JPEG that is decoded at its full size: one that is shrunk much loses the traces of its compression."""
        if min(photo.width, photo.height) >= 2 * self.spec.size_px:
            return None
        try:
            with Image.open(self.paths[photo], formats=["JPEG"]) as file:
                return dict(getattr(file, "quantization", {})) or None
        except OSError:
            return None

    def readable(self, photo: Photo) -> bool:
        try:
            self.decoded(photo)
        except PhotoError:
            return False
        return True


def _looks(photos: Sequence[Photo], donors: Donors, cities: dict[str, CityLook], files: _Files) -> Iterator[Look]:
    red, green, blue = (round(255 * mean) for mean in files.spec.mean)
    for rows in zip(donors.rows, donors.other, donors.own, strict=True):
        photo, other, own = (photos[row] for row in rows)
        decoded = files.decoded(photo)
        yield Look(
            pixels=files.square(decoded),
            other=files.load(other),
            own=files.load(own),
            here=cities[photo.city],
            there=cities[other.city],
            blank=(red, green, blue),
            decoded=decoded,
            other_tables=files.tables(other),
            own_tables=files.tables(own),
            square=files.square,
        )
