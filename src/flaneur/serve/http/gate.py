"""Every request in; refused or let through, counted, and answered with the heads that keep a browser safe, out."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders, State
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from flaneur.serve.engine.ticket import Busy
from flaneur.serve.http import guards
from flaneur.serve.http.body import Body, Room
from flaneur.serve.http.problems import Problem, of_busy
from flaneur.serve.http.site import SITE

if TYPE_CHECKING:
    from flaneur.serve.http.metrics import Metrics
    from flaneur.serve.http.settings import ServeSettings

CONTENT_POLICY = (
    "default-src 'self'; img-src 'self' blob: data:; style-src 'self'; script-src 'self'; object-src 'none'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADS = {
    "Content-Security-Policy": CONTENT_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""Stand on every answer."""
AS_SENT = [(name.lower().encode(), value.encode()) for name, value in {**HEADS, "Cache-Control": "no-store"}.items()]
"""The same as bytes, with what else stands on every answer that does not say otherwise."""

GONE = 499
"""How a request is counted whose client left before its answer."""

PREDICT = "/v1/predict"
"""What most ask for, and what is refused first when there is too much to do."""

SMALL_BODY_S = 3.0
"""Seconds that the body of a request about a game may take: who sends it need not have shown a token."""

_log = logging.getLogger(__name__)
_CHALLENGE = {"WWW-Authenticate": "Bearer"}
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, X-Client",
    "Access-Control-Max-Age": "600",
}


def check_room(state: State, client: str) -> None:
    """Refuse photos that there is no room for, before their bytes are read and a route is looked for: both cost time.

    Raises:
        Problem: 429 or 503.
    """
    check_open(state)
    try:
        state.engine.check_room(client)
    except Busy as busy:
        raise of_busy(busy) from busy


def check_open(state: State) -> None:
    """Refuse what comes while as many requests wait for their answers as photos may.

    Raises:
        Problem: 503.
    """
    if state.metrics.admitted > state.settings.limits.queue_photos:
        raise Problem(503, "too_many_requests", "Too many requests at once. Ask again in 1 s.", 1)


class Gate:
    """The outermost part of the application.

    Args:
        app: what is inside.
        settings: whom to let in.
        metrics: what counts.
    """

    def __init__(self, app: ASGIApp, settings: ServeSettings, metrics: Metrics) -> None:
        self.app, self.settings, self.metrics = app, settings, metrics
        self.room = Room(settings.limits)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        visit = _Visit(self, scope, receive, send)
        self.metrics.begin()
        try:
            early = self._early(scope, visit)
            visit.let_in()
            await (early or self.app)(scope, visit.body.receive, visit.send)
        except ClientDisconnect:
            pass
        except Problem as problem:
            await visit.answer(problem.response(_CHALLENGE if problem.status == 401 else None))
        except Exception as error:  # noqa: BLE001 - a bug must not take the server with it, nor show itself
            doing = f"{type(error).__name__} while answering {scope['method']} {visit.route}"
            _log.error("a bug in flaneur: %s", doing, exc_info=_log.isEnabledFor(logging.DEBUG))
            await visit.answer(Problem(500, "bug", "A bug in flaneur; please report it.").response())
        finally:
            visit.end()

    def _early(self, scope: Scope, visit: _Visit) -> Response | None:
        """An answer given before anything inside is asked, or none.

        Raises:
            Problem: the request is refused.
        """
        settings, path, headers = self.settings, scope["path"], visit.headers
        guards.check_host(settings, headers.get("host", ""))
        guards.check_origin(settings, scope["method"], headers)
        if scope["method"] == "OPTIONS" and headers.get("origin") in settings.allow_origins:
            return Response(status_code=204, headers=_PREFLIGHT)
        guards.check_token(settings, path, headers)
        if path.startswith(guards.OPEN_TO_PLAYERS) and not (settings.may_write or scope["app"].state.lobby.offered):
            raise Problem(404, "not_found", "No game is played here.")
        if path == PREDICT and scope["method"] == "POST":
            scope[SITE] = PREDICT
            check_room(scope["app"].state, visit.client)
        elif path not in guards.PROBES:
            check_open(scope["app"].state)
        return None


class _Visit:
    """One request on its way: what was answered so far."""

    def __init__(self, gate: Gate, scope: Scope, receive: Receive, send: Send) -> None:
        self._gate, self._scope, self._send = gate, scope, send
        self._status = 0
        self._admitted = False
        self._began_s = time.perf_counter()
        self.headers = Headers(scope=scope)
        self.client = guards.client_called(gate.settings, scope["client"], self.headers)
        announced = self.headers.get("content-length", "0") != "0" or "transfer-encoding" in self.headers
        self.body = Body(receive, gate.settings.limits, gate.room, self.client, announced=announced)
        self.body.ending = lambda: bool(scope["app"].state.draining)
        if scope["path"].startswith(guards.OPEN_TO_PLAYERS):
            self.body.most_s = min(SMALL_BODY_S, self.body.most_s)

    @property
    def route(self) -> str:
        """The address as it stands in OpenAPI, without what a caller put into it."""
        return str(self._scope.get(SITE) or getattr(self._scope.get("route"), "path", "other"))

    def let_in(self) -> None:
        """It counts as under way from when all of it is here until its answer begins."""
        self.body.arrived = self._admit
        if self.body.whole:
            self._admit()

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._dismiss()
            self._status = message["status"]
            if self._status >= 400 and self.headers.get("expect", "").lower() != "100-continue":
                await self.body.discard(refused=self._status in (401, 403))
            self._heads(message)
            self._count()
        await self._send(message)

    async def answer(self, response: Response) -> None:
        if not self._status:
            await response(self._scope, self.body.receive, self.send)

    def end(self) -> None:
        if not self._status:
            self._status = GONE
            self._count()
        self._dismiss()
        self.body.release()
        self._gate.metrics.end()

    def _admit(self) -> None:
        self._admitted = True
        self._gate.metrics.admitted += 1

    def _dismiss(self) -> None:
        if self._admitted:
            self._admitted = False
            self._gate.metrics.admitted -= 1

    def _count(self) -> None:
        self._gate.metrics.count(self.route, self._scope["method"], self._status, time.perf_counter() - self._began_s)

    def _heads(self, message: Message) -> None:
        given = {name for name, _ in message["headers"]}
        message["headers"] = [*message["headers"], *(head for head in AS_SENT if head[0] not in given)]
        headers = MutableHeaders(scope=message)
        if self._gate.settings.allow_origins:
            headers.add_vary_header("Origin")
            origin = self.headers.get("origin")
            if origin in self._gate.settings.allow_origins:
                headers["Access-Control-Allow-Origin"] = str(origin)
                headers["Access-Control-Expose-Headers"] = "Retry-After"
                headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        if not self.body.whole or self._scope["app"].state.draining:
            headers["Connection"] = "close"
