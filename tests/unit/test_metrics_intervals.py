"""Intervals: they cover what they promise where photos of a place are alike, and say when nothing is known."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
from benchmarks.interval_coverage import SIZES, Case, holds, percentile
from sklearn import metrics as oracle

from flaneur import metrics
from flaneur.metrics.nature import effective_places, with_unseen


def covered(case: Case, simulations: int) -> dict[str, float]:
    """Share of the simulations whose interval holds the truth."""
    rng = np.random.default_rng(11)
    held = {"place": 0, "photo": 0, "percentile": 0}
    for _ in range(simulations):
        right, index = case.draw(rng)
        for unit, groups in (("place", index), ("photo", np.arange(len(right)))):
            held[unit] += holds(
                metrics.bootstrap_by_group(metrics.always(right), groups, repeats=300)[0], case.accuracy
            )
        low, high = percentile(right, index, 300)
        held["percentile"] += low <= case.accuracy <= high
    return {unit: count / simulations for unit, count in held.items()}


@pytest.mark.parametrize("sizes", SIZES)
def test_intervals_by_place_cover_and_those_by_photo_do_not(sizes: str) -> None:
    found = covered(Case(sizes, 50, 0.8, 0.5), 150)
    assert 0.9 <= found["place"] <= 0.99  # 95 %, give or take 2.6 standard errors of 150 simulations
    assert found["photo"] <= 0.75


def test_few_mistakes_in_few_places_are_covered_too() -> None:
    found = covered(Case("geometric", 30, 0.95, 0.6), 200)
    assert found["place"] >= 0.93
    assert found["percentile"] <= 0.9  # which does not reckon with places that nobody has seen


def covered_differences(keep: float, simulations: int = 150) -> tuple[float, float, float]:
    """Of a model and a copy that also errs in some whole places: covered, mean width, mean width if not paired."""
    rng = np.random.default_rng(5)
    held, widths, unpaired = 0, [], []
    for _ in range(simulations):
        index = np.repeat(np.arange(50), rng.integers(1, 8, 50))
        one = rng.random(len(index)) < rng.beta(1.6, 0.4, 50)[index]
        other = one & (rng.random(50) < keep)[index]
        found = metrics.paired_difference(metrics.always(one), metrics.always(other), index, repeats=300)[0]
        held += holds(found, 0.8 * (1 - keep))
        widths.append(found.high - found.low)
        ends = [metrics.bootstrap_by_group(metrics.always(hits), index, repeats=300)[0] for hits in (one, other)]
        unpaired.append(math.hypot(*(end.high - end.low for end in ends)))
    return held / simulations, float(np.mean(widths)), float(np.mean(unpaired))


def test_intervals_of_a_difference_cover_it_and_are_narrower_than_unpaired_ones() -> None:
    held, width, unpaired = covered_differences(keep=0.8)
    assert 0.9 <= held <= 0.99
    assert width < 0.8 * unpaired


def test_two_models_that_answer_alike_may_still_differ_on_places_not_seen() -> None:
    right = np.arange(60) % 3 > 0
    found = metrics.paired_difference(metrics.always(right), metrics.always(right), np.arange(60) // 2)[0]
    assert found.value == 0
    assert -0.12 < found.low < 0 < found.high < 0.12


def test_all_right_in_few_places_says_less_than_in_many() -> None:
    lows = [metrics.bootstrap_by_group(metrics.always(np.ones(n, bool)), np.arange(n))[0].low for n in (1, 5, 20, 200)]
    assert lows == sorted(lows)
    exact = [0.025 ** (1 / n) for n in (1, 5, 20, 200)]  # the lowest share that does so in 1 of 40 trials
    np.testing.assert_allclose(lows[1:], exact[1:], atol=0.07)


def test_few_places_widen_an_interval_as_students_t_does() -> None:
    values = np.random.default_rng(3).normal(size=12)
    found = metrics.bootstrap_by_group(metrics.means(values[:, None]), np.arange(12), repeats=20_000)[0]
    half = 2.201 * values.std(ddof=1) / math.sqrt(12)
    assert found.high - found.low == pytest.approx(2 * half, rel=0.08)


def test_one_place_knows_no_spread() -> None:
    one = np.ones((1, 1), bool)
    share = metrics.bootstrap_by_group(metrics.shares(one, one), ["a"])[0]
    assert (share.value, share.n, share.groups) == (1.0, 1, 1)
    assert 0.1 < share.low < 0.2  # the uniform prior of a share gives 0.158 after one success
    mean = metrics.bootstrap_by_group(metrics.means(np.array([[7.0], [9.0]])), ["a", "a"])[0]
    assert mean.to_dict() == {"value": 8.0, "low": None, "high": None, "n": 2, "places": 1}


def test_what_nothing_stands_behind_is_undefined() -> None:
    one = np.ones((1, 1), bool)
    behind = metrics.counts_behind(~one, np.array(["a"]))
    nothing = metrics.bootstrap_by_group(metrics.shares(one, ~one), ["a"], behind=behind)[0]
    assert nothing.to_dict() == {"value": None, "low": None, "high": None, "n": 0, "places": 0}
    nobody = metrics.bootstrap_by_group(metrics.always(np.zeros(0, bool)), [])[0]
    assert (math.isnan(nobody.value), nobody.n, nobody.groups) == (True, 0, 0)


def test_equal_values_get_equal_intervals_whatever_is_measured_beside_them() -> None:
    rng = np.random.default_rng(0)
    right, places = rng.random(90) < 0.7, np.arange(90) // 3
    alone = metrics.bootstrap_by_group(metrics.always(right), places)[0]
    beside = metrics.joined(metrics.means(rng.normal(size=(90, 2))), metrics.always(~right), metrics.always(right))
    assert metrics.bootstrap_by_group(beside, places)[3] == alone
    assert metrics.bootstrap_by_group(metrics.always(right), places, seed=1)[0] != alone


def test_places_behind_a_macro_number_are_those_of_its_rarest_class() -> None:
    assert effective_places(np.array([0, 1] * 10), np.arange(20)) == pytest.approx(20)
    assert effective_places(np.zeros(20, int), np.arange(20) // 2) == 10
    rare = np.arange(100) < 5
    every = metrics.ranking_power(rare.astype(float), rare)  # five strange places, perfectly told
    assert metrics.bootstrap_by_group(every, np.arange(100))[0].low < 0.9


def test_unseen_places_leave_what_is_no_share_alone() -> None:
    values, rng = np.array([3.0, 900.0]), np.random.default_rng(0)
    assert with_unseen(values, "free", 9, rng).tolist() == values.tolist()
    assert np.abs(with_unseen(np.zeros(1000), "difference", 1, rng)).max() <= 1


def test_calibration_interval_of_an_honest_model_reaches_down_to_zero() -> None:
    rng = np.random.default_rng(4)
    confidence = rng.random(400)
    correct = rng.random(400) < confidence
    metric = metrics.calibration_error(confidence, correct)
    pivoted = metrics.bootstrap_by_group(metric, np.arange(400), pivot=True)[0]
    plain = metrics.bootstrap_by_group(metric, np.arange(400))[0]
    assert pivoted.low < 0.02 < plain.low + 0.02
    assert pivoted.low <= pivoted.value <= pivoted.high
    few = metrics.calibration_error(np.array([0.9, 0.95, 0.4]), np.array([False, False, True]))
    assert metrics.bootstrap_by_group(few, np.arange(3), pivot=True)[0].high <= 1
    one = metrics.bootstrap_by_group(few, np.zeros(3), pivot=True)[0]
    assert (one.low, one.high) == (0, 1)  # one place knows no spread


def test_a_thousand_repeats_over_ten_thousand_photos_take_about_a_second() -> None:
    rng = np.random.default_rng(0)
    labels, guesses = rng.integers(0, 8, 10_000), rng.integers(0, 8, 10_000)
    places = np.arange(10_000) // 4
    start = time.process_time()
    first = metrics.bootstrap_by_group(metrics.class_scores(labels, guesses, 8), places)
    assert time.process_time() - start < 2
    assert first == metrics.bootstrap_by_group(metrics.class_scores(labels, guesses, 8), places)
    assert len(first) == 25 + 64
    rates = oracle.confusion_matrix(labels, guesses, normalize="true")
    np.testing.assert_allclose([cell.value for cell in first[25:]], rates.ravel())
    assert all(cell.low < cell.value < cell.high for cell in first)
