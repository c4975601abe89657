"""``POST /v1/explain``: a photo in; a map of what in it speaks for a city, and how far to trust that, out."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse

from flaneur.errors import UsageError, did_you_mean
from flaneur.explain import words
from flaneur.explain.heatmap import Heatmap
from flaneur.explain.run import DEFAULT_METHOD, QUICK
from flaneur.predict import Model
from flaneur.serve.http import fields, schemas
from flaneur.serve.http.about import methods_of
from flaneur.serve.http.guards import client_of
from flaneur.serve.http.overlay import data_uri
from flaneur.serve.http.problems import Problem, one_line
from flaneur.serve.http.uploads import Form, read_form
from flaneur.serve.http.waiting import result_of

router = APIRouter(tags=["photos"])


@router.post(
    "/v1/explain",
    response_model=schemas.Explanation,
    responses=schemas.problems(400, 404, 408, 413, 415, 422, 429),
    openapi_extra=schemas.form(
        {"photo": schemas.PHOTO},
        {
            "model": schemas.MODEL, "city": schemas.CITY, "against": schemas.CITY, "method": schemas.METHOD,
            "check": schemas.FLAG, "quick": schemas.FLAG,
        },
    ),
)  # fmt: skip
async def explain(request: Request) -> JSONResponse:
    """Show what in a photo speaks for a city: numbers, a picture to lay over the photo, and how far to trust it."""
    state = request.app.state
    form = await read_form(request, state.settings.limits)
    form.only("model", "city", "against", "method", "check", "quick")
    if len(form.photos) != 1:
        raise Problem(422, "one_photo", "Send one photo, in a part called 'photo'.")
    name, model = fields.model_of(state.engine.models, form.fields.get("model"))
    ticket = state.engine.explain(client_of(request), name, form.photos[0].data, _how(form, model))
    heatmap = await result_of(request, ticket)
    return JSONResponse(await asyncio.to_thread(_told, heatmap, form.photos[0].name))


def _how(form: Form, model: Model) -> dict[str, Any]:
    """What a form says of the map, checked as far as it can be without the photo."""
    cities = {name: fields.slug(form.fields, name) for name in ("city", "against")}
    model.choice([city for city in cities.values() if city is not None] or None)
    method, known = form.fields.get("method", DEFAULT_METHOD), methods_of(model)
    if method not in known:
        hint = did_you_mean(method, known) or f" Known: {', '.join(known)}."
        raise UsageError(f"No method called {one_line(method[:40])!r} for this model here.{hint}")
    settings = QUICK.get(method, {}) if fields.flag(form.fields, "quick") else {}
    return {**cities, "method": method, "settings": settings, "check": fields.flag(form.fields, "check", default=True)}


def _told(heatmap: Heatmap, name: str) -> dict[str, Any]:
    trust = words.trust(heatmap)
    return {
        **heatmap.to_dict(),
        "photo": name,
        "overlay": data_uri(heatmap),
        "words": f"{trust.verdict}. {trust.why}",
        "trust": trust.code,
    }
