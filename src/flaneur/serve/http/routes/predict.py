"""``POST /v1/predict``: photos in; which city each, or all of them as views of one place, show out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from flaneur.errors import PhotoError
from flaneur.explain.nearest import nearest_known
from flaneur.predict import Model, ViewScores
from flaneur.serve.http import fields, schemas
from flaneur.serve.http.about import identity
from flaneur.serve.http.guards import client_of
from flaneur.serve.http.problems import Problem, of_photo, one_line
from flaneur.serve.http.uploads import Form, Upload, read_form
from flaneur.serve.http.waiting import result_of


class _Plain(APIRoute):
    """Asked with nothing but the request, which the framework need not take apart: most of all requests are these."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        endpoint: Callable[[Request], Coroutine[Any, Any, Response]] = self.endpoint
        return endpoint


router = APIRouter(tags=["photos"], route_class=_Plain)
_AT_ONCE = 4
"""Photos whose answers are written down where they arrive; with more, other requests would have to wait for it."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a form asks for, checked."""

    model: Model
    photos: list[Upload]
    views: bool
    cities: list[str] | None
    top: int | None


@router.post(
    "/v1/predict",
    response_model=schemas.Answers,
    responses=schemas.problems(400, 404, 408, 413, 415, 422, 429),
    openapi_extra=schemas.form(
        {"photo": schemas.PHOTOS},
        {"model": schemas.MODEL, "views": schemas.FLAG, "cities": schemas.CITIES, "top": schemas.COUNT},
    ),
)
async def predict(request: Request) -> JSONResponse:
    """Say which city photos were taken in.

    Each photo gets an answer of its own; with ``views`` all photos show one place and get one answer together. Photos
    that cannot be read are answered with an error each.
    """
    state = request.app.state
    form = await read_form(request, state.settings.limits)
    name, asked = _asked(form, state.engine.models)
    ticket = state.engine.predict(client_of(request), name, [photo.data for photo in asked.photos])
    found = await result_of(request, ticket)
    if len(found) <= _AT_ONCE:
        return _answer(asked, found)
    return await asyncio.to_thread(_answer, asked, found)


def _asked(form: Form, models: dict[str, Model]) -> tuple[str, _Asked]:
    form.only("model", "views", "cities", "top")
    name, model = fields.model_of(models, form.fields.get("model"))
    cities = fields.slugs(form.fields, "cities")
    model.choice(cities)
    if not form.photos:
        raise Problem(422, "no_photo", "The form holds no photo. Send one or more parts called 'photo'.")
    views, top = fields.flag(form.fields, "views"), fields.count(form.fields, "top")
    return name, _Asked(model, form.photos, views, cities, top)


def _answer(asked: _Asked, found: Sequence[ViewScores | PhotoError]) -> JSONResponse:
    failed = [(index, error) for index, error in enumerate(found) if isinstance(error, PhotoError)]
    good = [(index, score) for index, score in enumerate(found) if isinstance(score, ViewScores)]
    groups = [good] if asked.views and good else [[one] for one in good]
    answers = [_told(asked, group) for group in groups]
    answers += [{"index": [index], "error": error.code, "message": one_line(str(error))} for index, error in failed]
    body = {"model": identity(asked.model), "answers": sorted(answers, key=lambda answer: answer["index"])}
    if good:
        return JSONResponse(body)
    problem = _of_all([error for _, error in failed])
    return JSONResponse({**problem.body(), **body}, problem.status)


def _told(asked: _Asked, group: Sequence[tuple[int, ViewScores]]) -> dict[str, Any]:
    """The answer to one place."""
    model, photos = asked.model, [asked.photos[index] for index, _ in group]
    names = ", ".join(dict.fromkeys(photo.name for photo in photos if photo.name))
    prediction = model.fuse([score for _, score in group], cities=asked.cities, photo=names)
    rule = model.card.abstain
    nearest = nearest_known(model, np.stack([score.embedding for _, score in group]))
    return {
        **prediction.to_dict(asked.top),
        "sha256": [sha256(photo.data).hexdigest() for photo in photos],
        "index": [index for index, _ in group],
        "limits": {
            "novelty": rule.novelty_threshold if rule.novelty_method else None,
            "probability": rule.probability_threshold,
        },
        "nearest": None if nearest is None else nearest.to_dict(),
    }


def _of_all(errors: Sequence[PhotoError]) -> Problem:
    """The problem of a request none of whose photos could be read."""
    problems = [of_photo(error) for error in errors]
    if len({(problem.status, problem.code) for problem in problems}) == 1:
        return problems[0]
    return Problem(422, "no_readable_photo", "None of the photos can be read. The answers say why.")
