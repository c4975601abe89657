"""The head of a request in; a whole refusal, ready to be sent, out, where there is no room for what it brings.

A crowded server says little else, and each refusal takes a core from photos that were accepted. So this one asks no
middleware and no route, and starts no task.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeAlias

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.types import Scope

from flaneur.serve.http import guards
from flaneur.serve.http.gate import AS_SENT, PREDICT, check_room
from flaneur.serve.http.problems import Problem

if TYPE_CHECKING:
    from flaneur.serve.http.settings import ServeSettings

Heads: TypeAlias = Sequence[tuple[bytes, bytes]]

_SMALL_BYTES = 1_000_000  # a longer body is not taken in beside everything else


def refusal_at_once(app: Starlette, scope: Scope, heads: Heads) -> bytes | None:
    """The whole answer to a request for which a crowded server has no room; it is counted like any other.

    Args:
        app: from :func:`flaneur.serve.http.app.create_app`.
        scope: of ASGI, of a request whose head is all here.
        heads: that every answer has.

    Returns:
        Bytes to send, after which the connection can be kept. ``None``: the application is to answer, if only to say
        what else is wrong with the request.
    """
    state, began_s = app.state, time.perf_counter()
    if scope["path"] != PREDICT or scope["method"] != "POST" or state.draining or not state.engine.crowded:
        return None
    headers = Headers(scope=scope)
    if not _is_small(headers) or not _may_ask(state.settings, headers):
        return None
    try:
        check_room(state, guards.client_called(state.settings, scope["client"], headers))
        return None
    except Problem as found:
        problem = found
    state.metrics.count(PREDICT, "POST", problem.status, time.perf_counter() - began_s)
    return _whole(problem.status, problem.response().body, problem.retry_after_s, tuple(heads))


def _is_small(headers: Headers) -> bool:
    """Whether a body follows that is taken in quickly, and without a word from here."""
    length = headers.get("content-length", "")
    return length.isdecimal() and int(length) <= _SMALL_BYTES and "expect" not in headers


def _may_ask(settings: ServeSettings, headers: Headers) -> bool:
    if settings.allow_origins and "origin" in headers:
        return False  # the answer says more to those
    try:
        guards.check_host(settings, headers.get("host", ""))
        guards.check_origin(settings, "POST", headers)
        guards.check_token(settings, PREDICT, headers)
    except Problem:
        return False
    return True


@lru_cache(64)
def _whole(status: int, body: bytes, retry_after_s: int | None, heads: Heads) -> bytes:
    own = {"content-type": "application/json", "content-length": str(len(body)), "retry-after": str(retry_after_s)}
    lines = [*heads, *((name.encode(), value.encode()) for name, value in own.items()), *AS_SENT]
    first = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}".encode()
    return b"\r\n".join((first, *(b"%s: %s" % line for line in lines), b"", body))
