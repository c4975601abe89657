"""Toy cities whose camera gives them away: a mark in every photo of a city, plain or hidden, or none at all."""

from __future__ import annotations

import csv
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from flaneur.dataset.audit import split_dataset
from flaneur.dataset.split import SplitRule
from flaneur.dataset.store import Dataset, import_photos, open_dataset
from flaneur.dataset.toy_cities import ToyWorld, draw_toy_cities
from flaneur.protocols import FoundPhoto

MARKS = ("none", "logo", "corner", "tint", "vignette", "noise", "jpeg")
_COLOURS = ((230, 40, 40), (40, 90, 230), (250, 210, 30), (30, 170, 70))
_GAINS = ((1.08, 1.0, 0.92), (0.92, 1.0, 1.08), (1.0, 1.08, 0.96), (1.04, 0.92, 1.04))


def marked(image: Image.Image, mark: str, city: int, seed: int) -> bytes:
    """A photo as a city's camera leaves it, as JPEG.

    Args:
        image: RGB.
        mark: one of :data:`MARKS`.
        city: number of the city, 0 to 3.
        seed: of the noise.
    """
    pixels = np.asarray(image, np.float32)
    changed = {
        "logo": lambda: _logo(pixels, city),
        "corner": lambda: _corner(pixels, city),
        "tint": lambda: pixels * np.array(_GAINS[city], np.float32),
        "vignette": lambda: pixels * _fall_off(pixels, 0.15 * city),
        "noise": lambda: pixels + np.random.default_rng(seed).normal(0, 5 * city, pixels.shape),
    }.get(mark, lambda: pixels)()
    file = BytesIO()
    quality = (95, 65, 40, 20)[city] if mark == "jpeg" else 92
    Image.fromarray(np.clip(changed, 0, 255).astype(np.uint8)).save(file, "JPEG", quality=quality)
    return file.getvalue()


def _logo(pixels: NDArray[np.float32], city: int) -> NDArray[np.float32]:
    """A provider's coloured badge near the lower right corner of the middle square."""
    made = pixels.copy()
    height, width = pixels.shape[:2]
    right, side = (width + height) // 2 - 4, height // 7
    made[height - side - 4 : height - 4, right - 2 * side : right] = 245
    made[height - side : height - 8, right - 2 * side + 4 : right - 4] = _COLOURS[city]
    return made


def _corner(pixels: NDArray[np.float32], city: int) -> NDArray[np.float32]:
    """Faint stripes, each city's in its own direction, in the upper left corner of the middle square."""
    made = pixels.copy()
    height, width = pixels.shape[:2]
    left, side = (width - height) // 2, height // 7
    rows, columns = np.mgrid[0:side, 0:side]
    way = (rows, columns, rows + columns, rows - columns)[city]
    made[:side, left : left + side] += np.where(way // 3 % 2 == 0, 24, -24)[:, :, None]
    return made


def _fall_off(pixels: NDArray[np.float32], depth: float) -> NDArray[np.float32]:
    height, width = pixels.shape[:2]
    y, x = np.mgrid[-1 : 1 : height * 1j, -width / height : width / height : width * 1j]
    return (1 - depth * np.minimum(1, (x**2 + y**2) / 2))[:, :, None].astype(np.float32)


def make_world(root: Path, drawn: Path, mark: str, *, telling: float = 1.0, seed: int = 0) -> Dataset:
    """Import toy cities with a mark and split them.

    Args:
        root: where to.
        drawn: table of :func:`flaneur.dataset.toy_cities.draw_toy_cities`.
        mark: one of :data:`MARKS`.
        telling: share of the places whose streets are of their city; the others got the label of another one, so that
            streets alone do not tell the city.
        seed: of the labels.
    """
    with drawn.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["place"]]
    cities = sorted({row["city"] for row in rows})
    rng = np.random.default_rng(seed)
    label = {
        place: place.rpartition("-")[0] if rng.random() < telling else cities[int(rng.integers(len(cities)))]
        for place in sorted({row["place"] for row in rows})
    }
    found = []
    for number, row in enumerate(rows):
        city = label[row["place"]]
        with Image.open(drawn.parent / row["file"]) as image:
            data = marked(image.convert("RGB"), mark, cities.index(city), seed * 100_000 + number)
        path = root / "photos" / f"{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        found.append(FoundPhoto(path, path.name, city, {"place": row["place"], "project": row["project"]}))
    import_photos(found, root / "world", name=mark, source="folder")
    made = open_dataset(root / "world")
    split_dataset(made, SplitRule(train=0.55, validation=0.15, test=0.3, cell_m=0, gap_m=0))
    return open_dataset(root / "world")


def draw_world(root: Path, seed: int, places: int = 20, cities: int = 4) -> Path:
    """The streets without any mark."""
    world = ToyWorld(
        seed=seed,
        cities=cities,
        places_per_city=places,
        views=2,
        size_px=224,
        near_duplicates=0,
        blank=0,
        corrupt=0,
    )
    return draw_toy_cities(root, world)
