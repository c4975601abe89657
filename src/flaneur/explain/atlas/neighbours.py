"""Photos in embedding space and on a plane in; how much of who is near whom the plane keeps, out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from flaneur.metrics import Interval, bootstrap_by_group
from flaneur.metrics.weighted import means

NEAREST = 15
_MOST_ASKED = 2000  # photos whose neighbourhood is looked at
_CHUNK = 256


def nearest_elsewhere(
    points: NDArray[np.floating], places: NDArray[np.intp], asked: NDArray[np.intp], count: int = NEAREST
) -> NDArray[np.intp]:
    """The nearest photos of other places: views of one place are near one another anyhow.

    Args:
        points: ``[N, P]``, compared by Euclidean distance.
        places: ``[N]`` number of the place.
        asked: ``[Q]`` rows whose neighbours are wanted.
        count: how many; fewer where there are not so many photos elsewhere.

    Returns:
        ``[Q, K]`` rows, in no order; -1 where all other photos are of the same place.

    >>> nearest_elsewhere(np.array([[0.0], [0.1], [1.0], [5.0]]), np.array([0, 0, 1, 2]), np.array([0]), 1).tolist()
    [[2]]
    """
    points = np.asarray(points, np.float64)
    lengths = (points**2).sum(axis=1)
    count = min(count, len(points) - 1)
    found = np.full((len(asked), count), -1, np.intp)
    for start in range(0, len(asked), _CHUNK) if count else ():
        rows = asked[start : start + _CHUNK]
        distance = lengths - 2 * points[rows] @ points.T
        distance[places[rows][:, None] == places] = np.inf
        near = np.argpartition(distance, count - 1, axis=1)[:, :count]
        far = ~np.isfinite(np.take_along_axis(distance, near, axis=1))
        found[start : start + _CHUNK] = np.where(far, -1, near)
    return found


def neighbours_kept(
    components: NDArray[np.floating], positions: NDArray[np.floating], places: NDArray[np.intp], seed: int = 0
) -> Interval:
    """Share of a photo's nearest photos from other places that are among its nearest on the plane too.

    By chance it is the number of neighbours over that of photos; 1 where nothing is torn apart.

    Args:
        components: ``[N, P]`` in embedding space.
        positions: ``[N, 2]`` on the plane.
        places: ``[N]`` number of the place, the unit that is resampled.
        seed: of the draw of photos, where there are many.

    Returns:
        Not-a-number where there are no more than 16 photos, since then all are neighbours, or none of another place.
    """
    if len(places) <= NEAREST + 1:
        return Interval(np.nan, np.nan, np.nan, 0, 0)
    asked = np.sort(np.random.default_rng(seed).permutation(len(places))[:_MOST_ASKED])
    before, after = (nearest_elsewhere(points, places, asked) for points in (components, positions))
    there = before >= 0
    kept = (before[:, :, None] == after[:, None, :]).any(axis=2) & there
    some = there.any(axis=1)
    if not some.any():
        return Interval(np.nan, np.nan, np.nan, 0, 0)
    share = kept[some].sum(axis=1) / there[some].sum(axis=1)
    return bootstrap_by_group(means(share[:, None], "share"), places[asked[some]])[0]
