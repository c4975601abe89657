"""Every metric that torchmetrics has too, against it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from flaneur import metrics

torch = pytest.importorskip("torch")
CLASSES = 5


class _Hollow(ModuleType):
    """Stands for torchvision where that was built for another torch; only torchmetrics' image metrics use it."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


@pytest.fixture(scope="module")
def judge() -> Iterator[ModuleType]:
    hidden = []
    try:
        import torchvision  # noqa: F401
    except (ImportError, RuntimeError):
        hidden = ["torchvision", "torchvision.transforms", "torchvision.models"]
        sys.modules.update({name: _Hollow(name) for name in hidden})
    yield pytest.importorskip("torchmetrics.functional.classification")
    for name in hidden:
        del sys.modules[name]


@pytest.fixture
def answers() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    labels = rng.integers(0, CLASSES, 400)
    scores = rng.normal(size=(400, CLASSES))
    scores[np.arange(400), labels] += 1
    return scores, labels


@pytest.mark.parametrize("k", [1, 2, 3])
def test_top_k(judge: ModuleType, answers: tuple[np.ndarray, np.ndarray], k: int) -> None:
    scores, labels = answers
    theirs = judge.multiclass_accuracy(
        torch.tensor(scores), torch.tensor(labels), num_classes=CLASSES, top_k=k, average="micro"
    )
    assert metrics.top_k_accuracy(scores, labels, k) == pytest.approx(float(theirs))


@pytest.mark.parametrize("missing", [False, True], ids=["all classes", "a class missing"])
def test_numbers_of_each_class(judge: ModuleType, answers: tuple[np.ndarray, np.ndarray], missing: bool) -> None:
    scores, labels = answers
    labels = labels % (CLASSES - 1) if missing else labels
    guesses = scores.argmax(axis=1)
    matrix = metrics.confusion_matrix(labels, guesses, CLASSES)
    asked = torch.tensor(guesses), torch.tensor(labels), CLASSES
    assert matrix.tolist() == judge.multiclass_confusion_matrix(*asked).tolist()
    judges = (judge.multiclass_precision, judge.multiclass_recall, judge.multiclass_f1_score)
    for mine, theirs in zip(metrics.precision_recall_f1(matrix), judges, strict=True):
        np.testing.assert_allclose(np.nan_to_num(mine), theirs(*asked, average="none"), rtol=1e-6)
    recall = judge.multiclass_recall(*asked, average="none")[matrix.sum(axis=1) > 0]
    assert metrics.macro_recall(matrix) == pytest.approx(float(recall.mean()))


@pytest.mark.parametrize("digits", [6, 1, 0], ids=["no ties", "ties", "all alike"])
def test_auroc(judge: ModuleType, digits: int) -> None:
    rng = np.random.default_rng(4)
    positive = rng.random(300) < 0.4
    scores = (rng.random(300) * 0.4 + 0.1 * positive).round(digits)
    theirs = judge.binary_auroc(torch.tensor(scores), torch.tensor(positive.astype(int)))
    assert metrics.auroc(scores, positive) == pytest.approx(float(theirs), abs=1e-6)


def test_calibration_error_where_bins_of_equal_mass_are_bins_of_equal_width(judge: ModuleType) -> None:
    confidence = (np.arange(600) + 0.5) / 600
    correct = np.random.default_rng(5).random(600) < confidence**2
    theirs = judge.binary_calibration_error(torch.tensor(confidence), torch.tensor(correct.astype(int)), n_bins=15)
    assert metrics.expected_calibration_error(confidence, correct) == pytest.approx(float(theirs), abs=1e-6)


def test_negative_log_likelihood_is_torchs_cross_entropy(answers: tuple[np.ndarray, np.ndarray]) -> None:
    scores, labels = answers
    logs = torch.log_softmax(torch.tensor(scores), dim=1)
    theirs = torch.nn.functional.nll_loss(logs, torch.tensor(labels), reduction="none")
    np.testing.assert_allclose(metrics.negative_log_likelihood(logs.numpy(), labels), theirs.numpy())
