"""A table that another system made (photo, guess, perhaps probability) and a dataset in; its guesses out."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from flaneur import geo
from flaneur.cities import located
from flaneur.csv_table import SUFFIXES, columns, on_disk, rows
from flaneur.dataset.store import Dataset
from flaneur.errors import InputError, counted, did_you_mean, install_extra
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
        InputError: a column is missing, a row cannot be understood, or most rows do not name one photo of
            the dataset.
    """
    table = on_disk(path)
    placed = GUESS not in columns(table) and LAT in columns(table)
    needed = (PHOTO, LAT, LON) if placed else (PHOTO, GUESS)
    known = _Names.of(dataset)
    nearest = _Nearest.of(dataset) if placed else None
    found: dict[str, _Row] = {}
    lost = _Lost()
    for line, row in rows(table, needed):
        name, where = row[PHOTO].strip(), f"{table.name}, line {line}"
        if name not in known.photos:
            (lost.several if name in known.several else lost.unknown).append(name)
            continue
        photo = known.photos[name]
        if photo.id in found:
            raise InputError(f"{where}: photo {name!r} occurs twice. One answer a photo is compared.")
        guess = nearest.city(row, where) if nearest else _slug(row[GUESS], where)
        found[photo.id] = _Row(photo, guess, _probability(row, where))
    if lost.count > len(found):
        raise InputError(_mostly_lost(table.name, lost, len(found), dataset))
    if not found:
        raise InputError(f"{table.name}: has no rows; one row a photo is needed.")
    made = _guesses(path.stem, list(found.values()), dataset)
    notes = (*lost.notes(path.name, dataset), *_no_cities(path.name, made.guess, dataset))
    return replace(made, cities=nearest.cities if nearest else (), notes=notes)


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


@dataclass(frozen=True, slots=True)
class _Names:
    """Photos by what a table may call them: ids, and file names that only one of them has."""

    photos: Mapping[str, Photo]
    several: Collection[str]

    @classmethod
    def of(cls, dataset: Dataset) -> _Names:
        named: dict[str, Photo] = {}
        twice = {""}
        for photo in dataset.photos:
            for name in {photo.original or "", Path(photo.original or "").name}:
                twice |= {name} if name in named else set()
                named[name] = photo
        clear = {name: photo for name, photo in named.items() if name not in twice}
        return cls(clear | {photo.id: photo for photo in dataset.photos}, twice - {""})


@dataclass(frozen=True, slots=True)
class _Lost:
    """Names in a table that several photos of the dataset have, and those that none has."""

    several: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        return len(self.several) + len(self.unknown)

    def notes(self, table: str, dataset: Dataset) -> Iterable[str]:
        if self.several:
            yield (
                f"{counted(len(self.several), 'row')} of {table} left out: several photos of dataset {dataset.name} "
                f"have that name ({_shown(self.several)}). Use ids such as {dataset.photos[0].id}."
            )
        if self.unknown:
            yield (
                f"{counted(len(self.unknown), 'row')} of {table} left out: no photo of dataset {dataset.name} has that "
                f"name ({_shown(self.unknown)})."
            )


def _no_cities(table: str, guesses: Sequence[str], dataset: Dataset) -> Iterable[str]:
    """That guesses are of no city of the dataset: spelt otherwise, perhaps."""
    slugs = {city.slug for city in dataset.cities} | {photo.city for photo in dataset.photos}
    made = [guess for guess in guesses if guess]
    strange = [guess for guess in made if guess not in slugs]
    if strange:
        verb, count = ("names", "counts") if len(strange) == 1 else ("name", "count")
        yield (
            f"{len(strange):,} of {counted(len(made), 'answer')} in {table} {verb} no city of dataset {dataset.name} "
            f"({_shown(strange)}) and {count} as wrong.{did_you_mean(strange[0], slugs)}"
        )


def _shown(names: Iterable[str]) -> str:
    """The first few different ones."""
    found = list(dict.fromkeys(names))
    return ", ".join(found[:_SHOWN]) + (", …" if len(found) > _SHOWN else "")


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


def _mostly_lost(table: str, lost: _Lost, found: int, dataset: Dataset) -> str:
    ids = ", ".join(photo.id for photo in dataset.photos[:_SHOWN])
    several = f"{len(lost.several):,} name several photos of it ({_shown(lost.several)})" if lost.several else ""
    unknown = f"{len(lost.unknown):,} name none ({_shown(lost.unknown)})" if lost.unknown else ""
    return (
        f"{table}: {found:,} of {counted(found + lost.count, 'row')} can be compared, since they name one photo of "
        f"dataset {dataset.name}; {' and '.join(text for text in (several, unknown) if text)}. Column {PHOTO!r} holds "
        f"a photo's id ({ids}) or the name of its file as it was imported, where only one photo has it."
    )
