"""Groups of photos, a fact of each and places in; how much more often photos with one fact share a group, out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flaneur.metrics import Floats, Metric
from flaneur.metrics.weighted import ratio


@dataclass(frozen=True)
class Agreement:
    """A metric of one value: chance that two photos share a group, given the same fact, less that of any two photos.

    Both over pairs of photos from different places; 0 where the groups have nothing to do with the fact.

    Args:
        cells: ``[P, V, K]`` photos of each place with each fact in each group.
        first: ``[P]`` row of each place's first photo.
    """

    cells: Floats
    first: NDArray[np.intp]

    @classmethod
    def of(cls, groups: NDArray[np.intp], facts: NDArray[np.intp], places: NDArray[np.intp]) -> Agreement:
        """From photos.

        Args:
            groups: ``[N]`` 0 to K - 1.
            facts: ``[N]`` 0 to V - 1.
            places: ``[N]`` 0 to P - 1.

        >>> alike = Agreement.of(np.array([0, 0, 1, 1]), np.array([0, 0, 1, 1]), np.arange(4))
        >>> round(float(alike(np.ones((1, 4)))[0, 0]), 3)
        0.667
        """
        first = np.unique(places, return_index=True)[1]
        cells = np.zeros((len(first), int(facts.max(initial=0)) + 1, int(groups.max(initial=0)) + 1))
        np.add.at(cells, (places, facts, groups), 1)
        return cls(cells, first)

    def __call__(self, weights: Floats) -> Floats:
        """Values of each resample from weights of photos, equal within each place."""
        return self.of_places(weights[:, self.first])

    def of_groups(self, index: NDArray[np.intp]) -> Metric:
        """The same from weights of places; ``index`` must be the places it was made of."""
        if not np.array_equal(index[self.first], np.arange(len(self.first))):
            raise ValueError("these are other groups than the places that the agreement was made of")
        return self.of_places

    def of_places(self, weights: Floats) -> Floats:
        """``[R, P]`` to ``[R, 1]``; not-a-number where no two photos share the fact."""
        both, facts = _pairs(self.cells, weights), _pairs(self.cells.sum(axis=2), weights)
        groups, every = _pairs(self.cells.sum(axis=1), weights), _pairs(self.cells.sum(axis=(1, 2))[:, None], weights)
        return (ratio(both, facts) - ratio(groups, every))[:, None]


def _pairs(cells: Floats, weights: Floats) -> Floats:
    """``[R]`` ordered pairs of photos from different places that share a cell."""
    flat = cells.reshape(len(cells), -1)
    return np.asarray(((weights @ flat) ** 2).sum(axis=1) - weights**2 @ (flat**2).sum(axis=1)).round(6)
