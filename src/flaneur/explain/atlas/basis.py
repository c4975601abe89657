"""An atlas in; the photos that a claim about its model may rest on, the cities that have enough, and spots, out.

A spot is what counts as one where photos are compared with one another: frames of one drive, taken a few metres apart,
are different places in the data, and look alike all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from flaneur import geo
from flaneur.errors import InputError, counted
from flaneur.explain.atlas.atlas import Atlas
from flaneur.types import City, Photo

FEW_PLACES = 5  # of a city; of fewer, resampling places knows nothing
SPOT_M = 200.0  # the gap that a split leaves, for the same reason
ONE_SPOT = f"Photos of one square of {SPOT_M:.0f} m count as one place here."
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
        spots: ``[n]`` number of each row's spot, see :func:`spots`.
        left_out: names of cities with fewer places.
    """

    kind: Kind
    rows: NDArray[np.intp]
    cities: tuple[City, ...]
    labels: NDArray[np.intp]
    places: NDArray[np.intp]
    spots: NDArray[np.intp]
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
    own = spots([atlas.answers.photos[row] for row in rows[kept]])
    return Basis(kind, rows[kept], tuple(wanted), labels[kept], places, own, tuple(city.name for city in few))


def spots(photos: Sequence[Photo], side_m: float = SPOT_M) -> NDArray[np.intp]:
    """Number of each photo's spot: places of one city whose first positions lie in one square are one spot.

    Args:
        photos: N of them.
        side_m: of the squares; places without a position are spots of their own.

    Returns:
        ``[N]`` 0 to the number of spots less one.

    >>> from flaneur.types import Location
    >>> at = [Location(48.8566, 2.3522), Location(48.8567, 2.3523), None]
    >>> spots([Photo(f"a:{n}", "0", "paris", f"p{n}", 64, 48, "a", location=one) for n, one in enumerate(at)]).tolist()
    [0, 0, 1]
    """
    first: dict[tuple[str, str], Photo] = {}
    for photo in photos:
        if photo.location is not None:
            first.setdefault((photo.city, photo.place), photo)
    where = np.array([(one.location.lat, one.location.lon) for one in first.values() if one.location]).reshape(-1, 2)
    squares = dict(zip(first, map(str, geo.cells(where, side_m).tolist()), strict=True))
    names = [f"{photo.city}\0{squares.get((photo.city, photo.place), photo.place)}" for photo in photos]
    return np.asarray(np.unique(np.array(names, dtype=object), return_inverse=True)[1], np.intp)


def first_of_each(rows: NDArray[np.intp], groups: NDArray[np.intp]) -> NDArray[np.intp]:
    """The first row of every group, in order; both ``[N]``.

    >>> first_of_each(np.array([7, 4, 9]), np.array([1, 1, 0])).tolist()
    [7, 9]
    """
    return rows[np.sort(np.unique(groups, return_index=True)[1])]
