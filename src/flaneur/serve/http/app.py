"""An engine and settings in; the web application that answers for it out."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from flaneur import __version__, discover
from flaneur.errors import FlaneurError, PhotoError, UsageError
from flaneur.serve.engine.ticket import Busy
from flaneur.serve.http.describe import describe
from flaneur.serve.http.gate import Gate
from flaneur.serve.http.metrics import Metrics
from flaneur.serve.http.problems import Problem, of_busy, of_call, of_photo
from flaneur.serve.http.settings import ServeSettings
from flaneur.serve.http.site import site_routes
from flaneur.serve.page.pages import read_site
from flaneur.serve.play.lobby import Lobby
from flaneur.serve.play.offers import is_anything_offered

if TYPE_CHECKING:
    from flaneur.game.game import Game
    from flaneur.serve.engine.engine import Engine

ROUTES = "flaneur.serve.http.routes"
_METHODS = ("GET", "HEAD", "POST")
_ABOUT = (
    "Which city is this street? Calibrated answers from photos. Nothing of a photo is kept, and nothing leaves here."
)


class App(FastAPI):
    """FastAPI's application, described with the models that answer."""

    def openapi(self) -> dict[str, Any]:
        """OpenAPI, as it is now."""
        return describe(self, self.state.engine)


def create_app(engine: Engine, settings: ServeSettings, *, games: Sequence[Game] = ()) -> FastAPI:
    """The application: every route of :mod:`flaneur.serve.http.routes`, the page, and the guards before them.

    Args:
        engine: answers; ``app.state.engine`` for routes.
        settings: ``app.state.settings`` for routes.
        games: that can be played; ``app.state.lobby`` for routes, which closes those that it made itself.

    Returns:
        An ASGI application. ``app.state.draining`` set: not ready, and connections end with their answer.
    """
    metrics = Metrics(engine)
    app = App(
        title="flaneur",
        version=__version__,
        description=_ABOUT,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        middleware=[Middleware(Gate, settings=settings, metrics=metrics)],
        exception_handlers={
            Problem: _problem, HTTPException: _http, RequestValidationError: _invalid, FlaneurError: _flaneur,
        },
    )  # fmt: skip
    app.state.engine, app.state.settings, app.state.lobby = engine, settings, Lobby(games)
    app.state.metrics, app.state.draining, app.state.teaching = metrics, False, asyncio.Lock()
    for name in sorted(discover.names(ROUTES), key=lambda name: name != "predict"):  # most ask for it
        app.include_router(discover.load(ROUTES, name).router)
    without = [
        *(() if settings.may_write else ("teach",)),
        *(() if games or (settings.may_write and is_anything_offered()) else ("play",)),
    ]
    app.router.routes.extend(site_routes(read_site(without)))
    return app


async def _problem(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)  # noqa: S101 - as registered above
    return error.response()


async def _flaneur(_request: Request, error: Exception) -> Response:
    assert isinstance(error, FlaneurError)  # noqa: S101 - as registered above
    match error:
        case Busy():
            return of_busy(error).response()
        case PhotoError():
            return of_photo(error).response()
        case UsageError():
            return of_call(error).response()
        case _:
            raise error


async def _invalid(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - as registered above
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"][1:])
    if first["type"] == "json_invalid":
        return Problem(422, "wrong_value", f"The body is no JSON: {first['ctx']['error']}.").response()
    return Problem(422, "wrong_value", f"{where or first['loc'][0]}: {first['msg']}.").response()


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - as registered above
    match error.status_code:
        case 404:
            problem = Problem(404, "not_found", "There is nothing at this address. /openapi.json lists what there is.")
        case 405:
            problem = Problem(405, "method_not_allowed", "That cannot be done with this address.")
        case status:
            problem = Problem(status, "bad_request", "The request cannot be answered as it is.")
    allowed = {"Allow": ", ".join(_allowed(request))} if error.status_code == 405 else {}
    return problem.response({**(error.headers or {}), **allowed})


def _allowed(request: Request) -> list[str]:
    """Methods of all routes of an address: the framework tells those of the first one alone."""
    tried = {method: dict(request.scope, method=method) for method in _METHODS}
    return [name for name in tried if any(one.matches(tried[name])[0] is Match.FULL for one in request.app.routes)]
