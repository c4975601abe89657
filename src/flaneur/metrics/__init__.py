"""Labels, guesses and probabilities in; scores with intervals bootstrapped by place out. Pure numpy."""

from flaneur.metrics.bootstrap import bootstrap_by_group, counts_behind
from flaneur.metrics.calibration import brier_score, calibration_bins, calibration_error, expected_calibration_error
from flaneur.metrics.classes import (
    class_scores,
    confusion_matrix,
    macro_recall,
    precision_recall_f1,
    top_k_accuracy,
    top_k_hits,
)
from flaneur.metrics.interval import Interval, wilson
from flaneur.metrics.ranking import auroc, ranking_power
from flaneur.metrics.weighted import Floats, Metric, always, means, shares

__all__ = [
    "Floats", "Interval", "Metric", "always", "auroc", "bootstrap_by_group", "brier_score", "calibration_bins",
    "calibration_error", "class_scores", "confusion_matrix", "counts_behind", "expected_calibration_error",
    "macro_recall", "means", "precision_recall_f1", "ranking_power", "shares", "top_k_accuracy", "top_k_hits",
    "wilson",
]  # fmt: skip
