"""Areas by hand, orders, ranks against scipy, and maps that a check must and must not let pass."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from scipy.stats import spearmanr

from flaneur.explain.faithfulness import (
    CELLS,
    areas,
    cell_means,
    measure_faithfulness,
    ordered,
    random_orders,
    rank_correlation,
    sanity,
)
from flaneur.explain.run import relevance
from flaneur.explain.target import Target, target
from marked_city import built_model, learnt_model, learnt_photos, marked_photos
from planted_maps import edges


class OneCell:
    """Sure of its city while cell 20 is white, sure of another otherwise; the rest of the photo is black."""

    def picture(self):
        made = np.zeros((28, 28, 3), np.float32)
        made[2:4, 12:14] = 1
        return made

    def scores(self, pictures):
        return np.array([100.0 if made[2:4, 12:14].min() > 0.5 else -100.0 for made in pictures])


def test_areas_by_hand():
    cells = np.arange(CELLS**2)
    first, last = (np.argsort(cells != 20, kind="stable"), np.argsort(cells == 20, kind="stable"))
    found = areas(OneCell(), [first, last])  # trapezoids of 1 0 0 0 0 0 0 0 0, and so on
    assert found == pytest.approx(np.array([[1 / 16, 15 / 16], [15 / 16, 1 / 16]]))


def test_equal_cells_come_in_random_order():
    order = ordered(np.zeros(CELLS**2))
    assert sorted(order) == list(range(CELLS**2))
    assert np.corrcoef(order, np.arange(CELLS**2))[0, 1] < 0.3


def test_random_orders_are_seeded_and_in_patches():
    first, second = random_orders(3, 2)
    assert (random_orders(3, 2)[0] == first).all()
    assert (first != second).any()
    rank = np.argsort(first).reshape(CELLS, CELLS)
    assert np.abs(np.diff(rank)).mean() < 0.6 * CELLS**2 / 3  # a third of the range, were cells strewn singly


@pytest.mark.parametrize("values", [[1, 5, 2, 2, 9, 0], [0.1, 0.1, 0.1, 3, -2, 7]])
def test_ranks_as_scipy_has_them(values):
    other = [3, 1, 4, 1, 5, 9]
    assert rank_correlation(np.array(values), np.array(other)) == pytest.approx(spearmanr(values, other).statistic)
    assert rank_correlation(np.array(values), np.zeros(6)) is None


@pytest.mark.parametrize("size_px", [96, 160, 224])
def test_cells_cover_the_square(size_px):
    ramp = np.broadcast_to(np.arange(size_px, dtype=np.float32), (size_px, size_px))
    means = cell_means(ramp).reshape(CELLS, CELLS)
    assert (np.diff(means, axis=1) > 0).all()
    assert means.mean() == pytest.approx((size_px - 1) / 2, abs=1)


def test_a_map_of_what_tells_beats_chance_and_its_reverse_does_not():
    gains = []
    for photo in marked_photos(2, seed=5)[::2]:
        asked = target(built_model(), photo.image, photo.slug)
        values = relevance(asked, "cam", {})
        there, away = measure_faithfulness(asked, values), measure_faithfulness(asked, -values)
        assert there == measure_faithfulness(asked, values)
        assert there.sanity is None
        gains.append((there.gain, away.gain))
    assert np.min(gains, axis=0)[0] > 0.3
    assert np.max(gains, axis=0)[1] < -0.3


def _asked():
    return [target(learnt_model(), photo.image, photo.slug) for photo in learnt_photos(2, seed=9)[::2]]


def test_edges_do_not_pass_the_check_with_random_weights():
    for asked in _asked():
        assert measure_faithfulness(asked, edges(asked), edges).sanity == 1


def _map(method, settings, asked: Target):
    return relevance(asked, method, settings)


@pytest.mark.parametrize(
    ("method", "settings"),
    [
        ("cam", {}),
        ("occlusion", {"sizes": (0.3,), "stride": 0.6}),
        ("inclusion", {"sizes": (0.3,), "stride": 0.6}),
        ("rise", {"masks": 40}),
        ("gradcam", {}),
        ("integrated_gradients", {"steps": 4}),
    ],
)
def test_methods_pass_the_check_with_random_weights(method, settings):
    if method in ("gradcam", "integrated_gradients"):
        pytest.importorskip("torch")
    make = partial(_map, method, settings)
    same = [sanity(asked, make(asked), make) for asked in _asked()]
    assert None not in same
    assert abs(np.mean(same)) < 0.5
