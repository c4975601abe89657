"""A report in; a piece of HTML for notebooks out that needs nothing else: no script, light or dark."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from flaneur.errors import counted
from flaneur.evaluation import words
from flaneur.evaluation.phrases import percent, span

if TYPE_CHECKING:
    from flaneur.evaluation.report import Report
    from flaneur.metrics import Interval

# currentColor follows the notebook's theme, so the same HTML is legible on light and dark.
_BOX = "font:14px/1.45 system-ui,sans-serif;max-width:760px;margin:4px 0"
_TABLE = "border-collapse:collapse;margin:6px 0;background:none;font:inherit;color:inherit"
_CELL = "border:0;padding:2px 14px 2px 0;text-align:left;background:none"
_SMALL = "opacity:.7;font-size:12px"


def report_html(report: Report) -> str:
    """The main numbers, what they mean, and where not to trust them.

    Args:
        report: from :func:`flaneur.evaluate`; its texts are escaped.

    Returns:
        One ``<div>``.
    """
    origin, which, sure = report.origin, report.which, report.sure
    numbers = [("Accuracy", which.accuracy), ("Macro recall", which.macro_recall), ("Top 3", which.top_3)]
    numbers += [("Right when answered", sure.accuracy_answered), ("Answered", sure.coverage)]
    rows = "".join(_row(name, interval) for name, interval in numbers)
    title = f"{origin.model} {origin.model_version} on {origin.dataset}, {origin.part}"
    behind = (
        f"{counted(which.accuracy.n, 'photo')} of {counted(which.accuracy.groups, 'place')}; 95 % intervals by place"
    )
    return (
        f'<div style="{_BOX}"><div style="font-weight:600">{escape(title)}</div>'
        f'<div style="{_SMALL}">{escape(behind)}</div><table style="{_TABLE}">{rows}</table>'
        f"{_list('What it is good at', words.summary(report))}{_list('Where not to trust it', words.cautions(report))}"
        f'<div style="{_SMALL}">{escape(origin.command)}</div></div>'
    )


def _row(name: str, interval: Interval) -> str:
    return (
        f'<tr style="background:none"><td style="{_CELL}">{escape(name)}</td>'
        f'<td style="{_CELL}"><b>{percent(interval.value, 1)}</b></td>'
        f'<td style="{_CELL};opacity:.7">{span(interval, 1)}</td></tr>'
    )


def _list(title: str, sentences: list[str]) -> str:
    items = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)
    return f'<details><summary style="cursor:pointer">{title} ({len(sentences)})</summary><ul>{items}</ul></details>'
