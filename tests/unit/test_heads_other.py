"""Every kind of head: learns, is chosen with places held out, answers as its graph, gets novelty and calibration."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bundles import SIZE_PX, tiny_encoder
from flaneur.dataset.audit import split_dataset
from flaneur.dataset.split import SplitRule
from flaneur.errors import InputError, UsageError
from flaneur.onnx_files.heads import HeadParams, MlpParams, NeighbourParams, PrototypeParams
from flaneur.predict import OnnxEncoder, load
from flaneur.protocols import PreprocessSpec
from flaneur.training.heads.kinds import KINDS, learn_head
from flaneur.training.heads.learn import LearnRule, Tuning, fit, learn
from flaneur.training.heads.logits import blend, head_logits, join_heads
from flaneur.training.heads.novelty import NoveltyRule
from flaneur.training.heads.novelty_choice import usable_methods
from flaneur.training.heads.parts import embedded_parts
from flaneur.training.heads.rule import HeadRule
from worlds import make_dataset

SMALL = {"hidden": 8, "k": 5, "strengths": (0.1, 0.01), "folds": 3}
OWN = {"mlp": MlpParams, "prototype": PrototypeParams, "neighbours": NeighbourParams}
SPEC = PreprocessSpec(SIZE_PX, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))
CITIES = ["lyon", "oslo", "rome"]


def world(cities=3, places=10, views=3, dim=8, spread=0.4, seed=0):
    rng = np.random.default_rng(seed)
    middles = np.random.default_rng(99).normal(0, 1, (cities, dim))
    city = np.repeat(np.arange(cities), places * views)
    place = np.repeat(rng.normal(0, spread, (cities * places, dim)), views, axis=0)
    X = middles[city] + place + rng.normal(0, 0.05, (len(city), dim))
    groups = [f"{row // views}" for row in range(len(city))]
    return X.astype(np.float32) * 7 + 100, [f"city-{number}" for number in city], groups, city


@pytest.mark.parametrize("kind", ["logistic", "mlp", "prototype", "neighbours"])
def test_every_kind_learns_and_holds_places_out(kind):
    X, cities, groups, labels = world()
    fitted = learn_head(X, cities, groups, HeadRule(kind, **SMALL))
    later, _, _, truth = world(seed=1)
    assert (head_logits(fitted.params, later).argmax(1) == truth).mean() > 0.9
    assert fitted.cities == ("city-0", "city-1", "city-2")
    assert (fitted.held_out.argmax(1) == labels).mean() > 0.9
    assert np.isfinite(fitted.held_out).all()
    assert fitted.facts["kind"] == kind
    again = learn_head(X, cities, groups, HeadRule(kind, **SMALL))
    assert (head_logits(again.params, later) == head_logits(fitted.params, later)).all()


@pytest.mark.parametrize("kind", list(OWN))
def test_held_out_logits_are_honest(kind):
    """Places outweigh cities: views of a seen place are easy, new places guesswork; held-out logits must show it."""
    X, cities, groups, labels = world(places=8, views=4, dim=30, spread=3.0)
    honest = learn_head(X, cities, groups, HeadRule(kind, **SMALL)).held_out
    flattered = learn_head(X, cities, [str(row) for row in range(len(X))], HeadRule(kind, **SMALL)).held_out
    assert (honest.argmax(1) == labels).mean() < (flattered.argmax(1) == labels).mean() - 0.1


@pytest.mark.parametrize("kind", list(OWN))
def test_refitting_leaves_cities_out(kind):
    X, cities, groups, labels = world()
    fitted = learn_head(X, cities, groups, HeadRule(kind, **SMALL))
    some = labels < 2
    again = fitted.refit(X[some], np.array(cities)[some])
    assert isinstance(again, OWN[kind])
    assert head_logits(again, X).shape == (len(X), 2)


@pytest.mark.parametrize("kind", list(OWN))
def test_too_few_places_to_compare_still_give_a_head(kind):
    X, cities, _, _ = world(places=1)
    fitted = learn_head(X, cities, cities, HeadRule(kind, **SMALL))
    assert np.isnan(fitted.held_out).all()
    assert np.isfinite(head_logits(fitted.params, X)).all()


@pytest.mark.parametrize("kind", list(OWN))
def test_a_constant_column_and_an_uneven_world_do_no_harm(kind):
    X, cities, groups, labels = world()
    X[:, 3] = 5.0
    kept = (labels > 0) | (np.arange(len(X)) < 6)
    fitted = learn_head(
        X[kept], np.array(cities)[kept].tolist(), np.array(groups)[kept].tolist(), HeadRule(kind, **SMALL)
    )
    later, _, _, truth = world(seed=1)
    later[:, 3] = 5.0
    logits = head_logits(fitted.params, later)
    assert np.isfinite(logits).all()
    assert (logits.argmax(1) == truth).mean() > 0.8


def test_the_mlp_solves_what_no_linear_head_can():
    rng = np.random.default_rng(0)
    X = rng.normal(0, 1, (240, 2)).astype(np.float32)
    cities = np.where(X[:, 0] * X[:, 1] > 0, "a", "b").tolist()
    groups = [str(row) for row in range(len(X))]
    rules = {kind: HeadRule(kind, hidden=16, strengths=(0.01, 0.001), folds=2) for kind in ("logistic", "mlp")}
    right = {kind: learn_head(X, cities, groups, rule).held_out.argmax(1) for kind, rule in rules.items()}
    accuracy = {kind: np.mean(np.array(["a", "b"])[found] == cities) for kind, found in right.items()}
    assert accuracy["mlp"] > 0.85 > 0.7 > accuracy["logistic"]


def test_the_mlps_gradient_is_that_of_its_loss(monkeypatch):
    from scipy import optimize

    from flaneur.training.heads import mlp as head_mlp

    seen = {}
    real = optimize.minimize

    def spy(loss, start, **rest):
        seen.update(loss=loss, at=start)
        return real(loss, start, **rest)

    monkeypatch.setattr(optimize, "minimize", spy)
    X, _, _, labels = world(dim=3, places=3)
    head_mlp._fit(X, labels, 3, HeadRule("mlp", **SMALL), 0.1)
    loss, at = seen["loss"], seen["at"]
    slope = loss(at)[1]
    for index in range(0, len(at), 7):
        step = np.zeros(len(at))
        step[index] = 1e-2
        assert (loss(at + step)[0] - loss(at - step)[0]) / 2e-2 == pytest.approx(slope[index], abs=3e-3, rel=0.03)


def test_trained_is_the_networks_layer_to_the_last_bit():
    X, cities, groups, labels = world()
    own = HeadParams(np.random.default_rng(0).normal(size=(8, 3)).astype(np.float32), np.ones(3, np.float32))
    fitted = learn_head(X, cities, groups, HeadRule("trained"), trained=own)
    assert fitted.params is own
    left = fitted.refit(X[labels != 1], np.array(cities)[labels != 1])
    assert (left.weight == own.weight[:, [0, 2]]).all()
    with pytest.raises(UsageError, match="here none was"):
        learn_head(X, cities, groups, HeadRule("trained"))


def test_logistic_ignores_the_trained_layer_and_blend_takes_it():
    X, cities, groups, _ = world()
    own = HeadParams(np.random.default_rng(0).normal(size=(8, 3)).astype(np.float32), np.ones(3, np.float32))
    plain = learn_head(X, cities, groups, HeadRule("logistic", **SMALL), trained=own).params
    both = learn_head(X, cities, groups, HeadRule("blend", **SMALL), trained=own).params
    assert (plain.weight == learn_head(X, cities, groups, HeadRule("blend", **SMALL)).params.weight).all()
    assert (both.weight == blend(plain, own, X).weight).all()


def test_unknown_kinds_are_suggested():
    X, cities, groups, _ = world()
    with pytest.raises(UsageError, match="Did you mean 'prototype'"):
        learn_head(X, cities, groups, replace(HeadRule(), kind="prototyp"))
    with pytest.raises(InputError, match="Only one city"):
        learn_head(X, ["city-0"] * len(X), groups, HeadRule("prototype"))


def test_joining_heads_is_the_mean_of_their_logits_in_their_own_spread():
    rng = np.random.default_rng(0)
    E = rng.normal(size=(40, 5)).astype(np.float32)
    one = HeadParams(rng.normal(size=(3, 2)).astype(np.float32), rng.normal(size=2).astype(np.float32))
    other = HeadParams(9 * rng.normal(size=(2, 2)).astype(np.float32), rng.normal(size=2).astype(np.float32))
    first, second = head_logits(one, E[:, :3]), head_logits(other, E[:, 3:])
    expected = (first / first.std() + second / second.std()) / 2 * first.std()
    np.testing.assert_allclose(head_logits(join_heads([one, other], E), E), expected, atol=1e-5)
    np.testing.assert_allclose(head_logits(join_heads([one, other]), E), (first + second) / 2, atol=1e-5)
    with pytest.raises(InputError, match="same cities"):
        join_heads([one, HeadParams(np.zeros((2, 3), np.float32), np.zeros(3, np.float32))])
    with pytest.raises(InputError, match="embeddings of 5 numbers, not 4"):
        join_heads([one, other], E[:, :4])


def test_energy_says_nothing_with_votes_and_that_is_said():
    assert usable_methods(NoveltyRule(), "mlp") == NoveltyRule()
    with pytest.raises(UsageError, match="energy and combined cannot go with head"):
        usable_methods(NoveltyRule(methods=("energy", "combined")), "neighbours")


@pytest.fixture(scope="module")
def encoder():
    return OnnxEncoder("tiny", tiny_encoder(), SPEC)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    made = make_dataset(tmp_path_factory.mktemp("world") / "data", CITIES, places=8)
    split_dataset(made, SplitRule(cell_m=0, gap_m=0))
    return made


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_becomes_a_model_with_novelty_and_calibration(kind, dataset, encoder, tmp_path):
    own = HeadParams(np.random.default_rng(0).normal(0, 5, (12, 3)).astype(np.float32), np.zeros(3, np.float32))
    rule = LearnRule("mine", head=HeadRule(kind, **SMALL), fusion="confidence")
    bundle = learn(dataset, encoder, rule, tmp_path / "mine", tuning=Tuning(own, {"origin": "here"}))
    card = bundle.card
    assert (card.fusion, card.training["head"]["kind"], card.training["origin"]) == ("confidence", kind, "here")
    train, validation, _ = embedded_parts(dataset, encoder, dataset.split())
    made = fit(train, validation, rule, companion=own)
    model = load(bundle.path)
    said = [score for _, score in model.scores(dataset.image_path(photo) for photo in validation.photos)]
    logits = np.stack([score.logits for score in said])
    np.testing.assert_allclose(logits, head_logits(made.head.params, validation.embeddings), atol=1e-3)
    assert np.mean([score.novelty > card.abstain.novelty_threshold + 1e-4 for score in said]) <= 0.05
    assert card.temperature == made.temperature != 1.0
    if kind == "trained":
        assert (made.head.params.weight == own.weight).all()
