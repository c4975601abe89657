"""Routes and the models that answer in; OpenAPI that names those models, their cities and methods, out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from flaneur.serve.http.about import methods_of

if TYPE_CHECKING:
    from flaneur.serve.engine.engine import Engine

_FORM = "multipart/form-data"


def describe(app: FastAPI, engine: Engine) -> dict[str, Any]:
    """The description as it is now: models may be added while a server runs.

    Args:
        app: with its routes.
        engine: with its models.
    """
    told = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    models = list(engine.models.values())
    slugs = sorted({city.slug for model in models for city in model.cities})
    either = "|".join(slugs)
    known: dict[str, dict[str, Any]] = {
        "model": {"enum": list(engine.models)},
        "city": {"enum": slugs},
        "cities": {"pattern": f"^({either})(,({either}))*$"},
        "method": {"enum": sorted({name for model in models for name in methods_of(model)})},
    }
    for path in told["paths"].values():
        for operation in path.values():
            form = operation.get("requestBody", {}).get("content", {}).get(_FORM, {})
            fields = form.get("schema", {}).get("properties", {})
            for name, field in fields.items():
                told_of = {key: value for key, value in field.items() if key != "x-known"}
                fields[name] = told_of | known.get(field.get("x-known", ""), {})
    return told
