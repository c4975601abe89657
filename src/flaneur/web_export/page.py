"""A model's description and own files in; the server's page for a host that only hands out files, out."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from flaneur.errors import IntegrityError
from flaneur.files import sha256_bytes
from flaneur.serve.page.pages import LANGUAGES, ORDER, Edition, Texts, compose, read_files, read_texts, with_imports

POLICY = (
    "default-src 'self'; img-src 'self' blob: data:; style-src 'self'; script-src 'self' 'wasm-unsafe-eval'; "
    "object-src 'none'; base-uri 'none'; form-action 'none'"
)
"""What the page may do. Frames cannot be forbidden from inside a page."""

MARK = '<meta name="generator" content="flaneur">'
"""By it an export knows a page that an earlier one wrote."""

_HERE = Path(__file__).parent
_WITHOUT = ("batch", "teach", "play")
"""Pages that need the server."""

_LATER = re.compile(r'\bimport\((?:"\./([\w-]+\.js)"\))?')


def static_page(model: Mapping[str, Any], values: Mapping[str, str]) -> dict[str, bytes]:
    """The files of the page, without model and runtime.

    Args:
        model: of :func:`flaneur.web_export.description.describe`.
        values: that this package's texts need: ``size``.

    Returns:
        Bytes by path in the folder.

    Raises:
        IntegrityError: the server's page has a module that imports what the page would lack.
    """
    names = [name for name in ORDER if name not in _WITHOUT]
    tables = _tables(values)
    files = {name: asset.data for name, asset in read_files().items() if not name.startswith("texts/")} | _own_files()
    files |= {f"texts/{name}.json": _json(texts) for name, texts in tables.items()}
    files = _needed(files, ["frame.js", *(f"{name}.js" for name in names)])
    files["local/model.json"] = _json(model)
    digest = sha256_bytes(b"".join(name.encode() + b"\0" + sha256_bytes(data).encode() for name, data in files.items()))
    folder = f"static/{digest[:16]}"
    edition = Edition(
        files, folder, tables.__getitem__, served=False, ending=".html", head=_head(folder),
        notice=_from_disk(tables["local"]["disk"]), styles=("local/bar.css",),
    )  # fmt: skip
    made = {f"{folder}/{name}": data for name, data in files.items()}
    for name in names:
        html = compose(name, names, LANGUAGES[0], edition)
        made["index.html" if name == ORDER[0] else f"{name}.html"] = html.encode()
    return made


def _head(folder: str) -> str:
    policy = f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
    return f'{policy}{MARK}\n<script src="{folder}/local/disk.js" defer></script>\n'


def _from_disk(text: Mapping[str, str]) -> str:
    """What ``local/disk.js`` shows; it stands in the page, as nothing else can be loaded from there."""
    lines = "".join(f'<p lang="{language}" hidden>{escape(text[language], quote=False)}</p>' for language in LANGUAGES)
    return f'<div class="trouble" id="disk" hidden>{lines}</div>\n'


def _own_files() -> dict[str, bytes]:
    found = [(_HERE / "static", path) for path in sorted((_HERE / "static").rglob("*")) if path.is_file()]
    return {path.relative_to(root).as_posix(): path.read_bytes() for root, path in found}


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


def _tables(values: Mapping[str, str]) -> dict[str, Texts]:
    """The server's texts without those of pages that are left out, this package's own in their places."""
    instead = _own_texts("instead")
    tables: dict[str, Texts] = {"local": _own_texts("local")}
    for name in (Path(file).stem for file in read_files() if file.startswith("texts/")):
        own = {
            key: {language: Template(text).substitute(values) for language, text in by_language.items()}
            for key, by_language in instead.get(name, {}).items()
        }
        if name not in _WITHOUT:
            tables[name] = {**read_texts(name), **own}
    return tables


def _own_texts(name: str) -> dict[str, dict[str, Any]]:
    texts: dict[str, dict[str, Any]] = json.loads((_HERE / "texts" / f"{name}.json").read_bytes())
    return texts


def _json(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n").encode()
