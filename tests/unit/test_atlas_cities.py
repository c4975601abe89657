"""Cities as points: distances that chance adds nothing to, intervals that hold, a tree, and what they rest on."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from flaneur.errors import InputError
from flaneur.evaluation.page.thumbnails import Thumbnails
from flaneur.explain.atlas.basis import basis
from flaneur.explain.atlas.cities.gaps import Gaps
from flaneur.explain.atlas.cities.points import city_points
from flaneur.explain.atlas.cities.tree import leaves, tree
from flaneur.explain.atlas.page.cities import cities_section
from flaneur.training.heads.logits import unit_rows
from flaneur.types import Location
from planted_atlas import planted, with_facts


def test_distances_are_means_over_pairs_of_photos_from_different_spots():
    rng = np.random.default_rng(1)
    rows, labels = unit_rows(rng.normal(size=(24, 5))).astype(float), np.repeat([0, 1, 2], 8)
    places = np.repeat(np.arange(12), 2)
    squared = ((rows[:, None] - rows) ** 2).sum(axis=2)

    def mean(one, other):
        pairs = (labels == one)[:, None] & (labels == other) & (places[:, None] != places)
        return squared[pairs].mean()

    unit = np.mean([mean(one, one) for one in range(3)])
    expected = [max(0, mean(a, b) - (mean(a, a) + mean(b, b)) / 2) / unit for a, b in combinations(range(3), 2)]
    found = Gaps.of(rows, labels, places, np.ones((3, 3), bool))(np.ones((1, 24)))[0]
    assert found[:3] == pytest.approx(np.sqrt(expected))
    assert found[6:9] ** 2 == pytest.approx([mean(one, one) / unit for one in range(3)])


def test_a_place_drawn_twice_is_never_compared_with_itself():
    rng = np.random.default_rng(2)
    rows, labels, places = unit_rows(rng.normal(size=(12, 4))).astype(float), np.repeat([0, 1], 6), np.arange(12)
    gaps = Gaps.of(rows, labels, places, np.ones((2, 2), bool))
    squared = ((rows[:, None] - rows) ** 2).sum(axis=2)
    weights = rng.integers(0, 3, (1, 12)).astype(float)
    both = weights[0][:, None] * weights[0] * (1 - np.eye(12))
    own = [np.ix_(labels == city, labels == city) for city in range(2)]
    within = [(squared * both)[one].sum() / both[one].sum() for one in own]
    ratio = gaps.of_places(weights)[0, 3:5]
    assert ratio**2 == pytest.approx(np.array(within) / np.mean(within))


def test_cities_drawn_from_one_cloud_are_no_distance_apart_however_few_photos():
    squares = []
    for seed in range(40):
        atlas = planted(np.zeros((2, 6)), 8, seed=seed)
        gaps = Gaps.of(unit_rows(atlas.embeddings), atlas.answers.labels, np.arange(16), np.ones((2, 2), bool))
        squares.append(gaps.of_places(np.ones((1, 16)))[0, 0])
    assert np.median(squares) < 0.15


def test_intervals_hold_the_true_distance():
    middles = np.zeros((2, 4))
    middles[1, 0] = 2.0
    truth, held = 2.0 / np.sqrt(2 * 4), 0
    for seed in range(30):
        found = city_points(planted(middles, 25, seed=seed)).pairs[0]
        held += found.low <= truth <= found.high
    assert held >= 26


def test_the_tree_joins_what_is_near_and_says_how_firm_that_is():
    middles = np.array([[0.0, 0, 0], [2, 0, 0], [0, 12, 0], [0, 14, 0]])
    found = city_points(planted(middles, 30))
    assert {merge.members for merge in found.merges} == {(0, 1), (2, 3), (0, 1, 2, 3)}
    assert all(merge.support == 1 for merge in found.merges)
    assert leaves(found.merges) == [0, 1, 2, 3]
    assert found.points[0].nearest == 1
    assert found.between(3, 2) == found.between(2, 3)
    assert found.between(0, 1).value == pytest.approx(2 / np.sqrt(6), abs=0.25)
    same = city_points(planted(np.zeros((4, 3)), 12))
    assert min(merge.support for merge in same.merges) < 0.8


def test_resamples_with_an_undefined_distance_do_not_count():
    joined = tree(np.array([1.0, 5.0, 7.0]), np.array([[np.nan, 1.0, 1.0], [1.0, 4.0, 5.0]]))
    assert [merge.support for merge in joined] == [1.0, 1.0]


def test_projects_are_named_where_they_explain_distances():
    middles = np.array([[0.0, 0, 0], [1, 0, 0], [0, 9, 0], [0, 10, 0]])
    atlas = planted(middles, 25)
    cars = with_facts(atlas, project=["red" if label < 2 else "blue" for label in atlas.answers.labels])
    found = city_points(cars)
    assert found.across.low > 0
    assert "cameras" in found.findings().beware[0]
    assert "2 of 2 projects" in found.findings().beware[0]
    assert np.isnan(city_points(atlas).across.value)
    assert not city_points(atlas).findings().beware
    assert city_points(cars).to_dict() == found.to_dict()


def test_numbers_rest_on_new_photos_unless_there_are_too_few():
    atlas = planted(np.eye(3), 20)
    some = replace(atlas, learnt=np.where(np.arange(60) % 2, 0, 1))
    assert basis(some, least_cities=2).kind == "new"
    assert len(basis(some).rows) == 30
    assert not city_points(some).findings().beware
    seen = basis(replace(atlas, learnt=np.ones(60, int)), least_cities=2)
    assert (seen.kind, len(seen.rows)) == ("learnt", 60)
    assert "learnt from some" in city_points(replace(atlas, learnt=np.ones(60, int))).findings().beware[0]
    untold = city_points(replace(atlas, learnt=np.full(60, -1)))
    assert "is not known here" in untold.findings().beware[0]


def test_cities_with_few_places_are_left_out_by_name():
    atlas = planted(np.eye(3), 20)
    few = replace(atlas, learnt=np.r_[np.zeros(40, int), np.zeros(3, int), np.ones(17, int)])
    found = city_points(few)
    assert [point.city.slug for point in found.points] == ["town-0", "town-1"]
    assert found.basis.left_out == ("Town 2",)
    with pytest.raises(InputError, match="2 cities"):
        city_points(planted(np.eye(2)[:1], 20))


def test_cities_that_the_model_does_not_know_have_a_distance_too():
    atlas = planted(np.eye(3), 20)
    strangers = with_facts(atlas, city=["new-town" if n < 20 else f"town-{n // 20}" for n in range(60)])
    assert [point.city.name for point in city_points(strangers).points][-1] == "New Town"


def test_a_city_of_a_few_squares_is_marked():
    atlas = planted(np.eye(3), 20)
    assert not any(point.few_spots for point in city_points(atlas).points)
    spots = [photo.location for photo in atlas.answers.photos]
    spots[:20] = [Location(1.0 + row // 10, 5.0) for row in range(20)]
    found = city_points(with_facts(atlas, location=spots))
    assert [(point.spots, point.few_spots) for point in found.points] == [(2, True), (20, False), (20, False)]
    assert "fewer than 5 squares of 200 m stand for Town 0 (2)" in found.findings().beware[0]
    page = cities_section(found, Thumbnails({}))
    assert "Town 0*" in page
    assert "2 and 20" in page
    assert "* Fewer than 5 squares" in page
