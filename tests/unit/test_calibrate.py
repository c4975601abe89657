"""Temperature and thresholds against constructions whose answers are known."""

from __future__ import annotations

import numpy as np
import pytest

from flaneur.errors import InputError, UsageError
from flaneur.training.heads.calibrate import (
    DoubtRule,
    choose_thresholds,
    fit_temperature,
    log_softmax,
    negative_log_likelihood,
)


@pytest.mark.parametrize("truth", [0.4, 1.0, 3.0])
def test_temperature_is_recovered(truth):
    rng = np.random.default_rng(0)
    cool = rng.normal(0, 2, (20000, 4))
    labels = (cool + rng.gumbel(size=cool.shape)).argmax(1)  # labels drawn from softmax(cool)
    assert fit_temperature(cool * truth, labels) == pytest.approx(truth, rel=0.05)


def test_temperature_of_no_photos_is_one():
    assert fit_temperature(np.zeros((0, 3)), np.zeros(0, np.int64)) == 1.0


def test_temperature_stays_in_bounds_when_all_is_right():
    logits = np.eye(3)[[0, 1, 2]] * 2
    assert 0.05 <= fit_temperature(logits, np.array([0, 1, 2])) < 0.1


def test_weights_count():
    logits, labels = np.array([[2.0, 0.0], [2.0, 0.0]]), np.array([0, 1])
    right = negative_log_likelihood(logits[:1], labels[:1])
    assert negative_log_likelihood(logits, labels, np.array([1.0, 0.0])) == pytest.approx(right)


def test_log_softmax_of_huge_logits():
    assert log_softmax(np.array([[1e5, 0.0]])).tolist() == [[0.0, -1e5]]


@pytest.mark.parametrize("share", [0.0, 0.05, 0.2])
def test_no_more_are_refused_as_novel_than_allowed(share):
    novelty = np.random.default_rng(1).normal(size=333)
    bars = choose_thresholds(novelty, np.ones(333), np.ones(333, bool), DoubtRule(refused_share=share))
    assert (novelty > bars.novelty).sum() == int(share * 333)
    assert bars.refused_share == pytest.approx(int(share * 333) / 333)


def test_answers_below_the_probability_bar_are_mostly_wrong():
    probability = np.linspace(0.2, 0.95, 100)
    right = probability > 0.25  # the eight least sure are wrong
    bars = choose_thresholds(np.zeros(100), probability, right, DoubtRule(doubtful_share=0.5))
    below = probability < bars.probability
    assert 0 < right[below].mean() < 0.5
    assert right[probability < probability[below.sum() + 1]].mean() >= 0.5


def test_a_poor_model_does_not_refuse_everything():
    bars = choose_thresholds(np.zeros(100), np.linspace(0.2, 0.9, 100), np.zeros(100, bool))
    assert bars.refused_share == pytest.approx(0.1)


def test_one_sure_mistake_among_few_photos_does_not_raise_the_bar_above_a_half():
    right = np.arange(12) > 0
    bars = choose_thresholds(np.zeros(12), np.linspace(0.8, 0.99, 12), right)
    assert bars.probability == 0.5


def test_nothing_to_choose_on():
    with pytest.raises(InputError, match="No validation photos"):
        choose_thresholds(np.zeros(0), np.zeros(0), np.zeros(0, bool))
    with pytest.raises(UsageError, match=r"doubt\.refused_share"):
        DoubtRule(refused_share=1.5)
