"""A comparison in; ``compare.html`` out: one page that needs nothing else. Same input, same bytes."""

from __future__ import annotations

import math
from collections.abc import Callable
from html import escape

from flaneur.errors import counted
from flaneur.evaluation.comparison.compared import Compared, ModelNumbers
from flaneur.evaluation.comparison.guesses import Guesses
from flaneur.evaluation.comparison.words import cautions, summary
from flaneur.evaluation.page.compare_charts import cities_section, pairs_section
from flaneur.evaluation.page.compare_photos import photos_section
from flaneur.evaluation.page.frame import Frame, whole_page
from flaneur.evaluation.page.section_parts import kilometres, section
from flaneur.evaluation.phrases import percent, span
from flaneur.metrics import Interval

_FOOTER = "Every number with its interval is in compare.json."
_SIDE = (
    "All on the same photos, with 95 % intervals from resampling whole places. They may overlap even where one is "
    "clearly better, since what is hard for one is hard for the other: the differences below take that into account."
)
Text = Callable[[float], str]


def _share(value: float) -> str:
    return percent(value, 1)


_MEASURES: tuple[tuple[str, str, str, Text], ...] = (
    ("Accuracy", "photos put in the right city", "accuracy", _share),
    ("Macro recall", "every city counting alike", "macro_recall", _share),
    ("Top 3", "right city among the first three", "top_3", _share),
    ("Calibration error", "gap between stated and seen; lower is better", "ece", _share),
    ("Log loss", "nats; lower is better", "nll", "{:.3f}".format),
    ("Median distance", "guessed city’s centre to the photo", "median_km", kilometres),
    ("Answered", "not refused", "coverage", _share),
    ("Right if answered", "what a reader of its answers sees", "accuracy_answered", _share),
)


def to_html(compared: Compared, *, photos: bool = True) -> str:
    """The page as text."""
    seen = compared.models[0].accuracy
    many = f"{counted(len(compared.models), 'model')} on the same photos"
    frame = Frame(
        title=" or ".join(compared.names) + "?" if len(compared.models) <= 3 else many,
        eyebrow="flaneur · comparison",
        subtitle=f"{counted(seen.n, 'photo')} of {counted(seen.groups, 'place')} in "
        f"{counted(len(compared.cities), 'city')}",
        footer=_FOOTER,
    )
    parts = [
        _short(compared),
        section("numbers", "Side by side", _SIDE, _side_by_side(compared)),
        pairs_section(compared),
        cities_section(compared),
        photos_section(compared) if photos else "",
        _origin(compared),
    ]
    return whole_page(frame, "\n".join(part for part in parts if part).replace(" %", "\u00a0%"))


def _short(compared: Compared) -> str:
    return (
        '<section aria-labelledby="short" class="first"><div class="short">'
        f'<div><h2 id="short">In short</h2><ul>{_items(summary(compared))}</ul></div>'
        f'<div class="beware"><h2 id="beware">What it does not show</h2><ul>{_items(cautions(compared))}</ul></div>'
        "</div></section>"
    )


def _items(sentences: list[str]) -> str:
    return "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)


def _side_by_side(compared: Compared) -> str:
    heads = "".join(
        f'<th scope="col" class="num">{escape(model.name)}<small>{_choices(model)}</small></th>'
        for model in compared.models
    )
    rows = "".join(_measure_row(compared, *measure) for measure in _MEASURES)
    table = f'<table><thead><tr><th scope="col">measure</th>{heads}</tr></thead><tbody>{rows}</tbody></table>'
    return f'<div class="scroll" tabindex="0" role="region" aria-label="Numbers by model">{table}</div>'


def _choices(model: ModelNumbers) -> str:
    return f"of {counted(model.choices, 'city')}" if model.choices else "of unknown choice"


def _measure_row(compared: Compared, name: str, hint: str, field: str, text: Text) -> str:
    numbers = [getattr(model, field) for model in compared.models]
    if not any(numbers):
        return ""
    cells = "".join(_cell(number, text) for number in numbers)
    return f'<tr><th scope="row">{name}<small>{hint}</small></th>{cells}</tr>'


def _cell(number: Interval | None, text: Text) -> str:
    if number is None or math.isnan(number.value):
        return '<td class="num">–</td>'
    ends = span(number, 1) if text is _share else f"{text(number.low)} to {text(number.high)}"
    return f'<td class="num"><strong>{text(number.value)}</strong><small>{ends}</small></td>'


def _origin(compared: Compared) -> str:
    rows = "".join(f"<dt>{escape(one.name)}</dt><dd>{escape(_measured_on(one))}</dd>" for one in compared.said)
    intervals = "95 %, 1,000 resamples of whole places; differences paired: both models on the same resample"
    made = f"<dl>{rows}<dt>Intervals</dt><dd>{intervals}</dd></dl>"
    if compared.command:
        made += (
            '<p class="hint">To make this page again:</p>'
            f'<pre tabindex="0"><code>{escape(compared.command)}</code></pre>'
        )
    return section("origin", "Where these numbers come from", "", made).replace('<p class="hint"></p>', "", 1)


def _measured_on(one: Guesses) -> str:
    facts = one.origin
    part = f"{facts['split']}/{facts['part']}" if facts.get("split") else facts.get("part")
    own = {True: "trained by this split", False: "trained by another split of these photos"}
    told = [
        f"{facts['model']} {facts['model_version']}" if facts.get("model_version") else "a table of guesses",
        f"dataset {facts['dataset']}" if facts.get("dataset") else "",
        str(part or ""),
        "" if facts.get("same_split") is None else own[facts["same_split"]],
    ]
    return ", ".join(text for text in told if text)
