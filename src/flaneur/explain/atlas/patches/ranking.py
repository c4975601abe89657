"""Detectors of patches, and photos to rank them by, in; which tell a city from others, and what they say, out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flaneur.explain.atlas.cells import Cells
from flaneur.explain.atlas.patches.mining import best_cells, mine, space

RARE = 0.1  # the share of another city's photos that may have a patch, at most, in those that it is ranked by
VOTES = 10  # patches of a city that vote
_ALIKE = 0.5

Rows = NDArray[np.intp]
Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Found:
    """What detectors find in photos.

    Args:
        city: ``[P]`` that each is of.
        held: ``[V, P]`` the best cosine in each photo that they are ranked by.
        held_cells: ``[V, P]`` where it is.
        labels: ``[V]`` city of these photos.
        new: ``[N, P]`` the same of the photos that they are tried on.
        new_cells: ``[N, P]``.
    """

    city: Rows
    held: Floats
    held_cells: Rows
    labels: Rows
    new: Floats
    new_cells: Rows

    def threshold(self, one: int, against: Sequence[int]) -> float:
        """Of a detector: so high that it is rare in every one of those cities."""
        return max(float(np.quantile(self.held[self.labels == city, one], 1 - RARE)) for city in against)

    def hits(self, one: int, against: Sequence[int]) -> NDArray[np.bool_]:
        """``[N]`` which of the new photos have it."""
        return np.asarray(self.new[:, one] > self.threshold(one, against))

    def best(self, city: int, against: Sequence[int]) -> list[int]:
        """A city's detectors by how many of its photos have what is rare in the others, the most first."""
        own = np.flatnonzero(self.city == city)
        mine = self.labels == city
        share = np.array([(self.held[mine, one] > self.threshold(one, against)).mean() for one in own.tolist()])
        ranked: list[int] = own[np.argsort(-share, kind="stable")].tolist()
        return ranked

    def unlike(self, city: int, against: Sequence[int]) -> list[int]:
        """The same without those that mostly lie where a better one lies."""
        where, kept = self.held_cells[self.labels == city], list[int]()
        for one in self.best(city, against):
            if all((where[:, one] == where[:, other]).mean() < _ALIKE for other in kept):
                kept.append(one)
        return kept

    def scores(self, asked: Sequence[tuple[int, Sequence[int]]], places: Rows) -> NDArray[np.float64]:
        """What patches say of the new photos' places.

        Args:
            asked: cities, each with those that it is held against.
            places: ``[N]`` number of each new photo's place.

        Returns:
            ``[N, len(asked)]`` mean over a city's best patches of how far each is above what is usual in the photos
            that they were ranked by, in standard deviations; the mean over the photos of a place.
        """
        known = [self.held[self.labels == city] for city, _ in asked]
        columns = []
        for city, against in asked:
            voting = self.best(city, against)[:VOTES]
            mean = np.mean([rows[:, voting].mean(axis=0) for rows in known], axis=0)
            deviation = np.concatenate([rows[:, voting] for rows in known]).std(axis=0) + 1e-9
            columns.append(((self.new[:, voting] - mean) / deviation).mean(axis=1))
        each, index = np.column_stack(columns), np.unique(places, return_inverse=True)[1]
        sums = np.zeros((int(index.max()) + 1, len(asked)))
        np.add.at(sums, index, each)
        return np.asarray((sums / np.bincount(index)[:, None])[index])


def look(cells: Cells, mined: Rows, labels: Rows, held: Rows, new: Rows) -> Found:
    """Mine detectors in some photos and look for them in others; all by rows.

    Args:
        cells: of all photos.
        mined: photos of different places.
        labels: ``[all]`` city of each photo.
        held: photos to rank by.
        new: photos to try on.
    """
    raw = cells.descriptors(mined)
    turned = space(raw)
    found = mine(turned.of(raw), labels[mined])
    held_scores, held_cells = best_cells(turned.of(cells.descriptors(held)), found.directions)
    new_scores, new_cells = best_cells(turned.of(cells.descriptors(new)), found.directions)
    return Found(found.city, held_scores, held_cells, labels[held], new_scores, new_cells)


def rivals_of(projects: Sequence[set[str]]) -> NDArray[np.bool_]:
    """``[C, C]`` which cities share a project; each is with itself.

    >>> rivals_of([{"a"}, {"a", "b"}, {"c"}]).astype(int).tolist()
    [[1, 1, 0], [1, 1, 0], [0, 0, 1]]
    """
    same = [[one is other or bool(one & other) for other in projects] for one in projects]
    return np.array(same, bool)
