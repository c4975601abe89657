"""Known photos that a model keeps as numbers: which lie nearest to a photo, by hand arithmetic."""

from __future__ import annotations

import numpy as np
import pytest

from bundles import CITIES, DIM, tiny_card, tiny_model
from flaneur.bundle.folder import write_bundle
from flaneur.bundle.known import Known, pack
from flaneur.explain.nearest import nearest_known
from flaneur.predict import Model, load


def at(*angles_deg):
    """Directions in the plane of the first two numbers."""
    made = np.zeros((len(angles_deg), DIM), np.float32)
    made[:, 0], made[:, 1] = np.cos(np.deg2rad(angles_deg)), np.sin(np.deg2rad(angles_deg))
    return made


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    known = Known(2 * at(0, 10, 12, 40, 90), np.array([0, 0, 1, 1, 2]), np.array([5, 5, 7, 8, 9]))
    return Model(write_bundle(tmp_path_factory.mktemp("m") / "tiny", tiny_model(3), tiny_card(), known=pack(known)))


def distance(degrees):
    return pytest.approx(1 - np.cos(np.deg2rad(degrees)), abs=2e-3)


def test_each_place_counts_once_and_the_nearest_comes_first(model):
    found = nearest_known(model, 3 * at(11.5))
    assert [city.slug for city, _ in found.known] == [CITIES[at].slug for at in (1, 0, 1, 2)]
    assert [near for _, near in found.known] == [distance(0.5), distance(1.5), distance(28.5), distance(78.5)]
    assert (found.photos, found.places) == (5, 4)
    assert found.nearer_than == 1  # the nearest pair of different places is 2 degrees apart
    assert found.to_dict()["cities"][0] == {"city": CITIES[1].slug, "count": 2}


def test_how_near_is_near(model):
    # apart by 12, 2, 2, 28 and 50 degrees: three photos have one nearer than 20
    assert nearest_known(model, at(110)).nearer_than == pytest.approx(2 / 5)


def test_views_count_by_the_mean_of_their_directions(model):
    assert nearest_known(model, np.concatenate([10 * at(30), at(50)])).known[0][1] == distance(0)


def test_a_model_without_known_photos_tells_none(tmp_path):
    assert nearest_known(Model(write_bundle(tmp_path / "bare", tiny_model(3), tiny_card())), at(0)) is None


def test_the_bundled_model_keeps_some():
    model = load()
    found = nearest_known(model, np.ones((1, model.card.encoder.dim), np.float32))
    assert found.photos == model.card.metrics["validation"]["accuracy"]["n"]
    assert found.places == model.card.metrics["validation"]["accuracy"]["places"]
