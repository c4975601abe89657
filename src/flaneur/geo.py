"""Latitudes and longitudes in degrees in; distances, nearest neighbours and equal-metre cells out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

EARTH_KM = 6371.0088
_METRES_PER_DEGREE = np.pi / 180 * EARTH_KM * 1000


def distance_km(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Great-circle distance between paired points.

    Args:
        a: ``[N, 2]`` latitude, longitude in degrees.
        b: ``[N, 2]`` likewise, row-aligned with ``a`` (or ``[1, 2]``).

    Returns:
        ``[N]`` kilometres, in ``[0, 20016]``.

    Raises:
        ValueError: a latitude lies outside ±90, the usual sign of swapped columns.

    Source:
        Haversine form, R. W. Sinnott, *Sky & Telescope* 68(2), 1984.

    >>> distance_km(np.array([[48.8566, 2.3522]]), np.array([[41.9028, 12.4964]])).round(0)
    array([1105.])
    """
    for points in (a, b):
        if np.any(np.abs(points[:, 0]) > 90):
            raise ValueError("A latitude lies outside ±90 degrees. Are latitude and longitude swapped?")
    lat_a, lon_a, lat_b, lon_b = (np.radians(column) for column in (a[:, 0], a[:, 1], b[:, 0], b[:, 1]))
    half = np.sin((lat_b - lat_a) / 2) ** 2 + np.cos(lat_a) * np.cos(lat_b) * np.sin((lon_b - lon_a) / 2) ** 2
    return np.asarray(2 * EARTH_KM * np.arcsin(np.sqrt(np.clip(half, 0, 1))))


def nearest_m(
    points: NDArray[np.float64], others: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """For each point, the nearest of the others.

    Args:
        points: ``[N, 2]`` latitude, longitude in degrees.
        others: ``[M, 2]`` likewise.

    Returns:
        ``[N]`` metres (infinite where ``M`` is 0) and ``[N]`` row of ``others`` (-1 likewise).

    >>> metres, row = nearest_m(np.array([[0.0, 0.0]]), np.array([[1.0, 0.0], [0.0, 0.001]]))
    >>> metres.round(1), row
    (array([111.2]), array([1]))
    """
    if len(points) == 0 or len(others) == 0:
        return np.full(len(points), np.inf), np.full(len(points), -1, dtype=np.int64)
    from scipy.spatial import cKDTree

    chord, row = cKDTree(_on_sphere(others)).query(_on_sphere(points), k=1)
    metres = 2 * EARTH_KM * 1000 * np.arcsin(np.clip(chord / 2, 0, 1))
    return np.asarray(metres), np.asarray(row, dtype=np.int64)


def cells(points: NDArray[np.float64], cell_m: float) -> NDArray[np.int64]:
    """Number of the grid cell that each point lies in: bands of latitude, each cut into pieces about ``cell_m`` wide.

    Args:
        points: ``[N, 2]`` latitude, longitude in degrees.
        cell_m: side of a cell in metres.

    Returns:
        ``[N, 2]`` band and column. The columns shift from band to band, so cells tile but do not stack.

    >>> cells(np.array([[0.0001, 0.0001], [0.0002, 0.0002], [0.0001, 0.0051]]), 500.0).tolist()
    [[0, 0], [0, 0], [0, 1]]
    """
    band = np.floor(points[:, 0] * _METRES_PER_DEGREE / cell_m)
    middle = np.radians((band + 0.5) * cell_m / _METRES_PER_DEGREE)
    column = np.floor(points[:, 1] * _METRES_PER_DEGREE * np.maximum(np.cos(middle), 1e-6) / cell_m)
    return np.stack([band, column], axis=1).astype(np.int64)


def _on_sphere(points: NDArray[np.float64]) -> NDArray[np.float64]:
    lat, lon = np.radians(points[:, 0]), np.radians(points[:, 1])
    return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=1)
