"""A report in; JSON values with stable keys out: every number with its interval and what stands behind it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from flaneur.evaluation import words
from flaneur.evaluation.measures.groups import GroupNumbers
from flaneur.evaluation.report import Report

REPORT_FORMAT = 2


def to_json(report: Report) -> dict[str, Any]:
    """The whole report as plain JSON values; an undefined number is null."""
    which, sure, known = report.which, report.sure, report.known
    return {
        "format": REPORT_FORMAT,
        "origin": asdict(report.origin),
        "cities": [city.slug for city in known.cities],
        "counts": {
            "photos": len(known.photos),
            "places": int(known.places.max(initial=-1)) + 1,
            "unknown_photos": len(report.unknown.photos),
            "failed": [{"photo": photo.id, "error": code} for photo, code in known.failed],
        },
        "summary": words.summary(report),
        "cautions": words.cautions(report),
        "accuracy": which.accuracy.to_dict(),
        "macro_recall": which.macro_recall.to_dict(),
        "top_3": which.top_3.to_dict(),
        "baselines": {"chance": _round(which.chance), "majority": _round(which.majority)},
        "calibration": {
            "ece": sure.ece.to_dict(),
            "brier": sure.brier.to_dict(),
            "nll": sure.nll.to_dict(),
            "reliability": [{"confidence": _round(mean), "accuracy": seen.to_dict()} for mean, seen in sure.bins],
        },
        "abstention": {
            "temperature": _round(known.doubt.temperature),
            "novelty_threshold": _round(known.doubt.novelty_threshold),
            "probability_threshold": _round(known.doubt.probability_threshold),
            "coverage": sure.coverage.to_dict(),
            "accuracy_answered": sure.accuracy_answered.to_dict(),
            "accuracy_refused": sure.accuracy_refused.to_dict(),
        },
        "unknown_cities": _unknown(report),
        "views": _views(report),
        "groups": {
            "each": [_group(group) for group in report.groups],
            "all_with_a_choice": None if report.all_groups is None else _group(report.all_groups),
        },
        "per_city": [
            {
                "city": row.city.slug,
                "name": row.city.name,
                "precision": row.precision.to_dict(),
                "recall": row.recall.to_dict(),
                "f1": row.f1.to_dict(),
            }
            for row in which.per_city
        ],
        "confusion": {
            "counts": which.confusion.tolist(),
            "rates": _square([cell.to_dict() for cell in which.rates], len(known.cities)),
        },
        "most_confused": [{"city": a, "guess": b, "photos": n} for a, b, n in report.most_confused(1)[:20]],
        "sections": {key: section.to_dict() for key, section in report.sections.items()},
        "not_measured": dict(report.not_measured),
    }


def _unknown(report: Report) -> dict[str, Any] | None:
    found = report.novelty
    if found is None:
        return None
    return {
        "cities": list(found.cities),
        "auroc": found.auroc.to_dict(),
        "auroc_by_probability": found.auroc_probability.to_dict(),
        "answered": found.answered.to_dict(),
    }


def _views(report: Report) -> dict[str, Any] | None:
    if report.views is None:
        return None
    views = report.views
    return {
        "mean": _round(views.views_mean),
        "single": views.single.to_dict(),
        "fused": views.fused.to_dict(),
        "ways": [
            {
                "fusion": fusion,
                "own": fusion == views.own,
                "accuracy": numbers.accuracy.to_dict(),
                "macro_recall": numbers.macro_recall.to_dict(),
                "ece": numbers.ece.to_dict(),
            }
            for fusion, numbers in [(None, views.alone), *views.joined.items()]
        ],
    }


def _group(group: GroupNumbers) -> dict[str, Any]:
    return {
        "name": group.name,
        "cities": [city.slug for city in group.cities],
        "pooled": group.pooled.to_dict(),
        "within": group.within.to_dict(),
        "group_told": group.group_told.to_dict(),
        "chance": _round(group.chance),
    }


def _square(cells: list[Any], side: int) -> list[list[Any]]:
    return [cells[row * side : (row + 1) * side] for row in range(side)]


def _round(value: float) -> float | None:
    return round(float(value), 6) if np.isfinite(value) else None
