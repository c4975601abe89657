"""What a page says in; the whole page out: one file with its style and its script, which asks nothing of any host."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from html import escape
from pathlib import Path
from string import Template

_HERE = Path(__file__).parent
_STYLES = ("style.css", "sections.css")


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around a page's main part, as text.

    Args:
        title: in the window and as the heading.
        eyebrow: the small line above the heading.
        subtitle: below it.
        footer: the last line of the page.
    """

    title: str
    eyebrow: str
    subtitle: str
    footer: str


def whole_page(frame: Frame, main: str, script: str = "", style: str = "") -> str:
    """A page of HTML that needs nothing else; nothing but this very script may run in it.

    Args:
        frame: escaped here.
        main: HTML, escaped already.
        script: JavaScript, or nothing; the page's policy names its hash.
        style: CSS beyond that of every page.
    """
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    pieces = {
        "title": escape(frame.title),
        "eyebrow": escape(frame.eyebrow),
        "subtitle": escape(frame.subtitle),
        "footer": escape(frame.footer),
        "allowed": f"'sha256-{digest}'" if script else "'none'",
        "style": "".join(read_part(name) for name in _STYLES) + style,
        "script": f"<script>{script}</script>\n" if script else "",
        "main": main,
    }
    return Template(read_part("frame.html")).substitute(pieces)


def read_part(name: str, folder: Path = _HERE) -> str:
    """A file beside this module, or in another folder: a template, style or script."""
    return (folder / name).read_text("utf-8")
