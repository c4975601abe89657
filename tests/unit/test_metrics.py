"""Every metric against scikit-learn or hand arithmetic, on random and on degenerate input."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
from sklearn import metrics as oracle

from flaneur import metrics


@pytest.fixture
def answers() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 6, 500)
    scores = rng.normal(size=(500, 6))
    scores[np.arange(500), labels] += 1.5
    return scores, labels


@pytest.mark.parametrize("k", [1, 2, 3, 6])
def test_top_k_agrees_with_sklearn(answers: tuple[np.ndarray, np.ndarray], k: int) -> None:
    scores, labels = answers
    expected = 1.0 if k == 6 else oracle.top_k_accuracy_score(labels, scores, k=k, labels=range(6))
    assert metrics.top_k_accuracy(scores, labels, k) == pytest.approx(expected)


def test_a_model_that_answers_everything_alike_is_never_right() -> None:
    assert metrics.top_k_accuracy(np.zeros((4, 3)), np.array([0, 1, 2, 0])) == 0.0


def test_class_numbers_agree_with_sklearn(answers: tuple[np.ndarray, np.ndarray]) -> None:
    scores, labels = answers
    guesses = scores.argmax(axis=1)
    matrix = metrics.confusion_matrix(labels, guesses, 6)
    assert matrix.tolist() == oracle.confusion_matrix(labels, guesses).tolist()
    expected = oracle.precision_recall_fscore_support(labels, guesses)[:3]
    for mine, theirs in zip(metrics.precision_recall_f1(matrix), expected, strict=True):
        np.testing.assert_allclose(mine, theirs)
    assert metrics.macro_recall(matrix) == pytest.approx(oracle.balanced_accuracy_score(labels, guesses))


def test_a_class_that_is_absent_or_never_guessed_is_undefined_not_zero() -> None:
    precision, recall, f1 = metrics.precision_recall_f1(np.array([[2, 0, 0], [1, 0, 0], [0, 0, 0]]))
    np.testing.assert_allclose(precision, [2 / 3, math.nan, math.nan])
    np.testing.assert_allclose(recall, [1, 0, math.nan])
    np.testing.assert_allclose(f1, [0.8, 0, math.nan])
    assert metrics.macro_recall(np.array([[2, 0, 0], [1, 0, 0], [0, 0, 0]])) == 0.5


def test_calibration_error_against_plain_loops() -> None:
    rng = np.random.default_rng(1)
    confidence = rng.random(600)
    correct = rng.random(600) < confidence**2
    order = np.argsort(confidence)
    gaps = [abs(confidence[part].mean() - correct[part].mean()) * len(part) / 600 for part in np.array_split(order, 15)]
    assert metrics.expected_calibration_error(confidence, correct) == pytest.approx(sum(gaps))


def test_calibration_error_does_not_depend_on_the_order_of_ties() -> None:
    confidence, correct = np.repeat([0.7, 0.9], 50), np.tile([True, False], 50)
    shuffled = np.random.default_rng(0).permutation(100)
    first = metrics.expected_calibration_error(confidence, correct)
    assert first == pytest.approx(0.3)
    assert metrics.expected_calibration_error(confidence[shuffled], correct[shuffled]) == pytest.approx(first)


def test_brier_agrees_with_sklearn() -> None:
    p = np.random.default_rng(2).random(100)
    truth = p > 0.4
    mine = metrics.brier_score(np.column_stack([1 - p, p]), truth.astype(int)).mean()
    assert mine == pytest.approx(2 * oracle.brier_score_loss(truth, p))


def test_auroc_agrees_with_sklearn_also_with_ties() -> None:
    rng = np.random.default_rng(5)
    positive = rng.random(400) < 0.3
    for scores in (rng.normal(size=400) + positive, np.round(rng.normal(size=400) + positive)):
        assert metrics.auroc(scores, positive) == pytest.approx(oracle.roc_auc_score(positive, scores))
    assert metrics.auroc(np.zeros(400), positive) == 0.5
    assert math.isnan(metrics.auroc(np.zeros(3), np.zeros(3, bool)))


def test_wilson_by_hand() -> None:
    assert metrics.wilson(0, 10) == pytest.approx((0.0, 0.27753), abs=1e-5)
    assert metrics.wilson(50, 100) == pytest.approx((0.40383, 0.59617), abs=1e-5)
    assert metrics.wilson(0, 0) == (0.0, 1.0)


def test_weighted_metrics_equal_plain_ones_on_the_resampled_rows(answers: tuple[np.ndarray, np.ndarray]) -> None:
    scores, labels = answers
    guesses, correct = scores.argmax(axis=1), scores.argmax(axis=1) == labels
    weights = np.random.default_rng(8).integers(0, 4, 500)
    rows = np.repeat(np.arange(500), weights)
    weighted = weights[None].astype(float)
    expected = oracle.precision_recall_fscore_support(labels[rows], guesses[rows])
    np.testing.assert_allclose(metrics.class_scores(labels, guesses, 6)(weighted)[0, :18], np.concatenate(expected[:3]))
    area = metrics.ranking_power(scores[:, 0], correct)(weighted)[0, 0]
    assert area == pytest.approx(oracle.roc_auc_score(correct[rows], scores[rows, 0]))
    hit = metrics.shares(correct[:, None], np.ones((500, 1), bool))(weighted)[0, 0]
    assert hit == pytest.approx(correct[rows].mean())


def test_degenerate_input() -> None:
    one = np.ones((1, 1), bool)
    interval = metrics.bootstrap_by_group(metrics.shares(one, one), ["a"])[0]
    assert (interval.value, interval.n, interval.groups) == (1.0, 1, 1)
    assert 0.1 < interval.low < 0.2  # the uniform prior of a share gives 0.158 after one success
    nothing = metrics.bootstrap_by_group(
        metrics.shares(one, ~one), ["a"], behind=metrics.counts_behind(~one, np.array(["a"]))
    )[0]
    assert math.isnan(nothing.value)
    assert nothing.to_dict() == {"value": None, "low": None, "high": None, "n": 0, "places": 0}


def test_intervals_by_place_cover_and_those_by_photo_do_not() -> None:
    rng = np.random.default_rng(11)
    covered = {"place": 0, "photo": 0}
    for _ in range(200):
        sizes = rng.integers(1, 12, 80)
        chance = rng.beta(2.4, 0.6, 80)  # photos of one place succeed or fail together; the mean is 0.8
        places = np.repeat(np.arange(80), sizes)
        hits = (rng.random(len(places)) < chance[places])[:, None]
        metric = metrics.shares(hits, np.ones_like(hits))
        for unit, groups in (("place", places), ("photo", np.arange(len(places)))):
            interval = metrics.bootstrap_by_group(metric, groups, repeats=300)[0]
            covered[unit] += interval.low <= 0.8 <= interval.high
    assert covered["place"] >= 182
    assert covered["photo"] <= 170


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


def test_a_thousand_repeats_over_ten_thousand_photos_take_about_a_second() -> None:
    rng = np.random.default_rng(0)
    labels, guesses = rng.integers(0, 8, 10_000), rng.integers(0, 8, 10_000)
    places = np.arange(10_000) // 4
    start = time.perf_counter()
    first = metrics.bootstrap_by_group(metrics.class_scores(labels, guesses, 8), places)
    assert time.perf_counter() - start < 5  # generous: other work may share the machine
    assert first == metrics.bootstrap_by_group(metrics.class_scores(labels, guesses, 8), places)
    assert len(first) == 25 + 64
    rates = oracle.confusion_matrix(labels, guesses, normalize="true")
    np.testing.assert_allclose([cell.value for cell in first[25:]], rates.ravel())
    assert all(cell.low < cell.value < cell.high for cell in first)
