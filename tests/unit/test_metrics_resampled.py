"""Metrics of weights: what a resample gives is what the resampled photos give, by photo and summed by place."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from sklearn import metrics as oracle

from flaneur import metrics
from flaneur.metrics.weighted import natures_of, of_groups

CLASSES = 4


class Drawn:
    """Random answers of N photos in a few places."""

    def __init__(self, photos: int, *, ties: bool = False, labels: int = CLASSES) -> None:
        rng = np.random.default_rng(photos)
        self.labels, self.guesses = rng.integers(0, labels, photos), rng.integers(0, CLASSES, photos)
        self.correct = self.labels == self.guesses
        self.confidence = np.full(photos, 0.5) if ties else rng.random(photos).round(2)
        self.values = rng.normal(size=(photos, 3)).round(1)
        self.places = rng.integers(0, max(1, photos // 3), photos)

    def rows(self, rows: np.ndarray) -> Drawn:
        """The photos drawn."""
        made = Drawn(0)
        for name, column in vars(self).items():
            setattr(made, name, column[rows])
        return made


METRICS: dict[str, Callable[[Drawn], metrics.Metric]] = {
    "always": lambda drawn: metrics.always(drawn.correct),
    "shares": lambda drawn: metrics.shares(drawn.values > 0, drawn.values > -0.5),
    "means": lambda drawn: metrics.means(drawn.values),
    "medians": lambda drawn: metrics.medians(drawn.values),
    "class scores": lambda drawn: metrics.class_scores(drawn.labels, drawn.guesses, CLASSES),
    "balanced accuracy": lambda drawn: metrics.balanced_accuracy(drawn.labels, drawn.correct, CLASSES),
    "ranking power": lambda drawn: metrics.ranking_power(drawn.confidence, drawn.correct),
    "selective risk": lambda drawn: metrics.selective_risk(drawn.confidence, drawn.correct),
    "difference": lambda drawn: metrics.difference(
        metrics.always(drawn.correct), metrics.balanced_accuracy(drawn.labels, drawn.correct, CLASSES)
    ),
    "joined": lambda drawn: metrics.joined(metrics.means(drawn.values), metrics.always(drawn.correct)),
}
PHOTOS = {
    "many": Drawn(60),
    "all alike": Drawn(40, ties=True),
    "one class": Drawn(12, labels=1),
    "two": Drawn(2),
    "one": Drawn(1),
    "none": Drawn(0),
}


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize("which", PHOTOS)
def test_weights_are_how_often_a_photo_was_drawn(name: str, which: str) -> None:
    drawn, make = PHOTOS[which], METRICS[name]
    weights = np.random.default_rng(1).integers(0, 4, (5, len(drawn.labels)))
    found = make(drawn)(weights.astype(float))
    for row, weight in zip(found, weights, strict=True):
        again = drawn.rows(np.repeat(np.arange(len(weight)), weight))
        np.testing.assert_allclose(row, make(again)(np.ones((1, weight.sum())))[0], atol=1e-12)


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize("which", PHOTOS)
def test_summed_by_place_first_or_not_the_values_are_the_same(name: str, which: str) -> None:
    drawn, make = PHOTOS[which], METRICS[name]
    index = np.unique(drawn.places, return_inverse=True)[1]
    counts = np.random.default_rng(2).integers(0, 4, (5, index.max(initial=-1) + 1)).astype(float)
    metric = make(drawn)
    np.testing.assert_allclose(of_groups(metric, index)(counts), metric(counts[:, index]), atol=1e-12)


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize("which", PHOTOS)
def test_every_value_gets_an_interval_that_holds_it(name: str, which: str) -> None:
    drawn = PHOTOS[which]
    metric = METRICS[name](drawn)
    kinds = [nature.kind for nature in natures_of(metric, len(drawn.labels))]
    for kind, found in zip(kinds, metrics.bootstrap_by_group(metric, drawn.places, repeats=60), strict=True):
        if np.isnan(found.value):
            assert np.isnan([found.low, found.high]).all()
        elif kind == "free" and found.groups == 1:
            assert np.isnan([found.low, found.high]).all()  # one place knows no spread
        else:
            assert found.low <= found.value <= found.high
        if kind == "share" and not np.isnan(found.value):
            assert 0 <= found.low <= found.high <= 1
            assert found.high - found.low > 0


def test_resampled_class_numbers_and_auroc_agree_with_sklearn() -> None:
    drawn = Drawn(300)
    weights = np.random.default_rng(8).integers(0, 4, 300)
    rows = np.repeat(np.arange(300), weights)
    expected = oracle.precision_recall_fscore_support(drawn.labels[rows], drawn.guesses[rows])
    found = METRICS["class scores"](drawn)(weights[None].astype(float))[0]
    np.testing.assert_allclose(found[: 3 * CLASSES], np.concatenate(expected[:3]))
    rates = oracle.confusion_matrix(drawn.labels[rows], drawn.guesses[rows], normalize="true")
    np.testing.assert_allclose(found[3 * CLASSES + 1 :], rates.ravel())
    area = METRICS["ranking power"](drawn)(weights[None].astype(float))[0, 0]
    assert area == pytest.approx(oracle.roc_auc_score(drawn.correct[rows], drawn.confidence[rows]))


def test_a_class_without_photos_in_a_resample_does_not_count() -> None:
    metric = metrics.balanced_accuracy(np.array([0, 0, 1]), np.array([True, False, True]), 3)
    assert metric(np.array([[1.0, 1.0, 1.0], [1.0, 1.0, 0.0], [0.0, 0.0, 2.0]]))[:, 0].tolist() == [0.75, 0.5, 1.0]
    assert np.isnan(metric(np.zeros((1, 3)))[0, 0])
