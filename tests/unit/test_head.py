"""Strength chosen with places held out; folds; standardisation folded in."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from flaneur.errors import InputError, UsageError
from flaneur.onnx_files.graph import HeadParams
from flaneur.training.heads.logistic import (
    HeadRule,
    assign_folds,
    balanced_weights,
    blend,
    fit_head,
    fit_strength,
    head_logits,
)


def _world(cities=3, places=12, views=3, dim=8, spread=1.0, seed=0):
    """Embeddings: a middle for each city, an offset for each place, little noise for each view."""
    rng = np.random.default_rng(seed)
    rows, names, groups = [], [], []
    for city in range(cities):
        middle = rng.normal(0, 1, dim)
        for place in range(places):
            here = middle + rng.normal(0, spread, dim)
            for _ in range(views):
                rows.append(here + rng.normal(0, 0.05, dim))
                names.append(f"city-{city}")
                groups.append(f"{city}-{place}")
    return np.array(rows, np.float32), np.array(names), groups


def test_probabilities_are_those_of_scikit_learn():
    X, names, _ = _world()
    X = X * 7 + 100  # standardisation is folded in, so scale and offset do not matter
    head = fit_strength(X, names, 0.05)
    Z = StandardScaler().fit_transform(X.astype(np.float64))
    oracle = LogisticRegression(C=1 / (0.05 * len(X)), class_weight="balanced", tol=1e-8, max_iter=5000).fit(Z, names)
    logits = head_logits(head, X)
    shares = np.exp(logits - logits.max(1, keepdims=True))
    shares /= shares.sum(1, keepdims=True)
    np.testing.assert_allclose(shares, oracle.predict_proba(Z), atol=0.01)


def test_two_cities_get_two_logits():
    X, names, groups = _world(cities=2, spread=0.1)
    head = fit_head(X, names, groups)
    assert head.params.weight.shape == (8, 2)
    np.testing.assert_allclose(head.params.weight.sum(1), 0, atol=1e-6)
    assert (head_logits(head.params, X).argmax(1) == (names == "city-1")).all()


def test_places_are_never_split_and_every_photo_is_judged_once():
    _, names, groups = _world()
    labels = np.unique(names, return_inverse=True)[1]
    folds = assign_folds(labels, groups, 4, seed=3)
    assert set(folds.tolist()) == {0, 1, 2, 3}
    for group in set(groups):
        assert len({fold for fold, own in zip(folds.tolist(), groups, strict=True) if own == group}) == 1
    for label in range(3):  # 12 places of 3 photos over 4 folds
        assert np.bincount(folds[labels == label]).tolist() == [9, 9, 9, 9]


def test_a_city_with_one_place_is_trained_on_in_every_fold():
    X, names, groups = _world(cities=3, places=5)
    alone = names == "city-2"
    groups = ["only" if own else group for own, group in zip(alone, groups, strict=True)]
    head = fit_head(X, names, groups)
    assert np.isnan(head.held_out[alone]).all()
    assert np.isfinite(head.held_out[~alone]).all()
    assert head.cities == ("city-0", "city-1", "city-2")


def test_held_out_places_score_as_unseen_places_do_not_as_seen_ones():
    """Place offsets outweigh cities: views of a seen place are easy, new places are guesswork."""
    X, names, groups = _world(places=10, views=4, dim=40, spread=3.0)
    head = fit_head(X, names, groups)
    best = min(head.table, key=lambda row: row.log_loss)
    assert best.balanced_accuracy < 0.75
    photo_wise = fit_head(X, names, [str(i) for i in range(len(X))])
    assert min(photo_wise.table, key=lambda row: row.log_loss).balanced_accuracy > 0.95


def test_the_strength_with_least_log_loss_is_chosen():
    X, names, groups = _world(places=10, dim=40, spread=2.0)
    head = fit_head(X, names, groups)
    assert head.strength == min(head.table, key=lambda row: row.log_loss).strength
    assert len(head.table) >= 3
    again = fit_head(X, names, groups)
    assert (again.params.weight == head.params.weight).all()


def test_too_few_places_to_compare_take_the_middle_of_the_grid():
    X, names, _ = _world(places=1)
    head = fit_head(X, names, names.tolist(), HeadRule(strengths=(1.0, 0.1, 0.01)))
    assert (head.strength, head.table) == (0.1, ())


def test_a_constant_column_does_no_harm():
    X, names, groups = _world(cities=2)
    X[:, 3] = 5.0
    head = fit_head(X, names, groups)
    assert np.isfinite(head.params.weight).all()
    assert (head.params.weight[3] == 0).all()


def test_balanced_weights_count_cities_alike():
    weights = balanced_weights(np.array([0] * 90 + [1] * 10), 2)
    assert weights[:90].sum() == pytest.approx(50)
    assert weights[90:].sum() == pytest.approx(50)


def test_one_city_is_refused():
    with pytest.raises(InputError, match="Only one city \\(rome\\)"):
        fit_head(np.zeros((4, 2), np.float32), ["rome"] * 4, list("abcd"))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"strengths": ()}, "head.strengths"),
        ({"strengths": (0.1, -1.0)}, "head.strengths"),
        ({"folds": 1}, "head.folds"),
        ({"class_weight": "fair"}, "head.class_weight"),
    ],
)
def test_rules_that_make_no_sense_are_refused(settings, message):
    with pytest.raises(UsageError, match=message):
        HeadRule(**settings)


def test_blending_two_heads_is_the_mean_of_their_logits_in_their_own_spread():
    rng = np.random.default_rng(0)
    embeddings = rng.normal(size=(50, 6)).astype(np.float32)
    one = HeadParams(rng.normal(size=(6, 3)).astype(np.float32), rng.normal(size=3).astype(np.float32))
    loud = HeadParams(100 * one.weight, 100 * one.bias)
    same = blend(one, loud, embeddings)
    assert np.allclose(head_logits(same, embeddings), head_logits(one, embeddings), atol=1e-4)
    other = HeadParams(rng.normal(size=(6, 3)).astype(np.float32), np.zeros(3, np.float32))
    first, second = head_logits(one, embeddings), head_logits(other, embeddings)
    expected = (first / first.std() + second / second.std()) / 2 * first.std()
    assert np.allclose(head_logits(blend(one, other, embeddings), embeddings), expected, atol=1e-4)
