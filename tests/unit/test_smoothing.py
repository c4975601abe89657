"""Where smoothed labels go: by hand, and uniform where nothing is known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from flaneur.training.networks.smoothing import FAR, SAME_COUNTRY, city_similarity
from flaneur.types import City, Location


def city(slug, country="", lat=None, lon=0.0):
    return City(slug, slug.title(), country, None if lat is None else Location(lat, lon))


def test_by_hand_on_the_equator():
    degree_km = 6371.0088 * math.pi / 180
    found = city_similarity([city("a", "AA", 0), city("b", "BB", 1), city("c", "AA", 50)], 2 * degree_km)
    near, country = FAR + math.exp(-0.5), FAR + SAME_COUNTRY
    assert found[0].tolist() == pytest.approx(
        [1 / 3, 2 / 3 * near / (near + country), 2 / 3 * country / (near + country)]
    )
    assert found.sum(1) == pytest.approx(1)


def test_where_all_are_far_it_is_uniform():
    found = city_similarity(
        [city("a", "AA", 0), city("b", "BB", 60), city("c", "CC", -60), city("d", "DD", 0, 120)], 10.0
    )
    assert np.allclose(found, 0.25)


def test_without_positions_it_is_uniform():
    assert np.allclose(city_similarity([city(name) for name in "abcd"], 500.0), 0.25)
    near = [city("a", "AA", 0), city("b", "AA", 1), city("c", "BB", 80), city("d")]
    found = city_similarity(near, 500.0)
    assert np.allclose(found[3], 0.25)
    assert np.allclose(found[:, 3], 0.25)
    assert found[0, 1] > 0.25 > found[0, 2]
    assert found.sum(1) == pytest.approx(1)


def test_no_distance_leaves_the_country():
    found = city_similarity([city("a", "AA", 0), city("b", "BB", 0.01), city("c", "AA", 50)], 0.0)
    assert found[0, 2] / found[0, 1] == pytest.approx((FAR + SAME_COUNTRY) / FAR)
