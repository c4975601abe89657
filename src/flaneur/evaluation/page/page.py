"""A report in; ``report.html`` out: one page that needs nothing else. Same input, same bytes."""

from __future__ import annotations

import re
from html import escape
from string import Template

from flaneur.errors import counted
from flaneur.evaluation import words
from flaneur.evaluation.page import figures
from flaneur.evaluation.page.album import album, pairs, rows_by_cell
from flaneur.evaluation.page.cities import city_rows, guess_cards
from flaneur.evaluation.page.confusion import MANY, confusion_table
from flaneur.evaluation.page.frame import Frame, read_part, whole_page
from flaneur.evaluation.page.gallery import gallery_section
from flaneur.evaluation.page.map import map_section
from flaneur.evaluation.page.numbers import doubt_numbers, group_rows, key_numbers
from flaneur.evaluation.page.origin import origin_list
from flaneur.evaluation.page.sections import further_sections
from flaneur.evaluation.page.thumbnails import MOST_PHOTOS, Thumbnails
from flaneur.evaluation.page.training_curves import learning_section
from flaneur.evaluation.report import Report

_TEMPLATE = "template.html"
_FOOTER = (
    "Measured on the exported model itself, as its users get it. Every number with its interval is in report.json."
)
_AT_ONCE = 6
_HEADING = re.compile(r'<h2 id="([\w-]+)">(.*?)</h2>')


def to_html(report: Report, *, photos: bool = True) -> str:
    """The page as text.

    Args:
        report: from :func:`flaneur.evaluation.run.evaluate`.
        photos: whether small pictures of at most :data:`MOST_PHOTOS` photos go into the page.
    """
    origin, which = report.origin, report.which
    part = "all photos" if origin.part == "all" else f"{origin.part} part"
    count, places = counted(len(report.known.photos), "photo"), counted(which.accuracy.groups, "place")
    frame = Frame(
        title=f"How well {origin.model} knows {counted(len(report.known.cities), 'city')}",
        eyebrow=f"flaneur · evaluation of {origin.model} {origin.model_version}",
        subtitle=f"{origin.dataset}, {part} · {count} of {places}",
        footer=_FOOTER,
    )
    many = len(report.known.cities) > MANY
    pieces = _with_photos(report, MOST_PHOTOS if photos else 0) | {
        "good": _good(words.summary(report)),
        "beware": _items(words.cautions(report)),
        "numbers": key_numbers(report),
        "groups": group_rows(report),
        "map": map_section(report),
        "cities": city_rows(report),
        "tall": "scroll tall" if many else "scroll",
        "matrix": "scroll matrix of-many tiny" if many else "scroll matrix",
        "guesses": guess_cards(report),
        "reliability": figures.reliability_svg(report.sure),
        "reliability_table": figures.reliability_table(report.sure),
        "doubt": doubt_numbers(report),
        "learning": learning_section(report.training),
        "sections": further_sections(report.sections),
        "origin": origin_list(report),
    }
    main = Template(read_part(_TEMPLATE)).substitute(pieces, command=escape(origin.command))
    main = main.replace(" %", "\u00a0%")  # no line breaks before the sign
    return whole_page(frame, contents(main) + main, read_part("script.js"))


def contents(main: str) -> str:
    """A list of the headings of second rank that have a name, as links.

    >>> contents('<h2 id="sure">Is it sure?</h2>')
    '<nav class="toc" aria-label="Contents"><ul><li><a href="#sure">Is it sure?</a></li></ul></nav>'
    """
    links = "".join(f'<li><a href="#{name}">{title}</a></li>' for name, title in _HEADING.findall(main))
    return f'<nav class="toc" aria-label="Contents"><ul>{links}</ul></nav>'


def _with_photos(report: Report, most: int) -> dict[str, str]:
    """The parts that share what the page may hold of photos: galleries first, the matrix takes what is left."""
    thumbnails = Thumbnails(report.paths, most)
    gallery = gallery_section(report, thumbnails)
    shown = pairs(report, thumbnails, rows_by_cell(report.known))
    blocks, cells = album(report, thumbnails)
    table = confusion_table(report.known.cities, report.which.confusion, report.which.rates, cells)
    return {"gallery": gallery, "pairs": shown, "confusion": table, "album": blocks}


def _good(sentences: list[str]) -> str:
    """The first are what the page opens with; the others can be unfolded. What to beware of is never folded."""
    first, more = _items(sentences[:_AT_ONCE]), _items(sentences[_AT_ONCE:])
    return f"{first}<details><summary>More of what was found</summary>{more}</details>" if more else first


def _items(sentences: list[str]) -> str:
    lines = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)
    return f"<ul>{lines}</ul>" if lines else ""
