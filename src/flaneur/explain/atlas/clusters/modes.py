"""Points with places in; a division into as many groups as come out again in other places, and how apart they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flaneur.metrics import Floats

Rows = NDArray[np.intp]
MOST, LEAST_PLACES = 4, 20  # groups; places of each of them
_ENOUGH = 0.8
_HALVINGS, _CLOUDS, _STARTS = 5, 20, 4


@dataclass(frozen=True)
class Division:
    """Points divided into groups.

    Args:
        groups: ``[N]`` 0 to K - 1, the largest first; all 0 where no division comes out again.
        middles: ``[K, D]``.
        strength: prediction strength of that division, or of two halves where there is none; 0 to 1.
        explained: share of the points' variance that the division (or the two halves) explains.
        one_cloud: what it explains of a single normal cloud of the same shape: the mean of several, and their most.
    """

    groups: Rows
    middles: Floats
    strength: float
    explained: float
    one_cloud: tuple[float, float]

    @property
    def apart(self) -> bool:
        """Whether it explains more than it does of any single cloud drawn: several heaps, not one cut into pieces."""
        return self.explained > self.one_cloud[1]


def divide(points: Floats, places: Rows, seed: int = 0) -> Division:
    """The largest number of groups, up to four, whose division other places would repeat.

    Places weigh alike, however many photos they have.

    Args:
        points: ``[N, D]``.
        places: ``[N]`` number of the place.
        seed: of halvings and starts.

    Source:
        Prediction strength of 0.8 or more: Tibshirani and Walther, *Cluster Validation by Prediction Strength*, Journal
        of Computational and Graphical Statistics 14(3), 2005; here halves share no place. Comparison with one normal
        cloud of the same variances: Liu, Hayes, Nobel and Marron, *Statistical Significance of Clustering for
        High-Dimension, Low-Sample Size Data*, JASA 103, 2008.
    """
    weights = _alike(places)
    count = len(np.unique(places))
    strengths = {k: _strength(points, places, k, seed) for k in range(2, MOST + 1) if k * LEAST_PLACES <= count}
    firm = [k for k, strength in strengths.items() if strength >= _ENOUGH]
    k = max(firm, default=2)
    middles, groups = _means(points, weights, k, seed)
    order = np.argsort(-np.bincount(groups, weights, minlength=k), kind="stable")
    groups, middles = np.argsort(order)[groups], middles[order]
    explained = _explained(points, weights, groups)
    clouds = _one_cloud(points, weights, (count, k), seed)
    if not firm:
        groups, middles = np.zeros(len(points), np.intp), np.average(points, axis=0, weights=weights)[None]
    return Division(groups, middles, strengths.get(k, 0.0), explained, clouds)


def _alike(places: Rows) -> Floats:
    """``[N]`` weights under which places count alike."""
    _, index = np.unique(places, return_inverse=True)
    return np.asarray(1 / np.bincount(index)[index])


def _means(points: Floats, weights: Floats, k: int, seed: int) -> tuple[Floats, Rows]:
    from sklearn.cluster import KMeans

    found = KMeans(k, n_init=_STARTS, random_state=seed).fit(points, sample_weight=weights)
    return np.asarray(found.cluster_centers_), np.asarray(found.labels_, np.intp)


def _strength(points: Floats, places: Rows, k: int, seed: int) -> float:
    """Prediction strength: the mean over halvings, either half predicting the other."""
    names, index = np.unique(places, return_inverse=True)
    rng = np.random.default_rng((seed, k))
    found = []
    for number in range(_HALVINGS):
        chosen = np.isin(index, rng.permutation(len(names))[: len(names) // 2])
        halves = [(points[rows], index[rows]) for rows in (chosen, ~chosen)]
        made = [_means(half, _alike(own), k, number) for half, own in halves]
        for (middles, _), (half, own), (_, groups) in ((made[0], halves[1], made[1]), (made[1], halves[0], made[0])):
            predicted = ((half[:, None] - middles) ** 2).sum(axis=2).argmin(axis=1)
            found.append(min(_together(predicted[groups == one], own[groups == one], k) for one in range(k)))
    return float(np.mean(found))


def _together(predicted: Rows, places: Rows, k: int) -> float:
    """Share of pairs from different places that are predicted into one group."""
    _, index = np.unique(places, return_inverse=True)
    cells = np.bincount(index * k + predicted, minlength=k * (int(index.max(initial=0)) + 1)).reshape(-1, k)
    every = cells.sum() ** 2 - (cells.sum(axis=1) ** 2).sum()
    same = (cells.sum(axis=0) ** 2).sum() - (cells**2).sum()
    return float(same / every) if every else 0.0


def _explained(points: Floats, weights: Floats, groups: Rows) -> float:
    def spread(rows: NDArray[np.bool_]) -> float:
        own = points[rows] - np.average(points[rows], axis=0, weights=weights[rows])
        return float(weights[rows] @ (own**2).sum(axis=1))

    total = spread(np.ones(len(points), bool))
    return 1 - sum(spread(groups == one) for one in np.unique(groups)) / total if total else 0.0


def _one_cloud(points: Floats, weights: Floats, size: tuple[int, int], seed: int) -> tuple[float, float]:
    count, k = size
    deviations = np.sqrt(np.average((points - np.average(points, axis=0, weights=weights)) ** 2, 0, weights))
    rng, even, found = np.random.default_rng(seed), np.ones(count), []
    for number in range(_CLOUDS):
        cloud = rng.normal(size=(count, points.shape[1])) * deviations
        found.append(_explained(cloud, even, _means(cloud, even, k, number)[1]))
    return float(np.mean(found)), float(np.max(found))
