"""A report in; LaTeX tables out (booktabs), to be read into a paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flaneur.evaluation.tables.rows import Row, main_rows

if TYPE_CHECKING:
    from flaneur.evaluation.report import Report

_ESCAPES = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "–": "--",
}  # fmt: skip
_UNITS = {"%": r"\,\%", "points": r"\,pp", "km": r"\,km"}


def to_latex(report: Report) -> str:
    """Two tables: the main numbers, and every city. They need ``booktabs`` and UTF-8, which is LaTeX's default.

    Args:
        report: from :func:`flaneur.evaluate`.
    """
    return f"{_comment(report)}\n{_main(report)}\n{_cities(report)}"


def escaped(text: str) -> str:
    r"""Text that LaTeX shows as it is.

    >>> escaped("R&D_50 %")
    'R\\&D\\_50 \\%'
    """
    return "".join(_ESCAPES.get(letter, letter) for letter in " ".join(text.split()))


def _comment(report: Report) -> str:
    origin = report.origin
    lines = [
        origin.command,
        f"model {origin.model} {origin.model_version}; dataset {origin.dataset}, content {origin.content_hash[:16]}",
        f"split {origin.split or 'none'}/{origin.part} {(origin.split_hash or '')[:16]}".rstrip(),
        r"needs \usepackage{booktabs}",
    ]
    return "".join(f"% {' '.join(line.split())}\n" for line in lines)


def _main(report: Report) -> str:
    body = "".join(
        f"{escaped(row.name)} & {_value(row)} & {_ends(row)} & {row.interval.n} & {row.interval.groups} \\\\\n"
        for row in main_rows(report)
    )
    origin = report.origin
    caption = (
        f"{escaped(origin.model)} on the {escaped(origin.part)} part of {escaped(origin.dataset)}. Intervals: "
        "95\\,\\%, from resampling whole places."
    )
    head = "Measure & Value & 95\\,\\% interval & Photos & Places"
    return _table(caption, f"tab:{_label(origin.model)}-main", "lrrrr", head, body)


def _cities(report: Report) -> str:
    body = "".join(
        f"{escaped(row.city.name)} & "
        f"{_cell(Row('', row.recall))} & {_cell(Row('', row.precision))} & {escaped(Row('', row.f1).value)} & "
        f"{row.recall.n} & {row.recall.groups} \\\\\n"
        for row in report.which.per_city
    )
    caption = f"{escaped(report.origin.model)}, city by city."
    head = "City & Recall & Precision & F1 (\\%) & Photos & Places"
    return _table(caption, f"tab:{_label(report.origin.model)}-cities", "lrrrrr", head, body)


def _table(caption: str, label: str, columns: str, head: str, body: str) -> str:
    return (
        f"\\begin{{table}}\n  \\centering\n  \\caption{{{caption}}}\n  \\label{{{label}}}\n"
        f"  \\begin{{tabular}}{{{columns}}}\n\\toprule\n{head} \\\\\n\\midrule\n{body}\\bottomrule\n"
        "  \\end{tabular}\n\\end{table}\n"
    )


def _value(row: Row) -> str:
    shown = escaped(row.value)
    return shown if shown == "--" else f"{_signed(shown)}{_UNITS.get(row.unit, '')}"


def _cell(row: Row) -> str:
    return "--" if row.value == "–" else f"{_value(row)} ({_ends(row)})"


def _ends(row: Row) -> str:
    if row.low == "–":
        return "--"
    low, high = _signed(row.low), _signed(row.high)
    return f"{low} to {high}" if row.unit == "points" else f"{low}--{high}"


def _signed(number: str) -> str:
    """A minus as long as a plus.

    >>> _signed("-3.1"), _signed("94.1")
    ('$-$3.1', '94.1')
    """
    return number.replace("-", "$-$").replace("+", "$+$")


def _label(name: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in name)
