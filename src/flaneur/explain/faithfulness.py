"""A target and a map in; how far to trust the map, in numbers, out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from flaneur.explain.randomised import randomised
from flaneur.explain.target import Picture, Target
from flaneur.explain.windows import filled

CELLS = 14
"""A side of the square: whole cells are taken away and put in, so that coarse and fine maps are altered alike."""
STEPS, ORDERS = 8, 4
_PATCHES = 7  # a side of the noise that random orders come from, as many as a map of 160 to 224 pixels has cells

Relevance = NDArray[np.float32]
"""``[S, S]`` on the square that the network sees; higher speaks more for the city."""
Explain = Callable[[Target], Relevance]


@dataclass(frozen=True, slots=True)
class Faithfulness:
    """How an answer changes when a photo is altered in the order of a map, beside random orders.

    Args:
        deletion_auc: mean probability of the city, 0 to 1, while the map's highest cells are taken away first; lower is
            better.
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

    @property
    def gain(self) -> float:
        """Insertion less deletion, beyond that of random orders: -2 to 2; above 0 the map knows more than chance."""
        return (self.insertion_auc - self.deletion_auc) - (self.random_insertion_auc - self.random_deletion_auc)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {name: None if value is None else round(value, 4) for name, value in asdict(self).items()}


def measure_faithfulness(
    target: Target, values: Relevance, again: Explain | None = None, *, seed: int = 0
) -> Faithfulness:
    """Take a photo away, and put it in, in the order of a map and in random orders.

    The square is cut into 14 x 14 cells; a map orders them by its mean on each, and ties by chance. Deletion paints
    cells in the photo's mean colour, insertion lays them over the blurred photo, an eighth at a time. What counts is
    the probability that goes with the target's score: of the city among all, or beside the one it is held against.
    Random orders come in patches, see :func:`random_orders`.

    Args:
        target: that the map is of.
        values: the map.
        again: how it was made, for the check with random weights; without it ``sanity`` is not measured.
        seed: of the random orders and weights.

    Source:
        Petsiuk, Das and Saenko, *RISE*, BMVC 2018, section 4.3 and algorithm 1 of its appendix, by cells.
    """
    means = cell_means(values)
    orders = [ordered(means, seed), *random_orders(seed)]
    (deletion, insertion), *random = areas(target, orders).tolist()
    random_deletion, random_insertion = np.mean(random, axis=0).tolist()
    same = None if again is None else sanity(target, values, again, seed=seed)
    return Faithfulness(deletion, insertion, random_deletion, random_insertion, same)


def sanity(target: Target, values: Relevance, again: Explain, *, seed: int = 0) -> float | None:
    """Rank correlation of a map with the map, made in the same way, of the network with random weights.

    Args:
        target: that the map is of.
        values: the map.
        again: how it was made.
        seed: of the weights.

    Returns:
        -1 to 1, by cells; ``None`` where random weights give no varied answers, or a map is the same everywhere.

    Source:
        Adebayo et al., *Sanity Checks for Saliency Maps*, NeurIPS 2018, section 3: all layers at once.
    """
    model = randomised(target.model, seed)
    if model is None:
        return None
    other = again(Target(model, target.image, target.city, target.against))
    return rank_correlation(cell_means(values), cell_means(other))


def cell_means(values: Relevance) -> NDArray[np.float64]:
    """``[S, S]`` to ``[196]``, the mean in each cell, row by row.

    >>> cell_means(np.eye(28, dtype=np.float32))[:16].tolist()[::15]
    [0.5, 0.5]
    """
    where = _cells(len(values)).ravel()
    return np.asarray(np.bincount(where, np.asarray(values, np.float64).ravel()) / np.bincount(where))


def ordered(means: NDArray[np.float64], seed: int = 0) -> NDArray[np.intp]:
    """Cells from the highest to the lowest; equal ones in a random order, not row by row.

    >>> ordered(np.array([1.0, 3.0, 2.0])).tolist()
    [1, 2, 0]
    """
    return np.lexsort((np.random.default_rng(seed).random(len(means)), -means))


def random_orders(seed: int = 0, count: int = ORDERS) -> list[NDArray[np.intp]]:
    """Orders of the cells that know nothing of a photo, but come in patches as those of maps do.

    Cells strewn singly would be no fair rival: a photo with a hundred holes answers worse than one with a few large
    ones, wherever they lie.
    """
    rng = np.random.default_rng([seed, CELLS])
    noise = (Image.fromarray(rng.standard_normal((_PATCHES, _PATCHES), np.float32)) for _ in range(count))
    return [ordered(np.asarray(one.resize((CELLS, CELLS), Image.Resampling.BICUBIC), float).ravel()) for one in noise]


def areas(target: Target, orders: Sequence[NDArray[np.intp]]) -> NDArray[np.float64]:
    """Mean probability while a photo is taken away, and put in, in several orders.

    Args:
        target: whose score and photo.
        orders: of the cells, each ``[196]``.

    Returns:
        ``[N, 2]``: deletion, insertion; areas under the curve, by the trapezoidal rule.
    """
    photo = target.picture()
    grey, blurred = filled(photo, "mean"), filled(photo, "blur")
    where = _cells(len(photo))

    def pictures() -> Iterator[Picture]:
        yield from (photo, grey, blurred)
        for order in orders:
            rank = np.argsort(order)[where]
            for step in range(1, STEPS):
                first = (rank * STEPS < step * CELLS**2)[..., None]
                yield np.where(first, grey, photo)
                yield np.where(first, photo, blurred)

    probability = (1 + np.tanh(target.scores(pictures()) / 2)) / 2
    ends = (probability[0] + probability[1:3]) / 2
    between = probability[3:].reshape(len(orders), STEPS - 1, 2).sum(axis=1)
    return np.asarray((between + ends) / STEPS)


def rank_correlation(first: NDArray[np.float64], second: NDArray[np.float64]) -> float | None:
    """Spearman's, -1 to 1, ties by their mean rank; ``None`` where one of them is the same everywhere.

    >>> rank_correlation(np.array([1.0, 2.0, 3.0]), np.array([10.0, 100.0, 1000.0]))
    1.0
    """
    one, other = _ranks(first), _ranks(second)
    if not (one.any() and other.any()):
        return None
    return round(float(one @ other / np.sqrt((one @ one) * (other @ other))), 12)


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """About their mean."""
    _, index, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((counts.cumsum() - (counts + len(values)) / 2)[index])


def _cells(size_px: int) -> NDArray[np.intp]:
    """``[S, S]``: which cell a pixel lies in."""
    across = np.arange(size_px) * CELLS // size_px
    return np.asarray(across[:, None] * CELLS + across)
