"""``POST /v1/models/{model}/cities``: a name and a handful of photos in; a new model that knows the city out."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse

from flaneur import settings
from flaneur.add_city.run import AddedCity, add_embeddings, new_city, new_model
from flaneur.add_city.same import KnownCityError, SameCityError, refuse_the_same
from flaneur.bundle.folder import CARD, read_bundle
from flaneur.errors import InputError, PhotoError, UsageError
from flaneur.predict import Model, ViewScores
from flaneur.serve.http import fields, schemas, teaching
from flaneur.serve.http.about import identity
from flaneur.serve.http.guards import client_of, needs_writing
from flaneur.serve.http.problems import Problem, of_photo, one_line
from flaneur.serve.http.uploads import Form, read_form
from flaneur.serve.http.waiting import result_of
from flaneur.types import City, lat_lon

if TYPE_CHECKING:
    from flaneur.serve.engine.engine import Engine

router = APIRouter(tags=["models"])

_LONGEST_NAME = 200  # bytes
_MOST_MODELS = 16  # in memory at once, with those that were taught


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is to be made."""

    model: Model
    city: City
    folder: Path


@router.post(
    "/v1/models/{model}/cities",
    status_code=201,
    response_model=teaching.Taught,
    responses=schemas.problems(400, 404, 408, 409, 413, 415, 422, 429),
    openapi_extra=schemas.form(
        {"photo": schemas.PHOTOS, "city": teaching.CITY_NAME},
        teaching.WISHES,
    ),
)
async def teach(request: Request, model: str) -> JSONResponse:
    """Teach a model one more city from a handful of photos, and measure what that costs the others.

    The model stays as it is. A new one is written to this computer, and answers from now on.
    """
    needs_writing(request)
    state = request.app.state
    fields.model_of(state.engine.models, model)
    form = await read_form(request, state.settings.limits)
    if state.teaching.locked():
        raise Problem(429, "busy", "Another city is being taught just now. Try again in a moment.", retry_after_s=3)
    async with state.teaching:  # from before the name is looked at until it answers: else two are taught under one
        known = state.engine.models
        wanted = await asyncio.to_thread(_wanted, known, known[model], form)
        ticket = state.engine.predict(client_of(request), model, [photo.data for photo in form.photos])
        found = await result_of(request, ticket)
        added = await asyncio.to_thread(_made, wanted, form, found)
        taught = await asyncio.to_thread(_served, state.engine, added)
    return JSONResponse({**added.to_dict(), "model": identity(taught)}, 201)


def _wanted(models: dict[str, Model], model: Model, form: Form) -> _Wanted:
    form.only("city", "name", "centre", "replace", "even_so")
    if not form.photos:
        raise Problem(422, "no_photo", "The form holds no photo. Send three or more parts called 'photo'.")
    city = _city(model, form)
    name = form.fields.get("name", "").strip() or f"{model.card.name}-{city.slug}"
    if not settings.is_plain(name) or len(name.encode()) > _LONGEST_NAME:
        raise Problem(
            422, "wrong_value", "name: up to 200 letters, digits, '-', '_' and '.'; it begins with a letter or digit."
        )
    if not fields.flag(form.fields, "replace"):
        if name in models or (settings.home() / "models" / name / CARD).exists():
            raise Problem(
                409, "there_already", f"There is a model {name!r} already. Choose another name, or replace it."
            )
    elif not _was_taught(name):
        raise Problem(409, "not_taught", f"The model {name!r} was not made by teaching a city, and is left as it is.")
    if name not in models and len(models) >= _MOST_MODELS:
        raise Problem(
            409, "too_many_models", f"{len(models)} models answer here, which is the most. Start flaneur anew."
        )
    return _Wanted(model, city, new_model(model, city, name, replace=True))


def _city(model: Model, form: Form) -> City:
    try:
        return new_city(model, form.fields.get("city", ""), _centre(form.fields.get("centre", "").strip()))
    except KnownCityError as error:
        raise Problem(409, "knows_already", one_line(str(error))) from error
    except InputError as error:  # a centre outside the world
        raise Problem(422, "wrong_value", one_line(str(error))) from error


def _was_taught(name: str) -> bool:
    """Whether it may be written over: nothing is lost that took longer than a few seconds."""
    folder = settings.home() / "models" / name
    return not (folder / CARD).exists() or bool(read_bundle(folder).card.training.get("added"))


def _centre(text: str) -> tuple[float, float] | None:
    try:
        return lat_lon(text, "centre") if text else None
    except UsageError as error:
        raise Problem(422, "wrong_value", one_line(str(error))) from error


def _made(wanted: _Wanted, form: Form, found: list[ViewScores | PhotoError]) -> AddedCity:
    """Teach and write."""
    read = [one for one in found if isinstance(one, ViewScores)]
    failed = tuple(
        (photo.name, one) for photo, one in zip(form.photos, found, strict=True) if isinstance(one, PhotoError)
    )
    if not read:
        raise of_photo(failed[0][1])
    if not fields.flag(form.fields, "even_so"):
        _refuse_the_same(wanted, read)
    try:
        added = add_embeddings(wanted.model, wanted.city, [one.embedding for one in read], wanted.folder)
    except InputError as error:
        raise Problem(422, "keeps_no_photos", one_line(str(error))) from error
    except OSError as error:
        raise Problem(
            409, "not_saved", f"The model could not be saved ({error.strerror}). Look for room on the disk."
        ) from error
    return replace(added, failed=failed)


def _refuse_the_same(wanted: _Wanted, read: list[ViewScores]) -> None:
    try:
        refuse_the_same(wanted.model, wanted.city, read)
    except SameCityError as error:
        alike = error.alike
        told = {"known": alike.city.name, "photos": alike.photos, "of": alike.of, "by_name": alike.by_name}
        message = one_line(str(error)).replace("add --even-so", "send even_so=true")
        raise Problem(409, "same_city", message, details=told) from error


def _served(engine: Engine, added: AddedCity) -> Model:
    """The new model, answering."""
    taught = Model(added.bundle)
    (engine.replace if taught.card.name in engine.models else engine.add)(taught)
    return taught
