"""Each fusion against its formula; single views, subsets, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from flaneur.errors import UsageError
from flaneur.fusion import FUSIONS, fuse, fuse_places, log_softmax, view_weights

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(0, 3, (4, 5))
ATTENTION = RNG.normal(size=4)
T = 1.7


def softmax(z):
    return np.exp(z) / np.exp(z).sum(-1, keepdims=True)


def by_hand(fusion):
    p = softmax(LOGITS / T)
    if fusion == "mean_logits":
        return softmax(LOGITS.mean(0) / T)
    weights = {
        "mean_log_probability": np.full(4, 0.25),
        "confidence": 1 + (p * np.log(p)).sum(1) / np.log(5),
        "attention": softmax(ATTENTION),
    }[fusion]
    product = np.prod(p ** (weights / weights.sum())[:, None], axis=0)
    return product / product.sum()


@pytest.mark.parametrize("fusion", FUSIONS)
def test_every_fusion_is_its_formula(fusion):
    found = np.exp(fuse(LOGITS, fusion, temperature=T, attention=ATTENTION))
    np.testing.assert_allclose(found, by_hand(fusion), atol=1e-12)
    assert found.sum() == pytest.approx(1)


@pytest.mark.parametrize("fusion", FUSIONS)
def test_one_view_is_its_own_answer_and_order_does_not_matter(fusion):
    alone = fuse(LOGITS[:1], fusion, temperature=T, attention=ATTENTION[:1])
    np.testing.assert_allclose(alone, log_softmax(LOGITS[0] / T), atol=1e-12)
    turned = fuse(LOGITS[::-1], fusion, temperature=T, attention=ATTENTION[::-1])
    np.testing.assert_allclose(turned, fuse(LOGITS, fusion, temperature=T, attention=ATTENTION), atol=1e-12)


def test_means_of_logits_and_of_log_probabilities_answer_alike():
    one, other = (fuse(LOGITS, name, temperature=T) for name in ("mean_logits", "mean_log_probability"))
    np.testing.assert_allclose(one, other, atol=1e-12)


@pytest.mark.parametrize("fusion", FUSIONS)
def test_many_places_at_once_are_as_each_alone(fusion):
    places = np.array([2, 0, 2, 1])
    together = fuse_places(LOGITS, places, fusion, temperature=T, attention=ATTENTION)
    for place in range(3):
        rows = places == place
        np.testing.assert_allclose(
            together[place], fuse(LOGITS[rows], fusion, temperature=T, attention=ATTENTION[rows]), atol=1e-12
        )


def test_a_view_that_could_be_anywhere_has_no_say_and_two_such_share_it():
    blind = np.zeros((2, 3))
    place = np.zeros(2, np.intp)
    assert view_weights(blind, place, "confidence").tolist() == [0.5, 0.5]
    assert view_weights(np.array([[9.0, 0, 0], [0, 0, 0]]), place, "confidence").round(6).tolist() == [1.0, 0.0]


def test_huge_scores_do_not_overflow():
    found = fuse(LOGITS * 1e4, "attention", attention=np.array([1e6, -1e6, 0, 0]))
    assert np.isfinite(view_weights(LOGITS, np.zeros(4, np.intp), "attention", attention=ATTENTION * 1e5)).all()
    assert found.argmax() == LOGITS[0].argmax()


def test_one_city_is_certain_whatever_the_fusion():
    for fusion in FUSIONS:
        assert fuse(np.ones((2, 1)), fusion, attention=np.zeros(2)).tolist() == [0.0]


def test_unknown_fusions_are_suggested_and_attention_needs_scores():
    with pytest.raises(UsageError, match="Did you mean 'confidence'"):
        fuse(LOGITS, "confidnce")
    with pytest.raises(UsageError, match="needs the attention score"):
        fuse(LOGITS, "attention")
    with pytest.raises(UsageError, match="needs the attention score"):
        fuse(LOGITS, "attention", attention=np.array([1.0, 2.0, 3.0, np.nan]))
