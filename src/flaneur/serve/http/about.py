"""A model in; what callers are told of it, with places where they are known, out."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any

from flaneur import discover
from flaneur.bundle.card import card_to_json
from flaneur.bundle.folder import short_readme
from flaneur.cities import located
from flaneur.explain.run import METHODS
from flaneur.onnx_files import proto
from flaneur.predict import Model
from flaneur.types import City

_MODELS = 32
_README_BYTES = 1 << 20


@lru_cache(_MODELS)
def identity(model: Model) -> dict[str, str]:
    """Which model it is: name, version, and the hash that its card closes with."""
    return {
        "name": model.card.name,
        "version": model.card.version,
        "hash": str(card_to_json(model.card)["card_sha256"]),
    }


@lru_cache(_MODELS)
def about(model: Model) -> dict[str, Any]:
    """All that a caller may know of a model, as JSON values."""
    card = model.card
    return {
        **identity(model),
        "created": card.created,
        "cities": [_city(city) for city in card.cities],
        "methods": methods_of(model),
        "metrics": card_to_json(card)["metrics"],
        "limits": list(card.limits),
        "licences": list(card.licences),
        "readme": _readme(model),
    }


@lru_cache(_MODELS)
def methods_of(model: Model) -> list[str]:
    """Methods of explaining that work for a model without a deep-learning framework."""
    outputs = {output.name for output in proto.load(model.bundle.model).graph.output}
    needs = {name: discover.load(METHODS, name).NEEDS for name in discover.names(METHODS)}
    return [name for name, need in needs.items() if not need or need in outputs]


@cache
def _city(city: City) -> dict[str, Any]:
    known = located(city)
    centre = known.centre
    return {
        "slug": known.slug,
        "name": known.name,
        "country": known.country,
        "lat": None if centre is None else centre.lat,
        "lon": None if centre is None else centre.lon,
    }


def _readme(model: Model) -> str:
    path = model.bundle.path / "README.md"
    if path.is_file() and path.stat().st_size <= _README_BYTES:
        return path.read_text("utf-8", "replace")
    return short_readme(model.card)
