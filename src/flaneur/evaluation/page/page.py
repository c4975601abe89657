"""A report in; ``report.html`` out: one page that needs nothing else. Same input, same bytes."""

from __future__ import annotations

from html import escape
from string import Template

from flaneur.errors import counted
from flaneur.evaluation import words
from flaneur.evaluation.measures.groups import GroupNumbers
from flaneur.evaluation.page import figures, gallery
from flaneur.evaluation.page.frame import Frame, read_part, whole_page
from flaneur.evaluation.page.sections import further_sections
from flaneur.evaluation.page.training_curves import learning_section
from flaneur.evaluation.phrases import percent
from flaneur.evaluation.report import Report

_TEMPLATE = "template.html"
_FOOTER = (
    "Measured on the exported model itself, as its users get it. Every number with its interval is in report.json."
)
_GALLERIES = (
    ("right", "Surest, and right", "The answers it gave with the highest probability, city by city."),
    ("wrong", "Surest, and wrong", "Confident mistakes: look for what the streets share."),
    ("refused", "Refused", "“None of the cities I know”: the strangest first."),
)


def to_html(report: Report, *, photos: bool = True) -> str:
    """The page as text."""
    origin, which = report.origin, report.which
    part = "all photos" if origin.part == "all" else f"{origin.part} part"
    count, places = counted(len(report.known.photos), "photo"), counted(which.accuracy.groups, "place")
    frame = Frame(
        title=f"How well {origin.model} knows {counted(len(report.known.cities), 'city')}",
        eyebrow=f"flaneur · evaluation of {origin.model} {origin.model_version}",
        subtitle=f"{origin.dataset}, {part} · {count} of {places}",
        footer=_FOOTER,
    )
    pieces = {
        "good": _items(words.summary(report)),
        "beware": _items(words.cautions(report)),
        "numbers": _numbers(report),
        "groups": _groups(report),
        "cities": _cities(report),
        "confusion": figures.confusion_table(report.known.cities, which.confusion, which.rates),
        "confused": _confused(report),
        "reliability": figures.reliability_svg(report.sure),
        "reliability_table": figures.reliability_table(report.sure),
        "doubt": _doubt(report),
        "gallery": _gallery(report) if photos else "",
        "learning": learning_section(report.training),
        "sections": further_sections(report.sections),
        "origin": _origin(report),
    }
    pieces = {name: text.replace(" %", "\u00a0%") for name, text in pieces.items()}  # no line breaks before the sign
    return whole_page(frame, Template(read_part(_TEMPLATE)).substitute(pieces, command=escape(origin.command)))


def _items(sentences: list[str]) -> str:
    return "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)


def _numbers(report: Report) -> str:
    which, chance = report.which, report.which.chance
    rows = [
        figures.number_row("Accuracy", "photos put in the right city", which.accuracy, which.majority),
        figures.number_row("Macro recall", "the same, every city counting alike", which.macro_recall, chance),
        figures.number_row("Top 3", "right city among the first three", which.top_3, min(1.0, 3 * chance)),
    ]
    if report.all_groups is not None:
        within = report.all_groups
        hint = "choosing only among cities of the same camera campaign"
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


def _doubt(report: Report) -> str:
    sure = report.sure
    rows = [
        figures.number_row("Calibration error", "mean gap between stated and seen (ECE)", sure.ece),
        figures.number_row("Answered", "not refused as strange or unsure", sure.coverage),
        figures.number_row("Right when answered", "what a reader of its answers sees", sure.accuracy_answered),
        figures.number_row("Right when refused", "had it answered", sure.accuracy_refused),
    ]
    if report.novelty is not None:
        rows.append(figures.number_row("Unknown city answered", "wrongly; lower is better", report.novelty.answered))
    return "".join(rows)


def _groups(report: Report) -> str:
    rows = [_group_row(group, group.name) for group in report.groups]
    if report.all_groups is not None and len(report.groups) > 1:
        rows.append(_group_row(report.all_groups, "all with a choice").replace("<tr>", '<tr class="sum">', 1))
    return "".join(rows)


def _group_row(group: GroupNumbers, name: str) -> str:
    cities = ", ".join(city.name for city in group.cities)
    within = '<td class="none" data-name="among its own cities">only one city: nothing to choose</td>'
    if len(group.cities) != 1:
        within = figures.barred_cell("among its own cities", group.within, group.chance)
    return (
        f'<tr><th scope="row">{escape(name)}<small>{escape(cities)}</small></th>'
        f"{figures.barred_cell('among all cities', group.pooled)}"
        f"{within}{figures.plain_cell('project told', group.group_told)}"
        f"{figures.count_cell(group.pooled)}</tr>"
    )


def _cities(report: Report) -> str:
    return "".join(
        f'<tr><th scope="row">{escape(row.city.name)}</th>{figures.barred_cell("found", row.recall)}'
        f"{figures.plain_cell('to be believed', row.precision)}{figures.plain_cell('F1', row.f1)}"
        f"{figures.count_cell(row.recall)}</tr>"
        for row in report.which.per_city
    )


def _confused(report: Report) -> str:
    names = {city.slug: city.name for city in report.known.cities}
    pairs = [f"{names[truth]} taken for {names[guess]} ({count})" for truth, guess, count in report.most_confused()[:5]]
    return escape("Commonest mistakes: " + "; ".join(pairs) + ".") if pairs else "No mistake was made more than twice."


def _gallery(report: Report) -> str:
    rows = gallery.telling_rows(report.known)
    made = []
    for key, title, hint in _GALLERIES:
        shown = gallery.figures(report.known, rows[key], report.paths)
        if shown:
            made.append(f'<h3>{title}</h3><p class="hint">{hint}</p><div class="photos">{shown}</div>')
    return f'<section id="photos"><h2>Photos</h2>{"".join(made)}</section>' if made else ""


def _origin(report: Report) -> str:
    origin = report.origin
    seen = {True: "yes, trained on its train part", False: "no: trained on these photos by another split", None: ""}
    known = {
        "Model": f"{origin.model} {origin.model_version}, made {origin.model_created}",
        "Trained on": origin.trained_on,
        "Dataset": f"{origin.dataset}, content {origin.content_hash[:16]}",
        "Split": f"{origin.split}/{origin.part}, {origin.split_hash[:16]}" if origin.split_hash else "none, all photos",
        "Model’s own split": seen[origin.same_split],
        "By a random split": _flattery(origin.random_split),
        "Unknown cities": ", ".join(report.novelty.cities) if report.novelty else "",
        "Not readable": ", ".join(f"{photo.id} ({code})" for photo, code in report.known.failed[:20]),
        "Intervals": "95 %, 1,000 resamples of whole places; Wilson’s over places where resampling shows no spread",
    }
    rows = [f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in known.items() if text]
    return "".join(rows) + _audit(origin.audit)


def _flattery(found: object) -> str:
    """What a random split of the same photos would have said, where ``flaneur dataset audit`` stored it."""
    if not isinstance(found, dict):
        return ""
    honest, random = (percent(found[key]["value"], 1) for key in ("honest_accuracy", "random_accuracy"))
    return f"a head would seem right for {random} of the photos, by this split for {honest}"


def _audit(audit: object) -> str:
    """What the audit stored, but for its table of counts."""
    if not isinstance(audit, dict) or not audit:
        return ""
    facts = [
        "no leak found" if audit.get("ok") else "it leaks",
        *audit.get("violations", []),
        *audit.get("warnings", []),
    ]
    nearest = {pair: metres for pair, metres in audit.get("nearest_m", {}).items() if metres is not None}
    apart = [f"{pair.replace('-', ' and ')} {metres:,.0f} m" for pair, metres in nearest.items()]
    facts += [f"nearest photos of {', '.join(apart)} apart"] if apart else []
    return f"<dt>Audit of the split</dt><dd>{escape('; '.join(facts))}</dd>"
