"""Labels, guesses and probabilities in; scores with intervals bootstrapped by place out. Pure numpy."""

from flaneur.metrics.bootstrap import bootstrap_by_group, counts_behind
from flaneur.metrics.calibration import (
    brier_score,
    calibration_bins,
    calibration_error,
    expected_calibration_error,
    negative_log_likelihood,
)
from flaneur.metrics.classes import (
    balanced_accuracy,
    class_scores,
    confusion_matrix,
    macro_recall,
    precision_recall_f1,
    top_k_accuracy,
    top_k_hits,
)
from flaneur.metrics.distances import game_score
from flaneur.metrics.interval import Z95, Interval, wilson
from flaneur.metrics.nature import FREE, SHARE, Floats, Nature
from flaneur.metrics.paired import McNemar, mcnemar, paired_difference
from flaneur.metrics.ranking import area_under_risk_coverage, auroc, ranking_power, selective_risk
from flaneur.metrics.weighted import Derived, Metric, always, difference, in_cells, joined, means, medians, shares

__all__ = [
    "FREE", "SHARE", "Z95", "Derived", "Floats", "Interval", "McNemar", "Metric", "Nature", "always",
    "area_under_risk_coverage", "auroc", "balanced_accuracy", "bootstrap_by_group", "brier_score", "calibration_bins",
    "calibration_error", "class_scores", "confusion_matrix", "counts_behind", "difference",
    "expected_calibration_error", "game_score", "in_cells", "joined", "macro_recall", "mcnemar", "means", "medians",
    "negative_log_likelihood", "paired_difference", "precision_recall_f1", "ranking_power", "selective_risk", "shares",
    "top_k_accuracy", "top_k_hits", "wilson",
]  # fmt: skip
