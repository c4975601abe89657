"""An atlas in; the photos to mine patches from, to rank them by and to try them on out: each a part of one split."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from flaneur.errors import InputError
from flaneur.explain.atlas.atlas import Atlas
from flaneur.explain.atlas.basis import LEARNT as TRAINED_ON
from flaneur.explain.atlas.basis import NEW, Basis, basis, first_of_each
from flaneur.explain.atlas.patches.mining import MOST_PHOTOS, NEIGHBOURS

CHOSEN_ON = 2
_FEW = 10  # photos of a city to rank by
Rows = NDArray[np.intp]


@dataclass(frozen=True)
class Supply:
    """Photos by use; rows of the atlas.

    Args:
        new: to try patches on, and the cities that have enough of all three.
        labels: ``[N]`` column of each photo's city; -1 for other cities.
        mined: the model was trained on them; one a place.
        ranked: the model's settings were chosen by them.
    """

    new: Basis
    labels: Rows
    mined: Rows
    ranked: Rows


def supply(atlas: Atlas) -> Supply:
    """Photos for patches, by use.

    Args:
        atlas: of photos of all parts of the split that its model learnt from.

    Raises:
        InputError: fewer than two cities have enough photos of each part.
    """
    few = f"more than {NEIGHBOURS} places to mine, {_FEW} photos to rank by, and new ones"
    wanted = f"It takes two cities with {few}; make the atlas of all photos of the split that the model learnt from."
    if not all((atlas.learnt == kind).any() for kind in (NEW, TRAINED_ON, CHOSEN_ON)):
        raise InputError(wanted)
    found = basis(atlas, least_cities=2, known_only=True)
    labels = _labels(atlas, found)
    mined = np.bincount(labels[_one_a_place(atlas, labels)], minlength=len(found.cities))
    ranked = np.bincount(labels[_rows_of(atlas, labels, CHOSEN_ON)], minlength=len(found.cities))
    kept = np.flatnonzero((mined > NEIGHBOURS) & (ranked >= _FEW))
    if found.kind != "new" or len(kept) < 2:
        raise InputError(wanted)
    found = _only(found, kept)
    labels = _labels(atlas, found)
    return Supply(found, labels, _one_a_place(atlas, labels), _rows_of(atlas, labels, CHOSEN_ON))


def _labels(atlas: Atlas, found: Basis) -> Rows:
    column = {city.slug: number for number, city in enumerate(found.cities)}
    return np.array([column.get(photo.city, -1) for photo in atlas.answers.photos], np.intp)


def _only(found: Basis, kept: Rows) -> Basis:
    """The same without other cities."""
    rows = np.isin(found.labels, kept)
    lost = tuple(city.name for number, city in enumerate(found.cities) if number not in kept)
    return replace(
        found,
        rows=found.rows[rows],
        cities=tuple(found.cities[number] for number in kept.tolist()),
        labels=np.searchsorted(kept, found.labels[rows]),
        places=found.places[rows],
        spots=found.spots[rows],
        left_out=(*found.left_out, *lost),
    )


def _rows_of(atlas: Atlas, labels: Rows, kind: int) -> Rows:
    return np.flatnonzero((atlas.learnt == kind) & (labels >= 0))


def _one_a_place(atlas: Atlas, labels: Rows) -> Rows:
    """Photos to mine, from different places, at most so many of a city."""
    rows = _rows_of(atlas, labels, TRAINED_ON)
    first = first_of_each(rows, atlas.answers.places[rows])
    count = int(labels.max(initial=0)) + 1
    most = max(NEIGHBOURS + 1, MOST_PHOTOS // count)
    own = (first[labels[first] == city] for city in range(count))
    return np.sort(np.concatenate([np.random.default_rng(0).permutation(one)[:most] for one in own]))
