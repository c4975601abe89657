"""Two models on the same photos: McNemar against SciPy, and by place against every outcome written out."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from flaneur import metrics


@pytest.mark.parametrize(("only_first", "only_second"), [(0, 0), (1, 0), (6, 2), (10, 10), (0, 12), (300, 340)])
def test_mcnemar_agrees_with_scipys_binomial_test(only_first: int, only_second: int) -> None:
    first = np.repeat([True, False, True, False], [only_first, only_second, 7, 3])
    second = np.repeat([False, True, True, False], [only_first, only_second, 7, 3])
    found = metrics.mcnemar(first, second)
    apart = only_first + only_second
    expected = stats.binomtest(only_first, apart).pvalue if apart else 1.0
    assert (found.only_first, found.only_second) == (only_first, only_second)
    assert found.p == found.p_by_group == pytest.approx(expected, rel=1e-9)


def test_by_place_every_outcome_of_the_coins_is_counted() -> None:
    rng = np.random.default_rng(3)
    for _ in range(20):
        places = rng.integers(0, 7, 25)
        first, second = rng.random(25) < 0.8, rng.random(25) < 0.5
        sums = np.bincount(places, first.astype(float) - second, minlength=7)
        totals = [abs(np.dot(signs, sums)) for signs in itertools.product([-1, 1], repeat=7)]
        expected = np.mean(np.array(totals) >= abs(sums.sum()) - 1e-9)
        assert metrics.mcnemar(first, second, places).p_by_group == pytest.approx(expected)


def test_a_place_that_was_photographed_often_is_one_observation() -> None:
    first, second = np.ones(40, bool), np.zeros(40, bool)
    found = metrics.mcnemar(first, second, np.repeat(["a", "b"], 20))
    assert found.p < 1e-11
    assert found.p_by_group == 0.5  # two coins that fall alike


def test_equally_good_models_are_called_different_in_a_twentieth_of_the_cases_by_place_only() -> None:
    rng = np.random.default_rng(1)
    called = {"photo": 0, "place": 0}
    for _ in range(300):
        index = np.repeat(np.arange(40), rng.integers(1, 12, 40))
        one, other = (rng.random(len(index)) < rng.beta(0.8, 0.2, 40)[index] for _ in range(2))
        found = metrics.mcnemar(one, other, index)
        called["photo"] += found.p < 0.05
        called["place"] += found.p_by_group < 0.05
    assert called["place"] <= 25  # 15, give or take 2.6 standard errors
    assert called["photo"] > 60


def test_no_photo_tells_nothing() -> None:
    none = np.zeros(0, bool)
    assert metrics.mcnemar(none, none, none).p_by_group == 1.0


def test_a_hundred_thousand_photos_are_no_matter() -> None:
    rng = np.random.default_rng(0)
    one, other = rng.random(100_000) < 0.8, rng.random(100_000) < 0.8
    found = metrics.mcnemar(one, other, np.arange(100_000) // 4)
    expected = stats.binomtest(found.only_first, found.only_first + found.only_second).pvalue
    assert found.p == pytest.approx(expected, rel=1e-6)
    assert 0 < found.p_by_group <= 1


def test_a_paired_difference_is_that_of_the_values_with_what_stands_behind_it() -> None:
    rng = np.random.default_rng(0)
    labels, one, other = rng.integers(0, 3, 60), rng.random(60) < 0.8, rng.random(60) < 0.6
    both = [metrics.balanced_accuracy(labels, hits, 3) for hits in (one, other)]
    behind = np.array([[60, 30]])
    found = metrics.paired_difference(*both, np.arange(60) // 2, behind=behind)[0]
    values = [metrics.bootstrap_by_group(metric, np.arange(60) // 2)[0].value for metric in both]
    assert found.value == pytest.approx(values[0] - values[1])
    assert (found.n, found.groups) == (60, 30)
    back = metrics.paired_difference(*both[::-1], np.arange(60) // 2)[0]
    assert back.low == pytest.approx(-found.high, abs=0.02)
