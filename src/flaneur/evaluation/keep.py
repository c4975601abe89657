"""A report in; its main numbers kept in the card and README of the model they are about."""

from __future__ import annotations

from dataclasses import replace

from flaneur.bundle.folder import Bundle, write_bundle
from flaneur.errors import UsageError
from flaneur.evaluation.report import Report
from flaneur.training.heads.model_card import readme


def keep_in_card(report: Report, bundle: Bundle) -> Bundle:
    """Write the main numbers into a model's card and README, beside those of other data.

    Args:
        report: of this model.
        bundle: as read; must be a folder.

    Raises:
        UsageError: the model is a single file, whose card cannot be changed.
    """
    if bundle.path.is_file():
        raise UsageError(
            f"{bundle.path}: a single-file model keeps its card. Record in the folder it was exported from."
        )
    origin, groups = report.origin, report.all_groups
    numbers = {
        "command": origin.command,
        "accuracy": report.which.accuracy.to_dict(),
        "macro_recall": report.which.macro_recall.to_dict(),
        "top3": report.which.top_3.to_dict(),
        "calibration_error": report.sure.ece.to_dict(),
        "within_project": None if groups is None else groups.within.to_dict(),
        "projects": {
            group.name: {"pooled": group.pooled.to_dict(), "within": group.within.to_dict()} for group in report.groups
        },
        "novelty_auroc": None if report.novelty is None else report.novelty.auroc.to_dict(),
    }
    card = bundle.card
    evaluated = {**card.metrics.get("evaluated", {}), f"{origin.dataset}/{origin.part}": numbers}
    card = replace(card, metrics={**card.metrics, "evaluated": evaluated})
    return write_bundle(bundle.path, bundle.model, card, golden=bundle.golden, readme=readme(card), known=bundle.known)
