"""Photos in; for each a photo of another city and one of its own to transplant from, and what a city's photos share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from flaneur.evaluation.measures.groups import group_key
from flaneur.evaluation.trials.shortcut_audit.alterations import Pixels, distance_from_middle, grain_level
from flaneur.types import Photo

_RINGS = 8
_SURE = 3.0  # standard errors by which two cities' mean pictures must differ in a pixel to count as a fixed mark
_COARSE = 2  # a fixed mark is finer than the photo's side divided by this: sky and road are not
_MILDEST, _STRONGEST = 0.5, 2.0


def families(photos: Sequence[Photo], cities: Sequence[str]) -> dict[str, int]:
    """Which cities share cameras.

    Cities of one project (else source) are one family, and so are cities linked by several projects. Where that makes
    a single family, such as when every project has every city, the camera cannot tell cities apart by project, and
    each city is a family of its own.

    Args:
        photos: the whole dataset.
        cities: slugs that count.

    Returns:
        Number of the family by slug.
    """
    family = {city: index for index, city in enumerate(sorted(cities))}
    first: dict[str, str] = {}
    for photo in photos:
        if photo.city in family:
            old, new = family[photo.city], family[first.setdefault(group_key(photo), photo.city)]
            if old != new:
                family = {city: new if number == old else number for city, number in family.items()}
    if len(set(family.values())) > 1:
        return family
    return {city: index for index, city in enumerate(sorted(cities))}


@dataclass(frozen=True, slots=True)
class Donors:
    """For N photos, the rows of the photos to transplant from.

    Args:
        rows: ``[N]`` of the photos that have both donors.
        other: ``[N]`` of a city of another family.
        own: ``[N]`` of the same city, another place.
    """

    rows: NDArray[np.intp]
    other: NDArray[np.intp]
    own: NDArray[np.intp]


def choose_donors(photos: Sequence[Photo], family: dict[str, int], seed: int = 0) -> Donors:
    """Draw them: cities of other families are equally likely, however many photos they have.

    Args:
        photos: N of them.
        family: of each city.
        seed: equal seeds, equal donors.
    """
    rng = np.random.default_rng(seed)
    by_city: dict[str, list[int]] = {}
    for row, photo in enumerate(photos):
        by_city.setdefault(photo.city, []).append(row)
    made: list[tuple[int, int, int]] = []
    for row, photo in enumerate(photos):
        strangers = [city for city in sorted(by_city) if family[city] != family[photo.city]]
        kin = [near for near in by_city[photo.city] if photos[near].place != photo.place]
        if strangers and kin:
            city = strangers[int(rng.integers(len(strangers)))]
            other = by_city[city][int(rng.integers(len(by_city[city])))]
            made.append((row, other, kin[int(rng.integers(len(kin)))]))
    table = np.array(made, np.intp).reshape(-1, 3)
    return Donors(table[:, 0], table[:, 1], table[:, 2])


@dataclass(frozen=True, slots=True)
class CityLook:
    """What the photos of a city have in common.

    Args:
        mean: ``[S, S, 3]`` mean picture, in grey levels.
        error: ``[S, S, 3]`` its standard error.
        grain: usual level of the grain, in grey levels.
    """

    mean: NDArray[np.float32]
    error: NDArray[np.float32]
    grain: float

    @property
    def colour(self) -> NDArray[np.float32]:
        """``[3]`` mean of each channel."""
        return np.asarray(self.mean.mean(axis=(0, 1)), np.float32)

    @property
    def rings(self) -> NDArray[np.float32]:
        """``[8]`` brightness from the middle to the corners, as a share of its mean."""
        ring = np.minimum((distance_from_middle(len(self.mean)) * _RINGS).astype(int), _RINGS - 1).ravel()
        light = np.bincount(ring, self.mean.mean(axis=2).ravel()) / np.bincount(ring)
        return np.asarray(light / light.mean(), np.float32)


def city_looks(photos: Sequence[Photo], load: Callable[[Photo], Pixels], size: int) -> dict[str, CityLook]:
    """The mean picture of each city; photos are opened one by one.

    Args:
        photos: some of each city.
        load: a photo to ``[size, size, 3]``.
        size: side in pixels.
    """
    total: dict[str, NDArray[np.float64]] = {}
    levels: dict[str, list[float]] = {}
    for photo in photos:
        sums = total.setdefault(photo.city, np.zeros((2, size, size, 3)))
        pixels = load(photo)
        levels.setdefault(photo.city, []).append(grain_level(pixels))
        sums[0] += pixels
        sums[1] += pixels.astype(np.float64) ** 2
    looks = {}
    for city, (first, second) in total.items():
        n = len(levels[city])
        spread = np.maximum(second / n - (first / n) ** 2, 1.0) / max(1, n - 1)
        usual = float(np.median(levels[city]))
        looks[city] = CityLook((first / n).astype(np.float32), np.sqrt(spread).astype(np.float32), usual)
    return looks


def colour_gains(here: CityLook, there: CityLook) -> tuple[float, float, float]:
    """By what to multiply the channels of a photo from here so that its cast is that of photos from there."""
    red, green, blue = np.clip(there.colour / np.maximum(here.colour, 1), _MILDEST, _STRONGEST).tolist()
    return red, green, blue


def light_gains(here: CityLook, there: CityLook) -> NDArray[np.float32]:
    """``[8]`` by what to multiply the rings of a photo from here so that light falls off as it does there."""
    return np.asarray(np.clip(there.rings / np.maximum(here.rings, 0.05), _MILDEST, _STRONGEST), np.float32)


def grain_there(level: float, here: CityLook, there: CityLook) -> float:
    """Level of grain of a photo from here, had it been taken with the camera from there.

    Variances add up: what the other camera has more of, or less, is added to the photo's own.
    """
    return float(max(0.0, level**2 + there.grain**2 - here.grain**2) ** 0.5)


def fixed_marks(here: CityLook, there: CityLook) -> NDArray[np.float32]:
    """What to add to a photo from here to take its city's fixed marks off and to put those from there on.

    A mark is what is finer than half of the photo, at the same pixels in all photos of a city: where the two mean
    pictures differ by more than three standard errors. Streets move from photo to photo, so their means do not.

    Returns:
        ``[S, S, 3]`` in grey levels; 0 where there is no mark.
    """
    apart = there.mean - here.mean
    fine = apart - np.stack([_coarse(plane) for plane in np.moveaxis(apart, 2, 0)], axis=2)
    sure = np.abs(fine) > _SURE * np.hypot(here.error, there.error)
    return np.asarray(np.where(sure, fine, 0), np.float32)


def _coarse(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    few = Image.fromarray(np.ascontiguousarray(plane)).resize((_COARSE, _COARSE), Image.Resampling.BOX)
    return np.asarray(few.resize(plane.shape[::-1], Image.Resampling.BICUBIC), np.float32)
