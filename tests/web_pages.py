"""For tests of exported pages: a bundle in; the folder that 'flaneur export --web' writes out."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from flaneur.bundle.folder import Bundle
from flaneur.predict import Model
from flaneur.web_export.folder import WebPage, export_web
from flaneur.web_export.runtime import SCRIPT, WASM, read_runtime

NO_RUNTIME = {SCRIPT: b"// none\n", WASM: b"none"}


def real_runtime() -> dict[str, bytes]:
    """The browser's runtime from where ``FLANEUR_ORT_WEB`` says; the test is skipped where that says nothing."""
    where = os.environ.get("FLANEUR_ORT_WEB")
    if not where:
        pytest.skip("FLANEUR_ORT_WEB names no folder or .tgz of onnxruntime-web")
    return dict(read_runtime(Path(where)))


def exported(bundle: Bundle, folder: Path, runtime: dict[str, bytes] | None = None) -> WebPage:
    """A page in a folder that was not there."""
    return export_web(Model(bundle), runtime or NO_RUNTIME, folder)
