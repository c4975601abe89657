"""A report in; its key numbers, one line each, and those of every project, out."""

from __future__ import annotations

from html import escape

from flaneur.evaluation import words
from flaneur.evaluation.measures.groups import GroupNumbers
from flaneur.evaluation.page import figures
from flaneur.evaluation.page.section_parts import ends, fact
from flaneur.evaluation.phrases import percent
from flaneur.evaluation.report import Report
from flaneur.metrics import Interval

_NAMED = 8  # cities of a project


def key_numbers(report: Report) -> str:
    """Accuracy in its several senses, each with its interval and what a blind guess reaches."""
    which, chance = report.which, report.which.chance
    rows = [
        figures.number_row("Accuracy", "photos put in the right city", which.accuracy, which.majority),
        figures.number_row("Macro recall", "the same, every city counting alike", which.macro_recall, chance),
        figures.number_row("Top 3", "right city among the first three", which.top_3, min(1.0, 3 * chance)),
    ]
    if report.all_groups is not None:
        within = report.all_groups
        among_all = percent(within.pooled.value, 1)
        hint = f"choosing only among cities of the same camera campaign; of the same photos, among all: {among_all}"
        rows.append(figures.number_row("Within project", hint, within.within, within.chance))
    if report.views is not None:
        rows.append(figures.number_row("One view", "of the places with several photos", report.views.single))
        for name, own, accuracy in words.fusion_rows(report.views):
            label = "All views fused" if own else "Fused otherwise"
            rows.append(figures.number_row(label, f"one answer a place: {name}", accuracy))
    if report.novelty is not None:
        hint = "unknown city ranked stranger than a known one"
        rows.append(figures.ratio_row("Novelty AUROC", hint, report.novelty.auroc, 0.5))
    return "".join(rows)


def doubt_numbers(report: Report) -> str:
    """Calibration and refusals."""
    sure = report.sure
    rows = [
        figures.number_row("Calibration error", "mean gap between stated and seen (ECE)", sure.ece),
        fact("Surprise", "mean −log p of the true city, in nats (NLL); lower is better", *_bare(sure.nll)),
        fact("Squared error", "of the probabilities, 0 to 2 (Brier); lower is better", *_bare(sure.brier)),
        figures.number_row("Answered", "not refused as strange or unsure", sure.coverage),
        figures.number_row("Right when answered", "what a reader of its answers sees", sure.accuracy_answered),
        figures.number_row("Right when refused", "had it answered", sure.accuracy_refused),
    ]
    if report.novelty is not None:
        rows.append(figures.number_row("Unknown city answered", "wrongly; lower is better", report.novelty.answered))
    return "".join(rows)


def _bare(number: Interval) -> tuple[str, str]:
    """Value and interval of what is no share."""
    return _three(number.value), ends(number, _three)


def _three(value: float) -> str:
    return f"{value:.3f}"


def group_rows(report: Report) -> str:
    """A row a project, and one for all that have a choice."""
    rows = [_group_row(group, group.name) for group in report.groups]
    if report.all_groups is not None and len(report.groups) > 1:
        rows.append(_group_row(report.all_groups, "all with a choice").replace("<tr>", '<tr class="sum">', 1))
    return "".join(rows)


def _group_row(group: GroupNumbers, name: str) -> str:
    cities = ", ".join(city.name for city in group.cities[:_NAMED])
    cities += f" and {len(group.cities) - _NAMED:,} more" if len(group.cities) > _NAMED else ""
    within = '<td class="none" data-name="among its own cities">only one city: nothing to choose</td>'
    if len(group.cities) != 1:
        within = figures.barred_cell("among its own cities", group.within, group.chance)
    return (
        f'<tr><th scope="row">{escape(name)}<small>{escape(cities)}</small></th>'
        f"{figures.barred_cell('among all cities', group.pooled)}"
        f"{within}{figures.plain_cell('project told', group.group_told)}"
        f"{figures.count_cell(group.pooled)}</tr>"
    )
