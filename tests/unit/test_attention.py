"""Attention over views: learns which to heed, any number of them; few places are one clear line."""

from __future__ import annotations

import numpy as np
import pytest

from bundles import SIZE_PX, tiny_bundle, tiny_encoder
from flaneur.dataset.audit import split_dataset
from flaneur.dataset.split import SplitRule
from flaneur.errors import InputError, IntegrityError, UsageError
from flaneur.fusion import fuse, fuse_places
from flaneur.predict import Model, OnnxEncoder, load
from flaneur.protocols import PreprocessSpec
from flaneur.training.heads.attention import Views, _drawn, _fit, fit_attention
from flaneur.training.heads.learn import LearnRule, learn
from flaneur.training.heads.rule import HeadRule
from worlds import make_dataset

SPEC = PreprocessSpec(SIZE_PX, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))


def world(places=90, most=4, seed=0):
    """Column 0 of the embedding says how blurred a view is; blurred views give confident nonsense."""
    rng = np.random.default_rng(seed)
    rows = []
    for place in range(places):
        for _ in range(int(rng.integers(1, most + 1))):
            blurred = rng.random() < 0.5
            logits = rng.normal(0, 5, 3) if blurred else 2 * np.eye(3)[place % 3] + rng.normal(0, 1, 3)
            rows.append((place, [3.0 * blurred + 50, *rng.normal(size=4)], logits))
    place = np.array([row[0] for row in rows])
    X, logits = (np.array([row[k] for row in rows], np.float32) for k in (1, 2))
    return Views(X, logits, place % 3, [f"p{p}" for p in place], [f"g{p}" for p in place])


def accuracy(views, fusion, attention=None):
    place = np.unique(views.places, return_inverse=True)[1].astype(np.intp)
    own = views.labels[np.unique(place, return_index=True)[1]]
    return (fuse_places(views.logits, place, fusion, attention=attention).argmax(1) == own).mean()


def test_blurred_views_lose_their_say_on_places_never_seen():
    params, facts = fit_attention(world(), 1.0)
    later = world(seed=1)
    scores = later.embeddings @ params.weight + params.bias
    assert accuracy(later, "attention", scores) > accuracy(later, "mean_logits") + 0.1
    assert facts["log_loss"] < facts["log_loss_equal_weights"]
    assert abs(params.weight[0]) == np.abs(params.weight).max()
    assert params.weight[0] < 0
    assert abs(scores).max() < 20  # centred: small numbers in float32
    again, _ = fit_attention(world(), 1.0)
    assert (again.weight == params.weight).all()


def test_where_nothing_tells_views_apart_all_count_alike(caplog):
    views = world()
    rng = np.random.default_rng(3)
    blind = Views(rng.normal(size=(len(views.labels), 60)).astype(np.float32), *[
        getattr(views, name) for name in ("logits", "labels", "places", "groups")
    ])  # fmt: skip
    params, facts = fit_attention(blind, 1.0)
    assert facts["log_loss"] <= facts["log_loss_equal_weights"]
    if facts["strength"] is None:
        assert not params.weight.any()
        assert "all views count alike" in caplog.text


def test_the_gradient_is_that_of_the_loss(monkeypatch):
    from scipy import optimize

    seen = {}
    real = optimize.minimize

    def spy(loss, start, **rest):
        seen.update(loss=loss)
        return real(loss, start, **rest)

    monkeypatch.setattr(optimize, "minimize", spy)
    views = world(places=12)
    place = np.unique(views.places, return_inverse=True)[1]
    Z = (views.embeddings - views.embeddings.mean(0)).astype(np.float64)
    _fit(Z, views.logits.astype(np.float64), views.labels, (np.arange(len(Z)), place), 0.1)
    at = np.random.default_rng(0).normal(0, 0.3, Z.shape[1])
    slope = seen["loss"](at)[1]
    for index in range(len(at)):
        step = np.eye(len(at))[index] * 1e-5
        assert (seen["loss"](at + step)[0] - seen["loss"](at - step)[0]) / 2e-5 == pytest.approx(slope[index], abs=1e-6)


def test_draws_are_of_two_to_all_views_of_one_place():
    numbers = np.repeat([0, 1], [2, 5])
    rows, draw = _drawn(numbers, np.random.default_rng(0))
    sizes = np.bincount(draw)
    assert sizes.min() >= 2
    for one in range(len(sizes)):
        assert len(set(numbers[rows[draw == one]])) == 1
        assert len(set(rows[draw == one])) == sizes[one]


def test_too_few_views_are_one_line():
    with pytest.raises(InputError, match=r"of which the train part has .*; it needs 20"):
        fit_attention(world(places=12), 1.0)
    with pytest.raises(InputError, match="has 0"):
        fit_attention(world(most=1), 1.0)


def test_views_of_one_city_only_would_teach_that_city():
    views = world()
    _, number, size = np.unique(views.places, return_inverse=True, return_counts=True)
    lone = (size[number] == 1) | (views.labels == 1)
    some = Views(views.embeddings[lone], views.logits[lone], views.labels[lone],
                 np.array(views.places)[lone].tolist(), np.array(views.groups)[lone].tolist())  # fmt: skip
    with pytest.raises(InputError, match=r"two cities or more; here all .* are in 1"):
        fit_attention(some, 1.0)


def test_a_model_learns_it_carries_it_and_answers_by_it(tmp_path):
    data = make_dataset(tmp_path / "data", ["lyon", "oslo", "rome"], places=14)
    split_dataset(data, SplitRule(cell_m=0, gap_m=0))
    encoder = OnnxEncoder("tiny", tiny_encoder(), SPEC)
    rule = LearnRule("mine", head=HeadRule(strengths=(0.1,)), fusion="attention")
    model = load(learn(data, encoder, rule, tmp_path / "mine").path)
    assert model.card.fusion == "attention"
    assert model.card.training["attention"]["places"] >= 20
    paths = [data.image_path(photo) for photo in data.photos[:3]]
    said = [score for _, score in model.scores(paths)]
    assert any(score.attention for score in said) or not model.card.training["attention"]["strength"]
    logits, attention = np.stack([one.logits for one in said]), np.array([one.attention for one in said])
    expected = np.exp(fuse(logits, "attention", temperature=model.card.temperature, attention=attention))
    told = {score.city.slug: score.probability for score in model.predict(paths).ranking}
    assert [told[city.slug] for city in model.cities] == pytest.approx(expected.tolist(), abs=1e-4)


def test_few_views_are_refused_before_anything_is_fitted(tmp_path):
    data = make_dataset(tmp_path / "data", ["lyon", "oslo"], places=8)
    split_dataset(data, SplitRule(cell_m=0, gap_m=0))
    stages = []
    with pytest.raises(InputError, match="needs 20"):
        learn(data, OnnxEncoder("tiny", tiny_encoder(), SPEC), LearnRule("mine", fusion="attention"), tmp_path / "mine",
              progress=lambda *told: stages.append(told[0]))  # fmt: skip
    assert "head" not in stages


def test_a_card_that_asks_for_what_the_graph_lacks_is_refused(tmp_path):
    model = Model(tiny_bundle(tmp_path / "m", fusion="attention"))
    with pytest.raises(IntegrityError, match="lacks \\['attention'\\]"):
        list(model.scores([]))
    with pytest.raises(UsageError, match="Did you mean 'attention'"):
        LearnRule("mine", fusion="atention")
