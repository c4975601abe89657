"""Opinions by dropout and by ensembles: means, disagreement, and that they mean something where data end."""

from __future__ import annotations

import numpy as np
import pytest

from flaneur.errors import UsageError
from flaneur.fusion import log_softmax
from flaneur.onnx_files.heads import HeadParams
from flaneur.training.heads.logits import head_logits
from flaneur.training.heads.uncertainty import (
    _drawn_places,
    bootstrapped_heads,
    dropout_opinions,
    mean_log_probability,
    mutual_information,
    opinions_of,
)

RNG = np.random.default_rng(0)
HEAD = HeadParams(RNG.normal(size=(6, 3)).astype(np.float32), RNG.normal(size=3).astype(np.float32))
PHOTOS = RNG.normal(size=(7, 6)).astype(np.float32)
CENTRE = RNG.normal(size=6).astype(np.float32)


def plain(head=HEAD, photos=PHOTOS):
    return np.exp(log_softmax(head_logits(head, photos)))


def test_without_dropout_every_opinion_is_the_heads():
    found = dropout_opinions(HEAD, PHOTOS, centre=CENTRE, rate=0.0, samples=3)
    np.testing.assert_allclose(found, np.stack([plain()] * 3), atol=1e-6)
    np.testing.assert_allclose(mutual_information(found), 0, atol=1e-6)


def test_dropout_keeps_the_mean_logit():
    """Inverted dropout is unbiased: the mean over many samples is the logit without it."""
    found = np.log(dropout_opinions(HEAD, PHOTOS, centre=CENTRE, rate=0.3, samples=40_000))
    gaps = (found[..., :1] - found).mean(axis=0)  # log-softmax cancels in differences
    logits = head_logits(HEAD, PHOTOS)
    np.testing.assert_allclose(gaps, logits[:, :1] - logits, atol=0.1)


def test_dropout_does_not_depend_on_the_company_and_repeats():
    settings = {"centre": CENTRE, "rate": 0.4, "samples": 9}
    every = dropout_opinions(HEAD, PHOTOS, **settings)
    np.testing.assert_allclose(dropout_opinions(HEAD, PHOTOS[2:3], **settings)[:, 0], every[:, 2], atol=1e-6)
    assert (every == dropout_opinions(HEAD, PHOTOS, **settings)).all()
    assert (every != dropout_opinions(HEAD, PHOTOS, **settings, seed=1)).any()
    np.testing.assert_allclose(every.sum(-1), 1)


def test_mutual_information_by_hand_and_in_bounds():
    opinions = np.stack([plain(), plain(HeadParams(-HEAD.weight, HEAD.bias))])
    mean = opinions.mean(0)
    expected = [
        -sum(p * np.log(p) for p in mean[n]) + np.mean([sum(p * np.log(p) for p in one[n]) for one in opinions])
        for n in range(len(PHOTOS))
    ]
    np.testing.assert_allclose(mutual_information(opinions), expected, atol=1e-12)
    assert (mutual_information(opinions) <= np.log(2)).all()
    certain = np.array([[[1.0, 0.0]], [[1.0, 0.0]]])
    assert mutual_information(certain).tolist() == [0.0]


def test_the_mean_of_an_ensemble_is_that_of_probabilities():
    heads = [HEAD, HeadParams(2 * HEAD.weight, HEAD.bias)]
    opinions = opinions_of(heads, PHOTOS)
    np.testing.assert_allclose(np.exp(mean_log_probability(opinions)), (plain() + plain(heads[1])) / 2, atol=1e-6)


def test_drawn_places_are_whole_and_every_city_keeps_its_number():
    cities = np.repeat(["a", "b"], [12, 6])
    places = np.array([f"p{row // 3}" for row in range(18)])
    rows = _drawn_places(cities, places, np.random.default_rng(0))
    assert len(rows) == 18
    assert np.bincount(np.unique(cities[rows], return_inverse=True)[1]).tolist() == [12, 6]
    times = np.bincount(rows, minlength=18).reshape(6, 3)
    assert (times == times[:, :1]).all()
    assert times.max() > 1


def test_bootstrapped_heads_disagree_more_away_from_the_data():
    rng = np.random.default_rng(1)
    city = np.repeat([0, 1, 2], 40)
    X = (np.eye(3, 5)[city] * 4 + rng.normal(size=(120, 5))).astype(np.float32)
    places = [f"p{row // 2}" for row in range(120)]
    heads = bootstrapped_heads(X, [f"c{c}" for c in city], places, strength=0.01, members=6)
    assert len(heads) == 6
    assert (heads[0].weight != heads[1].weight).any()
    unseen = (rng.normal(size=(60, 5)) * np.array([1, 1, 1, 6, 6])).astype(np.float32)
    near, far = (mutual_information(opinions_of(heads, part)).mean() for part in (X, unseen))
    assert far > 2 * near
    again = bootstrapped_heads(X, [f"c{c}" for c in city], places, strength=0.01, members=6)
    assert all((one.weight == other.weight).all() for one, other in zip(heads, again, strict=True))


def test_rates_that_make_no_sense_are_refused():
    for rate, samples in ((1.0, 5), (-0.1, 5), (0.2, 0)):
        with pytest.raises(UsageError, match="rate from 0 to below 1"):
            dropout_opinions(HEAD, PHOTOS, centre=CENTRE, rate=rate, samples=samples)
