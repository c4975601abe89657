"""A model and a runtime in; a folder that any static host can hand out, out."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from flaneur.bundle.folder import Bundle
from flaneur.errors import UsageError
from flaneur.files import write_folder
from flaneur.predict import Model
from flaneur.serve.http.about import about
from flaneur.web_export.description import describe, model_path, runtime_path
from flaneur.web_export.page import MARK, static_page
from flaneur.web_export.runtime import PACKAGE, VERSION

INDEX, NOTICE = "index.html", "NOTICE.txt"
_LICENCES = {"onnxruntime": ("LICENSE", "ThirdPartyNotices.txt"), "flaneur": ("LICENSE",)}


@dataclass(frozen=True, slots=True)
class WebPage:
    """A page that was written.

    Args:
        folder: where to.
        files: how many.
        folder_bytes: of all of them.
        visitor_bytes: that a browser loads before the first answer, and then keeps.
        packed_bytes: the same where the host compresses them, as most do (gzip).
    """

    folder: Path
    files: int
    folder_bytes: int
    visitor_bytes: int
    packed_bytes: int


def export_web(model: Model, runtime: Mapping[str, bytes], folder: Path, *, replace: bool = False) -> WebPage:
    """Write the page whole or not at all.

    The weights are the bundle's own bytes, float16 and int8 as it has them: the browser's runtime turns them to float32
    when it starts, so the network is the same number for number.

    Args:
        model: from :func:`flaneur.predict.load`.
        runtime: from :func:`flaneur.web_export.runtime.read_runtime`.
        folder: where to.
        replace: whether a page that an earlier export wrote there may be replaced.

    Raises:
        UsageError: the folder holds something else, or a page and ``replace`` was not said.
    """
    _check_folder(folder, replace)
    bundle = model.bundle
    heavy = {model_path(bundle): bundle.model} | {runtime_path(name): data for name, data in runtime.items()}
    size = str(round(sum(map(len, heavy.values())) / 1e6))
    page = static_page(describe(bundle, about(model), runtime), {"size": size})
    loaded = heavy | page
    files = loaded | _licences() | {NOTICE: _notice(bundle).encode()}
    write_folder(folder, files)
    return WebPage(
        folder=folder,
        files=len(files),
        folder_bytes=sum(map(len, files.values())),
        visitor_bytes=sum(map(len, loaded.values())),
        packed_bytes=sum(len(zlib.compress(data, 6)) for data in loaded.values()),
    )


def _check_folder(folder: Path, replace: bool) -> None:
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    index = folder / INDEX
    if not (index.is_file() and MARK.encode() in index.read_bytes()[:4096]):
        raise UsageError(f"{folder}: holds something that is no page of flaneur's. Choose another folder.")
    if not replace:
        raise UsageError(f"{folder}: holds a page already. Choose another folder, or add --replace.")


def _licences() -> dict[str, bytes]:
    """Licences of what the page is made of, as the installed packages bring them."""
    found = {}
    for package, names in _LICENCES.items():
        try:
            files = distribution(package).files or []
        except PackageNotFoundError:
            continue
        for name in names:
            path = next((Path(str(one.locate())) for one in files if one.name == name), None)
            if path is not None and path.is_file():
                found[f"licences/{package}-{name}"] = path.read_bytes()
    return found


def _notice(bundle: Bundle) -> str:
    card = bundle.card
    model = "\n".join(f"- {line}" for line in card.licences) or "- The model's card names none."
    return (
        "This page was written by flaneur (Apache License 2.0, licences/flaneur-LICENSE).\n\n"
        f"{PACKAGE} {VERSION}, copyright (c) Microsoft Corporation, MIT License (licences/onnxruntime-LICENSE); what "
        "it is made of in turn is listed in licences/onnxruntime-ThirdPartyNotices.txt.\n\n"
        "The map's dots: GeoNames (geonames.org), CC BY 4.0.\n\n"
        f"Model {card.name} {card.version}, made of photos and weights under:\n{model}\n"
    )
