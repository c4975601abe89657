"""Embeddings, cities and places in; a metric of how far apart cities are, for resamples of places, out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flaneur.metrics import Floats, Metric
from flaneur.metrics.weighted import ratio

_CELLS = 4_000_000  # 32 MB of sums at a time
_NO_PAIR = 0.5  # pairs are counted in whole numbers, but for rounding


@dataclass(frozen=True)
class Gaps:
    """A metric: distances of all pairs of cities, of each to the others, spreads, and what different projects add.

    Photos of one place are never paired with one another, nor a place with itself where it was drawn twice: chance then
    adds nothing to a distance, and a resample is no wider than the whole.

    Args:
        sums: ``[P, D]`` of the embeddings, of length 1, of each place's photos.
        counts: ``[P]`` photos of each place.
        city: ``[P]`` city of each place, 0 to C - 1; each city has a place.
        first: ``[P]`` row of each place's first photo.
        alike: ``[C, C]`` whether two cities have a common project.
    """

    sums: Floats
    counts: Floats
    city: NDArray[np.intp]
    first: NDArray[np.intp]
    alike: NDArray[np.bool_]

    @classmethod
    def of(
        cls,
        embeddings: NDArray[np.floating],
        labels: NDArray[np.intp],
        places: NDArray[np.intp],
        alike: NDArray[np.bool_],
    ) -> Gaps:
        """From photos.

        Args:
            embeddings: ``[N, D]`` of length 1.
            labels: ``[N]`` city, 0 to C - 1.
            places: ``[N]`` place, 0 to P - 1, each within one city.
            alike: ``[C, C]`` whether two cities have a common project.

        >>> photos = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
        >>> one = Gaps.of(photos, np.array([0, 0, 1, 1]), np.arange(4), np.ones((2, 2), bool))
        >>> one(np.ones((1, 4))).round(3).tolist()  # the middles are 2 apart, squared, of which chance makes 1
        [[0.707, 0.707, 0.707, 1.0, 1.0, nan]]
        """
        order, first = np.argsort(places, kind="stable"), np.unique(places, return_index=True)[1]
        rows = embeddings.astype(np.float64)
        starts = np.searchsorted(places[order], np.arange(len(first)))
        return cls(
            np.add.reduceat(rows[order], starts, axis=0),
            np.bincount(places).astype(np.float64),
            labels[first],
            first,
            alike,
        )

    @property
    def places(self) -> int:
        """P."""
        return len(self.counts)

    @property
    def cities(self) -> int:
        """C."""
        return len(self.alike)

    def __call__(self, weights: Floats) -> Floats:
        """Values of each resample from weights of photos, equal within each place."""
        return self.of_places(weights[:, self.first])

    def of_groups(self, index: NDArray[np.intp]) -> Metric:
        """The same from weights of places; ``index`` must be the places it was made of."""
        if not np.array_equal(index[self.first], np.arange(self.places)):
            raise ValueError("these are other groups than the places that the distances were made of")
        return self.of_places

    def of_places(self, weights: Floats) -> Floats:
        """``[R, P]`` to ``[R, C (C - 1) / 2 + 2 C + 1]``: pairs, each city's mean distance, its spread, projects."""
        step = max(1, _CELLS // max(1, self.cities * self.sums.shape[1]))
        pieces = [self._values(weights[start : start + step]) for start in range(0, len(weights), step)]
        return np.vstack(pieces)

    def drawn(self, resamples: int, rng: np.random.Generator) -> Floats:
        """``[R, P]`` how often each place is drawn when each city's are drawn anew, as many as it has."""
        made = np.zeros((resamples, self.places))
        for number in range(self.cities):
            own = np.flatnonzero(self.city == number)
            made[:, own] = rng.multinomial(len(own), np.full(len(own), 1 / len(own)), resamples)
        return made

    def square(self, pairs: Floats) -> Floats:
        """Values of pairs as a matrix ``[C, C]``, zero on the diagonal."""
        made = np.zeros((self.cities, self.cities))
        made[np.triu_indices(self.cities, 1)] = pairs
        return made + made.T

    def _values(self, weights: Floats) -> Floats:
        member = np.eye(self.cities)[self.city]
        middles = np.stack(
            [weights[:, self.city == one] @ self.sums[self.city == one] for one in range(self.cities)], 1
        )
        photos = (weights * self.counts) @ member
        twice = (weights**2 * self.counts**2) @ member
        own_twice = (weights**2 * (self.sums**2).sum(axis=1)) @ member
        dots = middles @ middles.transpose(0, 2, 1)
        same = ratio(
            np.einsum("rcc->rc", dots) - own_twice, np.where(photos**2 - twice > _NO_PAIR, photos**2 - twice, 0)
        )
        within = 2 * (1 - same)  # squared; of length 1
        unit = within.mean(axis=1, keepdims=True)
        across = ratio(dots, photos[:, :, None] * photos[:, None, :])
        square = ratio(same[:, :, None] + same[:, None, :] - 2 * across, unit[:, :, None])
        spread = np.sqrt(np.maximum(ratio(within, unit), 0))
        rows, columns = np.triu_indices(self.cities, 1)
        pairs = np.sqrt(np.maximum(square[:, rows, columns], 0))
        return np.column_stack([pairs, self._means(pairs), spread, self._projects(pairs)])

    def _means(self, pairs: Floats) -> Floats:
        rows, columns = np.triu_indices(self.cities, 1)
        takes_part = (rows[:, None] == np.arange(self.cities)) | (columns[:, None] == np.arange(self.cities))
        return np.asarray(pairs @ takes_part / max(1, self.cities - 1))

    def _projects(self, pairs: Floats) -> Floats:
        alike = self.alike[np.triu_indices(self.cities, 1)]
        if alike.all() or not alike.any():
            return np.full((len(pairs), 1), np.nan)
        return np.asarray(pairs[:, ~alike].mean(axis=1) - pairs[:, alike].mean(axis=1))[:, None]
