"""A model's card in; what the page has to know of the model, as JSON values, out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from flaneur.bundle.folder import Bundle
from flaneur.errors import UsageError
from flaneur.explain.method_settings import read_settings
from flaneur.explain.run import QUICK
from flaneur.explain.windows import WindowSettings
from flaneur.files import sha256_bytes
from flaneur.web_export.runtime import SCRIPT, VERSION, WASM

_OCCLUSION = {"fine": {}, "quick": QUICK["occlusion"]}
_SHARED = ("created", "metrics", "limits", "licences", "readme", "hash")


def describe(bundle: Bundle, about: Mapping[str, Any], runtime: Mapping[str, bytes]) -> dict[str, Any]:
    """What ``model.json`` of the page says.

    Args:
        bundle: the model.
        about: what ``GET /v1/models`` of the server tells of it: cities with their places, metrics, limits.
        runtime: from :func:`flaneur.web_export.runtime.read_runtime`.

    Raises:
        UsageError: the model fuses, crops or resizes in a way that the page does not know.
    """
    card = bundle.card
    _refuse(card.fusion, ("mean_log_probability", "mean_logits", "confidence", "attention"), "fusion")
    _refuse(card.preprocess.crop, ("centre", "squash"), "crop")
    _refuse(card.preprocess.interpolation, ("bilinear", "bicubic"), "interpolation")
    return {
        "name": card.name,
        "version": card.version,
        "title": f"{card.name} {card.version}".strip(),
        "file": model_path(bundle),
        "bytes": len(bundle.model),
        "runtime": {
            "version": VERSION,
            "script": runtime_path(SCRIPT),
            "wasm": runtime_path(WASM),
            "bytes": len(runtime[WASM]),
        },
        "cities": about["cities"],
        "preprocess": asdict(card.preprocess),
        "temperature": card.temperature,
        "fusion": card.fusion,
        "abstain": {
            "novelty_method": card.abstain.novelty_method,
            "novelty_threshold": card.abstain.novelty_threshold,
            "probability_threshold": card.abstain.probability_threshold,
        },
        "occlusion": {name: _windows(settings) for name, settings in _OCCLUSION.items()},
        "about": {name: about[name] for name in _SHARED},
    }


def model_path(bundle: Bundle) -> str:
    """Where the weights lie in the page's folder: another model has another address, so no old copy is taken for it."""
    return f"model/{sha256_bytes(bundle.model)[:16]}.onnx"


def runtime_path(name: str) -> str:
    """Where a file of the runtime lies in the page's folder."""
    return f"onnxruntime-web-{VERSION}/{name}"


def _windows(settings: Mapping[str, Any]) -> dict[str, Any]:
    """All that the method reads, its defaults among it."""
    whole = read_settings(WindowSettings, settings, "occlusion")
    return {"sizes": list(whole.sizes), "stride": whole.stride}


def _refuse(found: str, known: tuple[str, ...], what: str) -> None:
    if found not in known:
        raise UsageError(f"the web page does not know {what} {found!r} (it knows: {', '.join(known)}).")
