"""Cells of photos of some cities in; directions that one city's cells have and others' lack, out.

After Doersch, Singh, Gupta, Sivic and Efros, *What Makes Paris Look like Paris?*, ACM Transactions on Graphics 31(4),
2012: patches are drawn, each is judged by whether its nearest neighbours are of its own city, near copies go, and what
remains becomes a detector. Simpler here: cells of a feature map for patches, and for the support vector machines
of the paper the mean of a patch's kin among whitened cells (Hariharan, Malik and Ramanan, *Discriminative Decorrelation
for Clustering and Classification*, ECCV 2012, which is linear discriminant analysis).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flaneur.training.heads.logits import unit_rows

NEIGHBOURS = 20  # as in the paper
DRAWN = 250  # patches of a city
KEPT = 30
MOST_PHOTOS = 4000  # of all cities together
_SHRINK = 0.1
_CHUNK = 64
_ALIKE = 0.5  # of their kin shared: near copies

Rows = NDArray[np.intp]
Floats32 = NDArray[np.float32]


@dataclass(frozen=True)
class Space:
    """Whitened directions, in which cells that are everywhere count little.

    Args:
        mean: ``[K]`` of cells.
        turn: ``[K, K]`` to variance 1 in every direction, but for some shrinkage.
    """

    mean: Floats32
    turn: Floats32

    def of(self, cells: Floats32) -> Floats32:
        """``[..., K]`` to length 1."""
        turned = (cells.reshape(-1, cells.shape[-1]) - self.mean) @ self.turn
        return np.asarray(unit_rows(turned), np.float32).reshape(cells.shape)


def space(cells: Floats32) -> Space:
    """Whitening of cells, ``[..., K]``.

    >>> rng = np.random.default_rng(0)
    >>> long = (rng.normal(size=(500, 2)) * (3, 1)).astype(np.float32)
    >>> turned = space(long).of(long)
    >>> bool(1 < turned[:, 0].std() / turned[:, 1].std() < 1.3)
    True
    """
    flat = cells.reshape(-1, cells.shape[-1]).astype(np.float64)
    mean = flat.mean(axis=0)
    values, vectors = np.linalg.eigh(np.cov(flat - mean, rowvar=False))
    scale = 1 / np.sqrt(np.maximum(values, 0) + _SHRINK * max(float(values.mean()), 1e-12))
    return Space(mean.astype(np.float32), (vectors * scale @ vectors.T).astype(np.float32))


@dataclass(frozen=True)
class Detectors:
    """Directions that find patches of a city.

    Args:
        city: ``[P]`` number of the city that each is of.
        directions: ``[P, K]`` of length 1, in the space.
    """

    city: Rows
    directions: Floats32


def best_cells(cells: Floats32, directions: Floats32) -> tuple[Floats32, NDArray[np.intp]]:
    """What in each photo is most like each direction.

    Args:
        cells: ``[N, L, K]`` of length 1.
        directions: ``[P, K]`` of length 1.

    Returns:
        ``[N, P]`` cosine, and which of its cells.
    """
    scores = np.empty((len(cells), len(directions)), np.float32)
    found = np.empty(scores.shape, np.intp)
    for start in range(0, len(cells), _CHUNK):
        piece = slice(start, start + _CHUNK)
        every = cells[piece] @ directions.T
        found[piece] = every.argmax(axis=1)
        scores[piece] = np.take_along_axis(every, found[piece][:, None], axis=1)[:, 0]
    return scores, found


def mine(cells: Floats32, labels: Rows, seed: int = 0) -> Detectors:
    """Detectors of every city.

    Args:
        cells: ``[N, L, K]`` of length 1; photos of different places, so that no neighbour is of the same.
        labels: ``[N]`` city, 0 to C - 1, each with more photos than :data:`NEIGHBOURS`.
        seed: of which cells are drawn.

    Returns:
        At most :data:`KEPT` of each city, the purest first.
    """
    rng = np.random.default_rng(seed)
    weights = (1 / np.bincount(labels))[labels]
    cities, directions = [], []
    for city in range(int(labels.max()) + 1):
        own = np.flatnonzero(labels == city)
        photos = rng.permutation(np.repeat(own, -(-DRAWN // len(own))))[:DRAWN]
        seeds = cells[photos, rng.integers(0, cells.shape[1], len(photos))]
        scores, found = best_cells(cells, seeds)
        scores[photos, np.arange(len(photos))] = -2  # itself
        kin = np.argsort(-scores[own], axis=0, kind="stable")[:NEIGHBOURS]
        kept = _apart(np.argsort(-_purity(scores, weights, labels == city), kind="stable"), kin, found[own])
        for one in kept:
            members = cells[own[kin[:, one]], found[own[kin[:, one]], one]]
            directions.append(members.mean(axis=0))
            cities.append(city)
    return Detectors(np.array(cities, np.intp), np.asarray(unit_rows(np.array(directions)), np.float32))


def _purity(scores: Floats32, weights: NDArray[np.float64], own: NDArray[np.bool_]) -> NDArray[np.float64]:
    """``[P]`` share of each patch's nearest neighbours that are of its own city, every city counting alike."""
    nearest = np.argpartition(-scores, NEIGHBOURS, axis=0)[:NEIGHBOURS]
    each = weights[nearest]
    return np.asarray((each * own[nearest]).sum(axis=0) / each.sum(axis=0))


def _apart(order: Rows, kin: Rows, found: Rows) -> list[int]:
    """The first of the patches that share few of their kin with an earlier one."""
    taken: list[int] = []
    sets = [
        set(zip(kin[:, one].tolist(), found[kin[:, one], one].tolist(), strict=True)) for one in range(kin.shape[1])
    ]
    for one in order.tolist():
        if all(len(sets[one] & sets[other]) < _ALIKE * NEIGHBOURS for other in taken):
            taken.append(one)
        if len(taken) == KEPT:
            break
    return taken
