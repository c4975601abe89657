"""A model's description and own files in; the server's page for a host that only hands out files, out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from flaneur.errors import IntegrityError
from flaneur.files import sha256_bytes
from flaneur.serve.page.pages import read_site, with_imports

POLICY = (
    "default-src 'self'; img-src 'self' blob: data:; style-src 'self'; script-src 'self' 'wasm-unsafe-eval'; "
    "object-src 'none'; base-uri 'none'; form-action 'none'"
)
"""What the page may do. Frames cannot be forbidden from inside a page."""

_HERE = Path(__file__).parent
_WITHOUT = ("batch", "teach", "play")
"""Pages that need the server."""

_SERVER_ONLY = re.compile(r'<section data-needs="server">.*?</section>\n?', re.DOTALL)
_LATER = re.compile(r'\bimport\((?:"\./([\w-]+\.js)"\))?')
_ELSEWHERE = re.compile(r' data-there="[\w.]+"')
"""Marks what the server's page says otherwise elsewhere. Here photos stay in the browser, wherever it is from."""

_CHARSET = '<meta charset="utf-8">\n'


def static_page(model: Mapping[str, Any], values: Mapping[str, str]) -> dict[str, bytes]:
    """The files of the page, without model and runtime.

    Args:
        model: of :func:`flaneur.web_export.description.describe`.
        values: that this package's texts need: ``size``.

    Returns:
        Bytes by path in the folder.

    Raises:
        IntegrityError: the server's page is not what this package was written for.
    """
    site = read_site(_WITHOUT)
    pages = {address: languages["en"].decode() for address, languages in site.pages.items()}
    served = {name.rpartition("/static/")[2].partition("/")[0] for name in site.assets}
    if len(served) != 1 or _CHARSET not in pages["/"]:
        raise IntegrityError("the server's page has another shape than the export expects. Install flaneur again.")
    (old,) = served
    files = {name.removeprefix(f"/static/{old}/"): asset.data for name, asset in site.assets.items()} | _own_files()
    files = _needed(files, ["frame.js", *(f"{address[1:] or 'photo'}.js" for address in pages)])
    files["local/model.json"] = _json(model)
    changed = _change_texts(files, values)
    new = sha256_bytes(b"".join(name.encode() + b"\0" + sha256_bytes(data).encode() for name, data in files.items()))
    folder = f"static/{new[:16]}"
    made = {f"{folder}/{name}": data for name, data in files.items()}
    for address, html in pages.items():
        html = _relinked(_ELSEWHERE.sub("", _SERVER_ONLY.sub("", html.replace(f"static/{old}", folder))), pages)
        for before, after in changed.items():
            html = html.replace(f">{before}<", f">{after}<")
        made["index.html" if address == "/" else f"{address[1:]}.html"] = _with_policy(html, folder).encode()
    return made


def _own_files() -> dict[str, bytes]:
    found = [(_HERE / "static", path) for path in sorted((_HERE / "static").rglob("*")) if path.is_file()]
    files = {path.relative_to(root).as_posix(): path.read_bytes() for root, path in found}
    return files | {"texts/local.json": (_HERE / "texts" / "local.json").read_bytes()}


def _needed(files: dict[str, bytes], modules: list[str]) -> dict[str, bytes]:
    """Without the modules that the pages do not load, and their styles."""
    loaded = with_imports(modules, files, later=True)
    gone = {name for name in files if name.endswith(".js") and "/" not in name} - set(loaded)
    gone |= {name.replace(".js", ".css") for name in gone}
    kept = {name: data for name, data in files.items() if name not in gone}
    _require_imports(kept)
    return kept


def _require_imports(files: Mapping[str, bytes]) -> None:
    """What a module imports later must be named in it, and be there: else a button would do nothing."""
    for name in (name for name in files if name.endswith(".js")):
        folder = name.rpartition("/")[0]
        for imported in _LATER.findall(files[name].decode()):
            if not imported or f"{folder}/{imported}".removeprefix("/") not in files:
                raise IntegrityError(
                    f"{name} imports {imported or 'what it does not name'}, which the page would lack."
                )


def _change_texts(files: dict[str, bytes], values: Mapping[str, str]) -> dict[str, str]:
    """Put this package's texts in place of the server's; the English ones that stand in HTML, before to after."""
    changed = {}
    for table, texts in json.loads((_HERE / "texts" / "instead.json").read_bytes()).items():
        name = f"texts/{table}.json"
        whole = json.loads(files[name])
        for key, by_language in texts.items():
            filled = {language: Template(text).substitute(values) for language, text in by_language.items()}
            if key in whole:
                changed[escape(whole[key]["en"], quote=False)] = escape(filled["en"], quote=False)
            whole[key] = filled
        files[name] = _json(whole)
    return changed


def _relinked(html: str, pages: Iterable[str]) -> str:
    for address in pages:
        if address != "/":
            html = html.replace(f'href="./{address[1:]}"', f'href="./{address[1:]}.html"')
            html = html.replace(f'href="{address[1:]}"', f'href="{address[1:]}.html"')
    return html


def _with_policy(html: str, folder: str) -> str:
    head = (
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n<meta name="generator" content="flaneur">\n'
    )
    style = f'<link rel="stylesheet" href="{folder}/local/bar.css">\n'
    return html.replace(_CHARSET, _CHARSET + head, 1).replace("</head>", f"{style}</head>", 1)


def _json(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n").encode()
