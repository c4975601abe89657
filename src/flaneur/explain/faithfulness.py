"""A target and a map in; how far to trust the map, in numbers, out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flaneur.explain.target import Picture, Target
from flaneur.explain.windows import filled

_CELLS, _STEPS, _ORDERS = 14, 14, 4


@dataclass(frozen=True, slots=True)
class Faithfulness:
    """How a score answers when a photo is altered in the order of a map, beside random orders.

    Args:
        deletion_auc: area under the score while the map's highest points are taken away first; lower is better.
        insertion_auc: likewise, while they are put in first; higher is better.
        random_deletion_auc: of random orders, their mean.
        random_insertion_auc: likewise.
        sanity: rank correlation of the map with that of the same network with random weights, -1 to 1: near 0 where the
            map rests on what the network learnt; ``None`` where it was not measured.
    """

    deletion_auc: float
    insertion_auc: float
    random_deletion_auc: float
    random_insertion_auc: float
    sanity: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "deletion_auc": round(self.deletion_auc, 4),
            "insertion_auc": round(self.insertion_auc, 4),
            "random_deletion_auc": round(self.random_deletion_auc, 4),
            "random_insertion_auc": round(self.random_insertion_auc, 4),
            "sanity": None if self.sanity is None else round(self.sanity, 4),
        }


def measure_faithfulness(target: Target, values: NDArray[np.float32], seed: int = 0) -> Faithfulness:
    """Take a photo away, and put it in, in the order of a map and in random orders.

    Args:
        target: that the map is of.
        values: ``[S, S]``.
        seed: of the random orders.

    Returns:
        Areas under the score, as means over steps of equal size; what is taken away is blurred.

    Source:
        Petsiuk, Das and Saenko, *RISE*, BMVC 2018, section 4.3.
    """
    cells = np.arange(target.size_px) * _CELLS // target.size_px
    where = cells[:, None] * _CELLS + cells
    means = np.bincount(where.ravel(), values.ravel()) / np.bincount(where.ravel())
    rng = np.random.default_rng(seed)
    orders = [np.argsort(-means, kind="stable"), *(rng.permutation(_CELLS**2) for _ in range(_ORDERS))]
    picture = target.picture()
    hidden = filled(picture, "blur")
    areas = [[_area(target, order, where, pair) for pair in ((picture, hidden), (hidden, picture))] for order in orders]
    random = np.mean(areas[1:], axis=0)
    return Faithfulness(*areas[0], float(random[0]), float(random[1]))


def _area(target: Target, order: NDArray[np.intp], where: NDArray[np.intp], pair: tuple[Picture, Picture]) -> float:
    """Mean score while the first picture gives way to the second, cell by cell in that order."""
    rank = np.empty(len(order), np.intp)
    rank[order] = np.arange(len(order))
    gone = (rank[where] < step * len(order) / _STEPS for step in range(_STEPS + 1))
    return float(target.scores(np.where(away[..., None], pair[1], pair[0]) for away in gone).mean())
