"""An atlas in; the photos that a claim about its model may rest on, and the cities that have enough of them, out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from flaneur.errors import InputError, counted
from flaneur.explain.atlas.atlas import Atlas
from flaneur.types import City

FEW_PLACES = 5  # of a city; of fewer, resampling places knows nothing
NEW, LEARNT = 0, 1
Kind = Literal["new", "learnt", "unknown"]


@dataclass(frozen=True)
class Basis:
    """Photos that numbers rest on.

    Args:
        kind: ``new`` to the model; ``learnt``: some of them it was trained on, since too few are new; ``unknown``: what
            it was trained on is not known here.
        rows: of the atlas, ascending.
        cities: C that have at least :data:`FEW_PLACES` places among them, the model's in its order, then others.
        labels: ``[n]`` column of each row's city.
        places: ``[n]`` number of each row's place.
        left_out: names of cities with fewer places.
    """

    kind: Kind
    rows: NDArray[np.intp]
    cities: tuple[City, ...]
    labels: NDArray[np.intp]
    places: NDArray[np.intp]
    left_out: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """What it is, in a sentence for people."""
        count = f"{counted(len(self.rows), 'photo')} of {counted(len(np.unique(self.places)), 'place')}"
        match self.kind:
            case "new":
                return f"They rest on {count} that the model did not learn from."
            case "learnt":
                return f"They rest on {count}; the model learnt from some, which it tells apart better than new ones."
            case "unknown":
                return f"They rest on {count}; which of them the model learnt from is not known here."
            case _:
                raise ValueError(self.kind)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What to beware of; nothing where all is new."""
        return () if self.kind == "new" else (self.words,)


def city_names(atlas: Atlas) -> dict[str, City]:
    """Cities of an atlas by slug: those that its model knows in the model's order, then the others of its photos.

    A city that the model does not know is named after its slug.
    """
    known = {city.slug: city for city in atlas.answers.cities}
    others = sorted({photo.city for photo in atlas.answers.photos} - set(known))
    return known | {slug: City(slug, slug.replace("-", " ").title()) for slug in others}


def basis(atlas: Atlas, *, least_cities: int = 1, known_only: bool = False) -> Basis:
    """The photos new to the model, or all where fewer cities than asked for have enough of these.

    Args:
        atlas: photos, and which were learnt from.
        least_cities: that must have enough places.
        known_only: without cities that the model does not know.

    Raises:
        InputError: too few cities have enough places, whatever photos are taken.
    """
    every = np.arange(len(atlas.answers.photos))
    unknown = bool((atlas.learnt < 0).any())
    if not unknown:
        new = _of(atlas, "new", np.flatnonzero(atlas.learnt == NEW), known_only=known_only)
        if len(new.cities) >= least_cities:
            return new
    found = _of(atlas, "unknown" if unknown else "learnt", every, known_only=known_only)
    if len(found.cities) < least_cities:
        wanted, few = counted(least_cities, "city"), counted(FEW_PLACES, "place")
        raise InputError(f"It takes {wanted} with photos of {few} or more; here {len(found.cities)} had them.")
    return found


def _of(atlas: Atlas, kind: Kind, rows: NDArray[np.intp], *, known_only: bool) -> Basis:
    named = city_names(atlas)
    slugs = np.array([photo.city for photo in atlas.answers.photos], dtype=object)
    wanted: list[City] = []
    few: list[City] = []
    for slug, city in named.items():
        count = len(np.unique(atlas.answers.places[rows[slugs[rows] == slug]]))
        if count and not (known_only and city not in atlas.answers.cities):
            (wanted if count >= FEW_PLACES else few).append(city)
    column = {city.slug: number for number, city in enumerate(wanted)}
    labels = np.array([column.get(slug, -1) for slug in slugs[rows]], np.intp)
    kept = labels >= 0
    places = np.unique(atlas.answers.places[rows[kept]], return_inverse=True)[1]
    return Basis(kind, rows[kept], tuple(wanted), labels[kept], places, tuple(city.name for city in few))
