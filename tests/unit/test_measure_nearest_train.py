"""Accuracy by the distance to training photos: distances against scikit-learn, thirds against a loop, verdicts."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from sklearn.neighbors import BallTree

from answers_drawn import CITIES, draw
from flaneur.evaluation.answers import Answers
from flaneur.evaluation.measures.nearest_train import RING_EDGES_M, nearest_train
from flaneur.evaluation.page.nearest_train import nearest_section
from flaneur.types import Location, Photo


def radians(photos):
    return np.radians([(photo.location.lat, photo.location.lon) for photo in photos])


@pytest.mark.parametrize("photos", [1, 4, 250])
def test_rings_and_fall_agree_with_a_ball_tree_and_a_loop(photos):
    known, train = draw(photos, seed=photos + 2), draw(120, seed=99).photos
    found = nearest_train(known, train)
    rows = [row for row, photo in enumerate(known.photos) if photo.location]
    tree = BallTree(radians([photo for photo in train if photo.location]), metric="haversine")
    metres = 6371008.8 * tree.query(radians([known.photos[row] for row in rows]))[0][:, 0]
    correct, labels = known.correct[rows], known.labels[rows]
    assert found.without == photos - len(rows)
    assert found.nearest_m == pytest.approx(metres.min(), rel=1e-6)
    edges = list(itertools.pairwise(RING_EDGES_M))
    inside = {(low, high): correct[(metres >= low) & (metres < high)] for low, high in edges}
    assert {(ring.low_m, ring.high_m): ring.accuracy.value for ring in found.rings} == pytest.approx(
        {edge: right.mean() for edge, right in inside.items() if len(right)}
    )
    assert sum(ring.accuracy.n for ring in found.rings) == len(rows)
    near, far = [], []
    for city in range(len(CITIES)):
        own = sorted(np.flatnonzero(labels == city), key=lambda row: metres[row])
        near += own[: len(own) // 3]
        far += own[len(own) - len(own) // 3 :]
    expected = correct[near].mean() - correct[far].mean() if near else math.nan
    assert found.fall.value == pytest.approx(expected, nan_ok=True)


def remembering(slope, apart_m=100.0):
    """A model that is right the less, the farther its photos from the one training photo of their city."""
    rng = np.random.default_rng(2)
    photos, right = [], []
    for row in range(900):
        city, share = CITIES[row % len(CITIES)], rng.random()
        metres = apart_m + 3000 * share
        where = Location(city.centre.lat + metres / 111195, city.centre.lon)
        photos.append(Photo(f"t:{row}", "0", city.slug, f"p{row}", 9, 9, "t", location=where))
        right.append(rng.random() < 0.9 - slope * share)
    labels = np.arange(900) % len(CITIES)
    guess = np.where(right, labels, (labels + 1) % len(CITIES))
    known = Answers(CITIES, tuple(photos), np.eye(len(CITIES))[guess], np.zeros(900))
    train = [Photo(f"l:{row}", "0", city.slug, "l", 9, 9, "l", location=city.centre) for row, city in enumerate(CITIES)]
    return nearest_train(known, train)


def test_a_model_that_lives_near_its_training_photos_is_called_out():
    found = remembering(slope=0.6)
    assert found.fall.low > 0.3
    assert "it partly knows streets, not cities" in found.findings().beware[0]
    assert "The nearest of these photos was taken 10" in found.findings().good[0]


def test_list_and_section_tell_the_nearest_distance_as_the_audit_does():
    found = replace(remembering(slope=0.0), nearest_m=664.6, without=1)
    assert "taken 665 m from a training photo" in found.findings().good[0]
    page = nearest_section(found)
    assert "lies 665 m from one" in page
    assert "for want of a position: 1 photo." in page


def test_one_that_does_not_is_not():
    said = remembering(slope=0.0).findings()
    assert said.beware == ()
    assert "no better than the farthest third" in said.good[1]


def test_training_photos_next_door_are_pointed_out():
    said = remembering(slope=0.0, apart_m=-5.0).findings()
    assert "m from a training photo, which may show the same houses" in said.beware[0]


def test_without_positions_nothing_can_be_said():
    known = draw(30)
    nowhere = tuple(replace(photo, location=None) for photo in known.photos)
    assert nearest_train(known, nowhere) is None
    assert nearest_train(known, []) is None
    assert nearest_train(replace(known, photos=nowhere), known.photos) is None


def test_the_outermost_ring_has_no_end_in_json():
    known = draw(20)
    far = [replace(photo, location=Location(0.0, 150.0)) for photo in known.photos]
    rings = nearest_train(known, far).to_dict()["rings"]
    assert [(ring["low_m"], ring["high_m"]) for ring in rings] == [(10000.0, None)]
