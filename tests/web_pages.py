"""For tests of exported pages: a bundle in; the folder that 'flaneur export --web' writes out."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from flaneur.bundle.folder import Bundle
from flaneur.predict import Model
from flaneur.serve.http.about import about
from flaneur.serve.page.pages import read_site
from flaneur.web_export.folder import ServedPage, WebPage, export_web
from flaneur.web_export.runtime import SCRIPT, WASM, read_runtime

NO_RUNTIME = {SCRIPT: b"// none\n", WASM: b"none"}


def real_runtime() -> dict[str, bytes]:
    """The browser's runtime from where ``FLANEUR_ORT_WEB`` says; the test is skipped where that says nothing."""
    where = os.environ.get("FLANEUR_ORT_WEB")
    if not where:
        pytest.skip("FLANEUR_ORT_WEB names no folder or .tgz of onnxruntime-web")
    return dict(read_runtime(Path(where)))


def served_page(bundle: Bundle) -> ServedPage:
    """The server's page, as the command line hands it to the export."""
    site = read_site(without=("batch", "teach", "play"))
    pages = {address: languages["en"].decode() for address, languages in site.pages.items()}
    return ServedPage(pages, {address: asset.data for address, asset in site.assets.items()}, about(Model(bundle)))


def exported(bundle: Bundle, folder: Path, runtime: dict[str, bytes] | None = None) -> WebPage:
    """A page in a folder that was not there."""
    return export_web(bundle, served_page(bundle), runtime or NO_RUNTIME, folder)
