"""A report in; the numbers that papers publish, under the names that recipes give them, out."""

from __future__ import annotations

import numpy as np

from flaneur import metrics
from flaneur.evaluation.answers import Answers
from flaneur.evaluation.report import Report
from flaneur.metrics import SHARE, Floats, Interval


def paper_measures(report: Report) -> dict[str, Interval]:
    """The main numbers of a report as a paper would name them.

    Args:
        report: from :func:`flaneur.evaluation.run.evaluate`.

    Returns:
        ``accuracy``, ``top3``, ``macro_recall``, ``macro_precision`` and ``macro_f1`` of single photos; where places
        have several, ``accuracy_views`` of all views of a place together.
    """
    which = report.which
    found = {"accuracy": which.accuracy, "top3": which.top_3, "macro_recall": which.macro_recall}
    found |= dict(zip(("macro_precision", "macro_f1"), _macro(report.known), strict=True))
    if report.views is not None:
        found["accuracy_views"] = report.views.fused
    return found


def _macro(known: Answers) -> tuple[Interval, ...]:
    """Precision and F1, every city counting alike; a city that is never guessed has precision 0, as in sklearn."""
    count = len(known.cities)
    present = np.unique(known.labels)
    scores = metrics.class_scores(known.labels, known.guesses, count)

    def both(every: Floats) -> Floats:
        parts = [every[:, start : start + count][:, present] for start in (0, 2 * count)]
        return np.stack([np.nan_to_num(part).mean(axis=1) for part in parts], axis=1)

    macro = metrics.Derived((scores,), lambda found: both(found[0]), lambda _: (SHARE, SHARE))
    return metrics.bootstrap_by_group(macro, known.places)
