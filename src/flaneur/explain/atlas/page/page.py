"""An atlas in; its page out: one file with a map that moves, which asks nothing of any host. Same input, same bytes."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path
from string import Template

import numpy as np

from flaneur.errors import counted
from flaneur.evaluation.page.figures import number_row
from flaneur.evaluation.page.frame import Frame, read_part, whole_page
from flaneur.evaluation.page.page import contents
from flaneur.evaluation.page.section_parts import facts, section
from flaneur.evaluation.page.thumbnails import MOST_PHOTOS, Thumbnails
from flaneur.explain.atlas.atlas import Atlas
from flaneur.explain.atlas.page.data import page_data
from flaneur.explain.atlas.page.sections import further_sections
from flaneur.explain.atlas.page.sheets import Sheets, sheets_of
from flaneur.explain.atlas.positions2d import METHODS
from flaneur.explain.atlas.words import beware, map_numbers, what_it_shows

_HERE = Path(__file__).parent
_SCRIPTS = ("table.js", "colours.js", "points.js", "squares.js", "map.js", "script.js")
_STYLES = ("style.css", "parts.css")
_FOOTER = "Drawn from what the exported model makes of each photo. Nothing here was tuned on these photos."


def to_html(atlas: Atlas, *, photos: bool = True, progress: Callable[[int, int], None] | None = None) -> str:
    """The page as text.

    Args:
        atlas: from :func:`flaneur.explain.atlas.run.atlas`.
        photos: whether small pictures of the photos go into the page; leave them out where they must not be published.
        progress: told how many pictures are made, of how many.
    """
    shown = atlas.answers.photos
    sheets = sheets_of([atlas.paths.get(photo.id) for photo in shown], progress) if photos else None
    count, places = len(shown), len(np.unique(atlas.answers.places))
    part = "all photos" if atlas.part == "all" else f"part {atlas.part}"
    frame = Frame(
        title=f"{atlas.dataset} as {atlas.model} sees it",
        eyebrow="flaneur · atlas",
        subtitle=f"{part} · {counted(count, 'photo')} of {counted(places, 'place')}",
        footer=_FOOTER,
    )
    main = Template(read_part("atlas.html", _HERE)).substitute(
        hint=escape(what_it_shows()),
        beware=escape(beware(atlas)),
        layouts=_layouts(atlas),
        photos_hidden="" if sheets else " hidden",
        label=escape(
            f"Map of {counted(count, 'photo')}; what is near each other looks alike to the model.", quote=True
        ),
        facts=facts(*(number_row(*row) for row in map_numbers(atlas))),
        sections=further_sections(atlas.parts, Thumbnails(atlas.paths, MOST_PHOTOS if photos else 0)),
        origin=_origin(atlas),
        data=page_data(atlas, sheets),
        sheets=_sheets(sheets),
    )
    headings = contents(main.partition('<script type="application/json"')[0].replace(" %", "\u00a0%"))
    return whole_page(frame, headings + main, read_part("script.js") + _joined(_SCRIPTS), _joined(_STYLES))


def _joined(names: Sequence[str]) -> str:
    return "".join(read_part(name, _HERE) for name in names)


def _layouts(atlas: Atlas) -> str:
    return "".join(
        f'<button type="button" data-layout="{number}" aria-pressed="{"false" if number else "true"}">'
        f"{escape(METHODS.get(layout.method, layout.method))}</button>"
        for number, layout in enumerate(atlas.layouts)
    )


def _sheets(sheets: Sheets | None) -> str:
    """Text that is no picture yet: a browser decodes it when the map first needs it, not before the page opens."""
    return "".join(
        f'<script type="text/plain" class="atlas-sheet">{base64.b64encode(sheet).decode()}</script>\n'
        for sheet in (sheets.sheets if sheets else ())
    )


def _origin(atlas: Atlas) -> str:
    settings = "; ".join(
        ", ".join([METHODS.get(one.method, one.method), *(f"{key} {value:g}" for key, value in one.settings.items())])
        for one in atlas.layouts
    )
    rows = {
        "Model": atlas.model,
        "Photos": f"{atlas.dataset}, {atlas.part} ({atlas.content_hash[:12]})",
        "Maps": settings,
        "Intervals": "95 %, 1,000 resamples of whole places",
    }
    lost = len(atlas.answers.failed)
    if lost:
        rows["Left out"] = f"{counted(lost, 'photo')} that could not be read"
    made = "".join(f"<dt>{escape(key)}</dt><dd>{escape(text)}</dd>" for key, text in rows.items())
    said = "".join(f'<p class="hint">{escape(text)}</p>' for text in atlas.not_measured.values())
    command = f'<pre tabindex="0"><code>{escape(atlas.command)}</code></pre>' if atlas.command else ""
    return section("origin", "Where this comes from", "", f"<dl>{made}</dl>{said}{command}").replace(
        '<p class="hint"></p>', "", 1
    )
