"""Fragments, texts and modules of this folder in; every page and file that a browser may ask for out, read once.

A new page NAME is ``NAME.html`` (what stands in <main>), ``static/NAME.js`` (a module), ``texts/NAME.json`` with the
key ``title`` at least, and a line in :data:`ORDER`; it stands at ``/NAME``. A part of a page is ``static/PART.js`` and
``texts/PART.json``. Addresses are relative (``v1/predict``, ``about``), imports ``"./other.js"``: all moves as one.
Texts: ``{"key": {"en": "Hello {name}", "de": …}}``, or ``{"en": {"one": …, "other": …}}``, chosen by ``{n}``. HTML
leaves the element empty: ``<p data-text="key">`` (of this page or the frame), ``data-text="part.key"`` (another's);
``data-label`` fills aria-label, ``data-hint`` placeholder, ``data-alt`` alt. A module says ``const t = await
texts("part")``, then ``t("key", {n: 3})``, or ``t.put(element, "key", {n: 3})``, which a change of language renews;
``onLanguage(redraw)`` is for everything else; ``data-there`` is what ``data-text`` becomes where the page
comes from another computer. Style: tokens and classes of style.css; what one alone needs in NAME.css or PART.css, which
is linked where its module is. What stands below NAME.html only where a server answers is NAME_served.html. Pages for
other hosts are composed of the same fragments, with an :class:`Edition` of their own.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path
from string import Template
from typing import Any

import numpy as np

from flaneur.evaluation.page.land import settled

ORDER = ("photo", "batch", "teach", "play", "about")
"""Pages in the order of the menu; the first stands at ``/``."""

LANGUAGES = ("en", "de")
"""Every text is in each of these; the first is what a browser without a wish gets."""

_HERE = Path(__file__).parent
_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".bits": "application/octet-stream",
}
_TEXT = re.compile(r'data-text="([\w.]+)"( data-there="[\w.]+")?([^>]*>)(?=</)')
_NAMED = re.compile(r'data-(label|hint|alt)="([\w.]+)"')
_ATTRIBUTES = {"label": "aria-label", "hint": "placeholder", "alt": "alt"}
_IMPORTED = re.compile(r'from "\./([\w-]+\.js)"')
_IMPORTED_LATER = re.compile(r'\bimport\("\./([\w-]+\.js)"\)')

Texts = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is served.

    Args:
        media_type: of ``Content-Type``.
        data: its bytes.
    """

    media_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Site:
    """Everything that a browser may ask for, beside the API.

    Args:
        pages: by address such as ``/about``, then by language: whole HTML.
        assets: by address such as ``/static/0123abcd/map.js``. The folder is a hash over all of them, so each may be
            kept for ever.
    """

    pages: Mapping[str, Mapping[str, bytes]]
    assets: Mapping[str, Asset]


@dataclass(frozen=True, slots=True)
class Edition:
    """What differs by where pages stand.

    Args:
        files: modules, styles and texts beside them, bytes by name below one folder.
        folder: that one, relative to the pages.
        tables: a table's name to its texts, from :func:`read_texts` where the server's own are right.
        served: whether a server answers there; without it photos stay where they are, wherever the page is from.
        ending: of the addresses of pages, such as ``.html``.
        head: more lines of ``<head>``, right behind the encoding.
        notice: HTML above everything in ``<main>``.
        styles: that no module brings along.
    """

    files: Mapping[str, bytes]
    folder: str
    tables: Callable[[str], Texts]
    served: bool = True
    ending: str = ""
    head: str = ""
    notice: str = ""
    styles: tuple[str, ...] = ()


def read_site(without: Iterable[str] = ()) -> Site:
    """All pages, composed.

    Args:
        without: names of pages that are not offered here, such as ``teach`` where nobody may write.

    >>> sorted(read_site().pages["/"])
    ['de', 'en']
    """
    files = read_files()
    folder = f"static/{_hash(files)}"
    left_out = set(without)
    names = [name for name in ORDER if name not in left_out and _is_whole(name)]
    edition = Edition({name: asset.data for name, asset in files.items()}, folder, read_texts)
    pages = {
        "/" if name == ORDER[0] else f"/{name}": {
            language: compose(name, names, language, edition).encode() for language in LANGUAGES
        }
        for name in names
    }
    return Site(pages, {f"/{folder}/{name}": asset for name, asset in files.items()})


@cache
def read_files() -> Mapping[str, Asset]:
    """Modules, styles, texts and the land of the map, by their names below one folder."""
    found = [*(_HERE / "static").iterdir(), *(_HERE / "texts").iterdir()]
    files = {
        ("texts/" if path.parent.name == "texts" else "") + path.name: Asset(_TYPES[path.suffix], path.read_bytes())
        for path in sorted(found)
        if path.suffix in _TYPES
    }
    return files | {"land.bits": Asset(_TYPES[".bits"], np.packbits(settled()).tobytes())}


def language_of(accepted: str, chosen: str = "") -> str:
    """The language to answer in.

    Args:
        accepted: the header ``Accept-Language``.
        chosen: what the visitor chose before (the cookie ``language``).

    >>> language_of("fr-CH, de-CH;q=0.8, en;q=0.5")
    'de'
    >>> language_of("de", chosen="en")
    'en'
    """
    wishes = [chosen, *(wish.split(";")[0].strip()[:2].lower() for wish in accepted.split(","))]
    return next((wish for wish in wishes if wish in LANGUAGES), LANGUAGES[0])


@cache
def read_texts(name: str) -> Texts:
    """One table of texts, by key, then by language."""
    texts: dict[str, dict[str, Any]] = json.loads((_HERE / "texts" / f"{name}.json").read_text("utf-8"))
    return texts


def text_of(key: str, page: str, language: str, tables: Callable[[str], Texts] = read_texts) -> str:
    """A text as it stands in HTML before any script runs.

    Args:
        key: of the page's own table or the frame's; ``part.key`` of another's.
        page: its name.
        language: one of :data:`LANGUAGES`.
        tables: of an :class:`Edition`.

    Raises:
        KeyError: there is no such text.
    """
    table, _, own = key.rpartition(".")
    for name in (table,) if table else (page, "common"):
        if own in tables(name):
            text = tables(name)[own][language]
            return str(text["other"] if isinstance(text, dict) else text)
    raise KeyError(f"{page}: no text {key!r}")


def compose(page: str, names: Iterable[str], language: str, edition: Edition) -> str:
    """One page as HTML.

    Args:
        page: its name.
        names: of all pages in the menu.
        language: one of :data:`LANGUAGES`.
        edition: where it stands.
    """
    folder, names = edition.folder, list(names)
    # Without a server there is no coming back for a module: whoever has the page open may go offline.
    modules = with_imports(["frame.js", f"{page}.js"], edition.files, later=not edition.served)
    styles = ["style.css", *_styles(modules, edition.files), *edition.styles]
    pieces = {
        "language": language,
        "page": page,
        "folder": folder,
        "head": edition.head,
        "title": escape(text_of("title", page, language, edition.tables)),
        "menu": "".join(_link(name, page, edition.ending) for name in names),
        "limits": f'<a href="about{edition.ending}" data-text="common.limits"></a>' if "about" in names else "",
        "styles": "".join(f'<link rel="stylesheet" href="{folder}/{name}">\n' for name in styles),
        "preload": "".join(f'<link rel="modulepreload" href="{folder}/{name}">\n' for name in modules),
        "notice": edition.notice,
        "main": _fragment(page) + (_fragment(f"{page}_served") if edition.served else ""),
    }
    return _filled(Template(_fragment("frame")).substitute(pieces), page, language, edition)


def _fragment(name: str) -> str:
    path = _HERE / f"{name}.html"
    return path.read_text("utf-8") if path.exists() else ""


def _filled(html: str, page: str, language: str, edition: Edition) -> str:
    """With every text where ``data-text`` and its kin ask for it."""

    def text(key: str) -> str:
        return text_of(key, page, language, edition.tables)

    def element(found: re.Match[str]) -> str:
        key, there, rest = found.groups()
        return f'data-text="{key}"{(there if edition.served else None) or ""}{rest}{escape(text(key), quote=False)}'

    return _NAMED.sub(
        lambda found: f'{found[0]} {_ATTRIBUTES[found[1]]}="{escape(text(found[2]))}"', _TEXT.sub(element, html)
    )


def _is_whole(name: str) -> bool:
    return all((_HERE / path).exists() for path in (f"{name}.html", f"static/{name}.js", f"texts/{name}.json"))


def _link(name: str, page: str, ending: str) -> str:
    here = ' aria-current="page"' if name == page else ""
    return (
        f'<li><a href="./{"" if name == ORDER[0] else name + ending}"{here} data-text="common.menu_{name}"></a></li>\n'
    )


def with_imports(names: Iterable[str], files: Mapping[str, bytes], later: bool = False) -> list[str]:
    """These modules and all that they import, each once: a browser then asks for them at once.

    Args:
        names: of modules; those that there are not are left out.
        files: bytes by name, modules among them.
        later: also what they import only once it is needed.

    >>> with_imports(["photo.js"], {"photo.js": b'import { t } from "./texts.js";', "texts.js": b"", "map.js": b""})
    ['photo.js', 'texts.js']
    """
    waiting, found = list(names), dict[str, None]()
    while waiting:
        name = waiting.pop(0)
        if name in files and name not in found:
            found[name] = None
            text = files[name].decode()
            waiting += _IMPORTED.findall(text) + (_IMPORTED_LATER.findall(text) if later else [])
    return list(found)


def _styles(modules: Iterable[str], files: Mapping[str, bytes]) -> list[str]:
    """The styles of these modules that have one of their own."""
    return [style for name in modules if (style := name.replace(".js", ".css")) in files]


def _hash(files: Mapping[str, Asset]) -> str:
    digest = hashlib.sha256()
    for name, file in sorted(files.items()):
        digest.update(f"{name}\0{len(file.data)}\0".encode() + file.data)
    return digest.hexdigest()[:16]
