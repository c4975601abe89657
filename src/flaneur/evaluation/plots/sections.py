"""Which further sections of a report have a figure, and what draws it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flaneur.evaluation.measures.nearest_train import NearestTrain
from flaneur.evaluation.measures.view_count import ViewCount
from flaneur.evaluation.plots.crossed import cross_figure
from flaneur.evaluation.plots.curves import learning_curve_figure, nearest_train_figure, view_count_figure
from flaneur.evaluation.plots.forests import left_out_figure, random_split_figure, shortcuts_figure
from flaneur.evaluation.trials.cross import Cross
from flaneur.evaluation.trials.learning_curve import LearningCurve
from flaneur.evaluation.trials.left_out import LeftOut
from flaneur.evaluation.trials.random_split import RandomSplit

SECTION_FIGURES: dict[str, Callable[[Any], Any]] = {
    NearestTrain.key: nearest_train_figure,
    ViewCount.key: view_count_figure,
    Cross.key: cross_figure,
    LearningCurve.key: learning_curve_figure,
    LeftOut.key: left_out_figure,
    RandomSplit.key: random_split_figure,
    "shortcuts": shortcuts_figure,
}
