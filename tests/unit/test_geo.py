"""Distances and cells against hand arithmetic and an independent library."""

import numpy as np
import pytest

from flaneur import geo


def test_distances_agree_with_scikit_learn():
    from sklearn.metrics.pairwise import haversine_distances

    rng = np.random.default_rng(0)
    a, b = (np.stack([rng.uniform(-90, 90, 50), rng.uniform(-180, 180, 50)], axis=1) for _ in range(2))
    theirs = np.diag(haversine_distances(np.radians(a), np.radians(b))) * geo.EARTH_KM
    assert geo.distance_km(a, b) == pytest.approx(theirs)


def test_swapped_columns_are_noticed():
    with pytest.raises(ValueError, match="swapped"):
        geo.distance_km(np.array([[139.7, 35.7]]), np.array([[0.0, 0.0]]))


def test_nearest_agrees_with_all_distances_also_across_the_date_line():
    rng = np.random.default_rng(1)
    points = np.stack([rng.uniform(-80, 80, 40), rng.uniform(-180, 180, 40)], axis=1)
    others = np.concatenate(
        [np.stack([rng.uniform(-80, 80, 60), rng.uniform(-180, 180, 60)], axis=1), [[0, -179.9999]]]
    )
    points[0] = (0, 179.9999)
    metres, rows = geo.nearest_m(points, others)
    for point, metre, row in zip(points, metres, rows, strict=True):
        every = geo.distance_km(np.repeat(point[None], len(others), axis=0), others) * 1000
        assert metre == pytest.approx(every.min(), abs=0.01)
        assert row == every.argmin()
    assert metres[0] == pytest.approx(22.24, abs=0.01)


def test_nothing_to_be_near_to():
    metres, rows = geo.nearest_m(np.zeros((2, 2)), np.zeros((0, 2)))
    assert metres.tolist() == [np.inf, np.inf]
    assert rows.tolist() == [-1, -1]


@pytest.mark.parametrize("lat", [0.0, 52.2, -33.9, 78.0])
def test_cells_are_as_wide_in_metres_everywhere(lat):
    rng = np.random.default_rng(2)
    points = np.stack([lat + rng.uniform(0, 0.05, 4000), rng.uniform(0, 0.05, 4000)], axis=1)
    cells = geo.cells(points, 500.0)
    for cell in np.unique(cells, axis=0)[:40]:
        own = points[(cells == cell).all(axis=1)]
        corners = np.array([own.min(axis=0), own.max(axis=0)])
        assert geo.distance_km(corners[:1], corners[1:])[0] * 1000 < 500 * 1.5
