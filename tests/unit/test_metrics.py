"""Every metric's value against scikit-learn, SciPy or plain loops, on random and on degenerate input."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import stats
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


def test_brier_and_nll_agree_with_sklearn(answers: tuple[np.ndarray, np.ndarray]) -> None:
    scores, labels = answers
    probabilities = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    brier = oracle.brier_score_loss(labels, probabilities, scale_by_half=False)
    assert metrics.brier_score(probabilities, labels).mean() == pytest.approx(brier)
    nll = metrics.negative_log_likelihood(np.log(probabilities), labels)
    assert nll.mean() == pytest.approx(oracle.log_loss(labels, probabilities))
    assert metrics.negative_log_likelihood(np.zeros((3, 1)), np.zeros(3, int)).tolist() == [0, 0, 0]


def test_auroc_agrees_with_sklearn_also_with_ties() -> None:
    rng = np.random.default_rng(5)
    positive = rng.random(400) < 0.3
    for scores in (rng.normal(size=400) + positive, np.round(rng.normal(size=400) + positive)):
        assert metrics.auroc(scores, positive) == pytest.approx(oracle.roc_auc_score(positive, scores))
    assert metrics.auroc(np.zeros(400), positive) == 0.5
    assert math.isnan(metrics.auroc(np.zeros(3), np.zeros(3, bool)))
    assert math.isnan(metrics.auroc(np.zeros(0), np.zeros(0, bool)))


def test_no_photo_has_no_value() -> None:
    none, nobody = np.zeros((0, 3)), np.zeros(0, int)
    assert math.isnan(metrics.top_k_accuracy(none, nobody))
    assert math.isnan(metrics.expected_calibration_error(np.zeros(0), np.zeros(0, bool)))
    assert math.isnan(metrics.macro_recall(metrics.confusion_matrix(nobody, nobody, 3)))
    assert metrics.brier_score(none, nobody).shape == metrics.negative_log_likelihood(none, nobody).shape == (0,)


def test_one_class_is_always_told_right() -> None:
    labels = np.zeros(5, int)
    assert metrics.top_k_accuracy(np.zeros((5, 1)), labels) == 1.0
    assert metrics.macro_recall(metrics.confusion_matrix(labels, labels, 1)) == 1.0
    assert metrics.brier_score(np.ones((5, 1)), labels).tolist() == [0] * 5


def risk_coverage_by_hand(confidence: np.ndarray, correct: np.ndarray) -> float:
    """Mean of the error among the surest 1, 2, … N."""
    wrong = ~correct[np.argsort(-confidence, kind="stable")]
    return float(np.mean([wrong[:count].mean() for count in range(1, len(wrong) + 1)]))


def test_area_under_risk_coverage_against_plain_loops() -> None:
    rng = np.random.default_rng(7)
    confidence = rng.random(300)
    correct = rng.random(300) < confidence
    found = metrics.area_under_risk_coverage(confidence, correct)
    assert found == pytest.approx(risk_coverage_by_hand(confidence, correct))
    assert found < 1 - correct.mean()  # its doubt tells something


def test_ties_in_confidence_count_as_the_mean_over_all_their_orders() -> None:
    confidence = np.array([0.9, 0.7, 0.7, 0.7, 0.2, 0.2])
    correct = np.array([True, False, True, True, False, True])
    orders = itertools.product(itertools.permutations([1, 2, 3]), itertools.permutations([4, 5]))
    every = [[0, *first, *second] for first, second in orders]
    by_hand = [risk_coverage_by_hand(np.arange(6)[::-1], correct[order]) for order in every]
    assert metrics.area_under_risk_coverage(confidence, correct) == pytest.approx(np.mean(by_hand))


def test_area_under_risk_coverage_of_degenerate_answers() -> None:
    area = metrics.area_under_risk_coverage
    assert math.isnan(area(np.zeros(0), np.zeros(0, bool)))
    assert area(np.array([0.3]), np.array([False])) == 1.0
    assert area(np.array([0.3]), np.array([True])) == 0.0
    assert area(np.full(40, 0.5), np.arange(40) < 30) == pytest.approx(0.25)  # one doubt for all: the error rate
    assert area(np.random.default_rng(0).random(40), np.zeros(40, bool)) == pytest.approx(1.0)


def test_game_score_by_hand() -> None:
    points = metrics.game_score(np.array([0.0, 1492.7 * math.log(2), 20_015.0]))
    np.testing.assert_allclose(points, [5000, 2500, 5000 * math.exp(-20_015 / 1492.7)])


@pytest.mark.parametrize("n", [1, 2, 10, 500])
def test_wilson_agrees_with_scipy(n: int) -> None:
    for hits in {0, 1, n // 3, n}:
        theirs = stats.binomtest(hits, n).proportion_ci(method="wilson")
        assert metrics.wilson(hits, n) == pytest.approx((theirs.low, theirs.high))


def test_wilson_by_hand() -> None:
    assert metrics.wilson(0, 10) == pytest.approx((0.0, 0.27753), abs=1e-5)
    assert metrics.wilson(50, 100) == pytest.approx((0.40383, 0.59617), abs=1e-5)
    assert metrics.wilson(0, 0) == (0.0, 1.0)
