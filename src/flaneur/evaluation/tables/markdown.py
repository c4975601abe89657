"""A report in; a model card in Markdown out: what it is, how good, where not to trust it, and how that was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flaneur.errors import counted
from flaneur.evaluation import words
from flaneur.evaluation.tables.rows import Row, main_rows

if TYPE_CHECKING:
    from flaneur.evaluation.report import Report

_UNITS = {"%": " %", "points": " points", "km": " km", "of 5,000": " of 5,000"}


def to_markdown(report: Report) -> str:
    """The card as text.

    Args:
        report: from :func:`flaneur.evaluate`.
    """
    origin, known = report.origin, report.known
    names = ", ".join(escaped(city.name) for city in known.cities)
    parts = [
        f"# {escaped(origin.model)} {escaped(origin.model_version)}: which city is this street?",
        f"It tells {counted(len(known.cities), 'city')} apart: {names}. Trained on {escaped(origin.trained_on)}, "
        f"made {escaped(origin.model_created)}.",
        _section("What it is good at", _items(words.summary(report))),
        _section("Where not to trust it", _items([*report.limits, *words.cautions(report)])),
        _section("Numbers", _main(report)),
        _section("Cities", _cities(report)),
        _section("How this was measured", _origin(report)),
    ]
    return "\n\n".join(parts) + "\n"


def escaped(text: str) -> str:
    r"""Text that Markdown shows as it is, on one line.

    >>> escaped("a_b <c> | d")
    'a\\_b \\<c\\> \\| d'
    """
    return "".join(f"\\{letter}" if letter in "\\`*_{}[]<>|#" else letter for letter in " ".join(text.split()))


def _section(title: str, body: str) -> str:
    return f"## {title}\n\n{body}"


def _items(sentences: list[str]) -> str:
    return "\n".join(f"- {escaped(sentence)}" for sentence in sentences)


def _main(report: Report) -> str:
    lines = ["| measure | value | 95 % interval | photos | places |", "| --- | ---: | ---: | ---: | ---: |"]
    lines += [
        f"| {escaped(row.name)} | {row.value}{_UNITS.get(row.unit, '')} | {_ends(row)} | {row.interval.n:,} "
        f"| {row.interval.groups:,} |"
        for row in main_rows(report)
    ]
    return "\n".join(lines)


def _cities(report: Report) -> str:
    lines = ["| city | recall | precision | F1 | photos | places |", "| --- | ---: | ---: | ---: | ---: | ---: |"]
    for city in report.which.per_city:
        cells = [_cell(Row("", interval)) for interval in (city.recall, city.precision, city.f1)]
        lines.append(
            f"| {escaped(city.city.name)} | {' | '.join(cells)} | {city.recall.n:,} | {city.recall.groups:,} |"
        )
    return "\n".join(lines)


def _origin(report: Report) -> str:
    origin = report.origin
    split = f"split {origin.split}, part {origin.part}" if origin.split else "all photos"
    audit = origin.audit if isinstance(origin.audit, dict) else {}
    facts = [
        f"Dataset {origin.dataset} ({split}), content {origin.content_hash[:16]}.",
        "Intervals are 95 %, from resampling whole places: photos of one place are not independent.",
        *(["The split was audited: no place, sequence or look-alike is on both sides."] if audit.get("ok") else []),
        *([f"Licences of the photos it learnt from: {', '.join(report.licences)}."] if report.licences else []),
    ]
    return f"{_items(facts)}\n\n```\n{origin.command}\n```"


def _cell(row: Row) -> str:
    return row.value if row.value == "–" else f"{row.value} % ({_ends(row)})"


def _ends(row: Row) -> str:
    return "–" if row.low == "–" else f"{row.low} to {row.high}"
