"""A table that another system made (photo, guess, perhaps probability) and a dataset in; its guesses out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from flaneur import geo
from flaneur.cities import located
from flaneur.csv_table import SUFFIXES, columns, on_disk, rows
from flaneur.dataset.store import Dataset
from flaneur.errors import InputError, counted, install_extra
from flaneur.evaluation.comparison.guesses import Guesses
from flaneur.types import City, Location, Photo, slugify

PHOTO, GUESS, PROBABILITY, LAT, LON = "photo", "guess", "probability", "lat", "lon"
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class _Row:
    photo: Photo
    guess: str
    probability: float | None


def is_table(path: Path) -> bool:
    """Whether a file can be such a table, by its name."""
    return path.suffix.lower() in SUFFIXES and path.is_file()


def read_guesses(path: Path, dataset: Dataset) -> Guesses:
    """What another system said of a dataset's photos.

    Args:
        path: a CSV, JSON-lines or Parquet table with the columns ``photo`` (the photo's id, or its file name as it was
            imported) and ``guess`` (a city), or ``lat`` and ``lon`` (a position, which counts as the city of the
            dataset with the nearest centre); perhaps ``probability`` of the guess, 0 to 1. An empty guess is a wrong
            one that was refused.
        dataset: that says where each photo truly is.

    Raises:
        InputError: a column is missing, a row cannot be understood, or no photo is of the dataset.
    """
    table = on_disk(path)
    placed = GUESS not in columns(table) and LAT in columns(table)
    needed = (PHOTO, LAT, LON) if placed else (PHOTO, GUESS)
    known = _by_name(dataset)
    nearest = _Nearest.of(dataset) if placed else None
    found: dict[str, _Row] = {}
    strangers: list[str] = []
    for line, row in rows(table, needed):
        name, where = row[PHOTO].strip(), f"{table.name}, line {line}"
        if name not in known:
            strangers.append(name)
            continue
        photo = known[name]
        if photo.id in found:
            raise InputError(f"{where}: photo {name!r} occurs twice. One answer a photo is compared.")
        guess = nearest.city(row, where) if nearest else _slug(row[GUESS], where)
        found[photo.id] = _Row(photo, guess, _probability(row, where))
    if not found:
        raise InputError(_no_photo(table.name, strangers, dataset))
    made = _guesses(path.stem, list(found.values()), dataset)
    return replace(made, cities=nearest.cities) if nearest else made


def _guesses(name: str, found: list[_Row], dataset: Dataset) -> Guesses:
    stated = [row.probability for row in found if row.probability is not None]
    return Guesses(
        name=name,
        photos=tuple(row.photo for row in found),
        guess=tuple(row.guess for row in found),
        answered=np.array([bool(row.guess) for row in found]),
        probability=np.array(stated, np.float64) if len(stated) == len(found) else None,
        origin={"dataset": dataset.name, "content_hash": dataset.content_hash},
    )


def _by_name(dataset: Dataset) -> dict[str, Photo]:
    """Each photo by its id, and by its file name where only one has it."""
    named: dict[str, Photo] = {}
    twice = set()
    for photo in dataset.photos:
        for name in {photo.original or "", Path(photo.original or "").name}:
            twice |= {name} if name in named else set()
            named[name] = photo
    clear = {name: photo for name, photo in named.items() if name and name not in twice}
    return clear | {photo.id: photo for photo in dataset.photos}


def _slug(text: str, where: str) -> str:
    slug = slugify(text)
    if text.strip() and not slug:
        raise InputError(f"{where}: {text!r} cannot be the name of a city. Leave the guess empty where there is none.")
    return slug


def _probability(row: Mapping[str, str], where: str) -> float | None:
    text = row.get(PROBABILITY, "").strip()
    if not text:
        return None
    value = _number(text, PROBABILITY, where)
    if not 0 <= value <= 1:
        raise InputError(f"{where}: probability {text} must be from 0 to 1.")
    return value


def _number(text: str, name: str, where: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InputError(f"{where}: {name} {text!r} is not a number.")
    return value


@dataclass(frozen=True, slots=True)
class _Nearest:
    """Positions to the dataset's nearest city."""

    cities: tuple[City, ...]
    centres: tuple[Location, ...]

    @classmethod
    def of(cls, dataset: Dataset) -> _Nearest:
        cities = [located(city) for city in dataset.cities]
        nowhere = [city.name for city in cities if city.centre is None]
        if nowhere:
            raise InputError(
                f"{dataset.name}: where {', '.join(nowhere)} lies is not known, so that a guess by lat and lon could "
                f"not mean it. Give the column {GUESS!r}, or {install_extra('cities')}."
            )
        return cls(tuple(cities), tuple(city.centre for city in cities if city.centre is not None))

    def city(self, row: Mapping[str, str], where: str) -> str:
        """Slug of the city whose centre is nearest; nothing where there is no position."""
        if not row[LAT].strip() and not row[LON].strip():
            return ""
        at = Location(_number(row[LAT], LAT, where), _number(row[LON], LON, where))
        points = np.array([[centre.lat, centre.lon] for centre in self.centres])
        return self.cities[int(geo.distance_km(points, np.array([[at.lat, at.lon]])).argmin())].slug


def _no_photo(table: str, strangers: list[str], dataset: Dataset) -> str:
    ids = ", ".join(photo.id for photo in dataset.photos[:_SHOWN])
    return (
        f"{table}: none of its {counted(len(strangers), 'photo')} ({', '.join(strangers[:_SHOWN])}) is of dataset "
        f"{dataset.name}. Column {PHOTO!r} holds a photo's id ({ids}) or the name of its file as it was imported."
    )
