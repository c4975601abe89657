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
from flaneur.evaluation.trials.alterations import Pixels
from flaneur.evaluation.trials.altered import Alter, Look
from flaneur.evaluation.trials.donors import CityLook, Donors, choose_donors, city_looks
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
    ['0', '0', '1', '1']
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
    squares = _Squares(dict(photos), model.card.preprocess)
    kept = [photo for photo, _ in photos if squares.readable(photo)]
    donors = choose_donors(kept, family)
    if not len(donors.rows):
        raise InputError(
            "The shortcut audit needs readable photos of two cities, with two places in one of them. Add photos."
        )
    looks = city_looks(kept, squares.load, squares.spec.size_px)

    def views() -> Iterator[Image.Image]:
        for look in _looks(kept, donors, looks, squares):
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
class _Squares:
    """What the network sees of each photo; read anew each time, so that no more than a few are in memory."""

    files: dict[Photo, Path]
    spec: PreprocessSpec

    def load(self, photo: Photo) -> Pixels:
        return np.asarray(resize(open_view(self.files[photo], self.spec).image, self.spec))

    def readable(self, photo: Photo) -> bool:
        try:
            self.load(photo)
        except PhotoError:
            return False
        return True


def _looks(photos: Sequence[Photo], donors: Donors, looks: dict[str, CityLook], squares: _Squares) -> Iterator[Look]:
    red, green, blue = (round(255 * mean) for mean in squares.spec.mean)
    for row, other, own in zip(donors.rows, donors.other, donors.own, strict=True):
        yield Look(
            squares.load(photos[row]),
            squares.load(photos[other]),
            squares.load(photos[own]),
            looks[photos[row].city],
            looks[photos[other].city],
            (red, green, blue),
        )
