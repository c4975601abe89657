"""Covariance against scikit-learn, methods against hand arithmetic, the choice on worlds whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.covariance import LedoitWolf

from flaneur.errors import UsageError
from flaneur.metrics import auroc
from flaneur.onnx_files.graph import HeadParams, NoveltyParams
from flaneur.training.heads.logistic import fit_strength, head_logits
from flaneur.training.heads.novelty import Labelled, NoveltyRule, fit_novelty, ledoit_wolf, novelty_scores, whitening
from flaneur.training.heads.novelty_choice import choose_novelty, left_out_worlds


def _cities(count, each=60, dim=16, seed=0, projects=None, distance=4.0):
    rng = np.random.default_rng(seed)
    middles = np.random.default_rng(99).normal(0, distance, (count, dim))
    names = np.repeat([f"city-{index}" for index in range(count)], each)
    X = (np.repeat(middles, each, axis=0) + rng.normal(0, 1, (count * each, dim))).astype(np.float32)
    return Labelled(X, names, np.repeat(projects or [""] * count, each))


@pytest.mark.parametrize(("rows", "dim"), [(300, 20), (15, 40)])
def test_covariance_is_scikit_learns(rows, dim):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(rows, dim)) @ rng.normal(size=(dim, dim))
    X -= X.mean(0)
    oracle = LedoitWolf(assume_centered=True).fit(X).covariance_
    np.testing.assert_allclose(ledoit_wolf(X), oracle, rtol=1e-8, atol=1e-8)


def test_neighbours_by_hand():
    params = NoveltyParams(
        "neighbours",
        mean=np.zeros(2, np.float32),
        projection=np.eye(2, dtype=np.float32),
        references=np.array([[1, 0], [0, 1], [-1, 0]], np.float32),
        k=2,
    )
    # (3, 4) has cosines 0.6, 0.8, -0.6 with the references; the two nearest mean 0.7
    got = novelty_scores(params, np.array([[3, 4]], np.float32), np.zeros((1, 2), np.float32))
    assert got.tolist() == pytest.approx([0.3])


def test_fit_is_small_balanced_and_of_unit_length():
    part = _cities(3, each=50)
    uneven = part.take(np.r_[0:50, 50:60, 100:150])
    head = fit_strength(uneven.embeddings, uneven.cities, 0.1)
    rule = NoveltyRule(dims=4, references=40)
    params = fit_novelty(uneven, "neighbours", rule, head=head, temperature=1.0, known=uneven.embeddings)
    assert params.projection.shape == (16, 4)
    assert params.references.shape == (40, 4)
    np.testing.assert_allclose(np.linalg.norm(params.references, axis=1), 1, rtol=1e-3)


@pytest.mark.parametrize("method", ["energy", "max_probability", "neighbours", "combined"])
def test_an_unknown_city_looks_stranger(method):
    world, later = _cities(5), _cities(5, seed=1)
    known = world.take(world.cities != "city-4")
    head = fit_strength(known.embeddings, known.cities, 0.1)
    calm = later.embeddings[later.cities != "city-4"]
    params = fit_novelty(known, method, NoveltyRule(dims=16), head=head, temperature=1.0, known=calm)
    scores = novelty_scores(params, later.embeddings, head_logits(head, later.embeddings))
    assert auroc(scores.astype(np.float64), later.cities == "city-4") > 0.9


def _logistic(embeddings, cities):
    return fit_strength(embeddings, cities, 0.1)


def test_choice_is_the_best_mean_and_deterministic():
    train, validation = _cities(4), _cities(4, each=20, seed=1)
    rule = NoveltyRule(dims=16)
    choice = choose_novelty(train, validation, rule, refit=_logistic, temperature=1.0)
    assert choice.method == max(rule.methods, key=lambda method: choice.auroc[method])
    assert set(choice.worlds) == {"city-0", "city-1", "city-2", "city-3"}
    means = {m: np.mean([scores[m] for scores in choice.worlds.values()]) for m in rule.methods}
    assert choice.auroc == pytest.approx(means, abs=1e-3)
    assert choose_novelty(train, validation, rule, refit=_logistic, temperature=1.0) == choice


def test_projects_are_left_out_whole():
    part = _cities(5, each=2, projects=["a", "a", "b", "b", "c"])
    worlds = left_out_worlds(part, NoveltyRule())
    assert [len(world) for world in worlds["left-out cities"]] == [1] * 5
    expected = [{"city-0", "city-1"}, {"city-2", "city-3"}, {"city-4"}]
    assert [set(world) for world in worlds["left-out projects"]] == expected


def test_two_cities_cannot_be_compared_and_the_note_says_so():
    train = _cities(2)
    choice = choose_novelty(train, train, NoveltyRule(), refit=_logistic, temperature=1.0)
    assert (choice.method, choice.auroc) == ("neighbours", {})
    assert "since comparing needs" in choice.note


def test_many_cities_are_sampled():
    part = _cities(9, each=2)
    assert len(left_out_worlds(part, NoveltyRule(worlds=3))["left-out cities"]) == 3


def test_settings_are_checked():
    with pytest.raises(UsageError, match="Did you mean 'energy'"):
        NoveltyRule(methods=("enery",))
    with pytest.raises(UsageError, match="1 or more"):
        NoveltyRule(dims=0)


def test_methods_without_references_need_only_logits():
    part = _cities(2, each=3)
    head = HeadParams(np.zeros((16, 2), np.float32), np.zeros(2, np.float32))
    made = fit_novelty(part, "energy", NoveltyRule(), head=head, temperature=2.0, known=part.embeddings)
    assert (made.method, made.temperature, made.references) == ("energy", 2.0, None)


def test_a_handful_of_photos_stays_finite():
    part = _cities(2, each=2)
    head = fit_strength(part.embeddings, part.cities, 0.1)
    params = fit_novelty(part, "neighbours", NoveltyRule(), head=head, temperature=1.0, known=part.embeddings)
    assert np.isfinite(params.projection).all()
    assert np.isfinite(params.references).all()
    assert np.abs(params.projection).max() <= 1


@pytest.mark.parametrize("rows", [60, 1200])
def test_what_is_wider_than_the_whitening_keeps_what_it_holds(rows):
    rng = np.random.default_rng(3)
    cities = np.array([f"c{number % 4}" for number in range(rows)])
    narrow = rng.normal(size=(rows, 12)) + 3 * np.eye(12)[np.arange(rows) % 4]
    wide = narrow @ np.linalg.qr(rng.normal(size=(1000, 12)))[0].T
    centred = [np.asarray(values - values.mean(axis=0), np.float32) for values in (narrow, wide)]
    spaces = [values @ whitening(values, cities, 3) for values in centred]
    within = [np.mean([row[cities == name].std() for name in np.unique(cities) for row in space.T]) for space in spaces]
    between = [np.std([space[cities == name].mean(axis=0) for name in np.unique(cities)]) for space in spaces]
    assert between[1] / within[1] > 0.6 * between[0] / within[0]
