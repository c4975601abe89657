"""``/healthz``, ``/readyz`` and ``/metrics``: whether the server lives, may be asked, and how it fares."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from flaneur.serve.http.metrics import MEDIA_TYPE
from flaneur.serve.http.problems import Problem
from flaneur.serve.http.schemas import problems

router = APIRouter(tags=["status"])

_TEXT: dict[int | str, dict[str, Any]] = {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}


@router.get("/healthz", response_class=Response, responses=_TEXT | problems())
async def healthz() -> PlainTextResponse:
    """The process lives."""
    return PlainTextResponse("ok\n")


@router.get("/readyz", response_class=Response, responses=_TEXT | problems())
async def readyz(request: Request) -> PlainTextResponse:
    """Models are loaded and warm, and the server is not about to end."""
    if request.app.state.draining:
        raise Problem(503, "draining", "The server is about to end.", retry_after_s=5)
    if not request.app.state.engine.ready:
        raise Problem(503, "not_ready", "The server is getting ready. Try again in a moment.", retry_after_s=2)
    return PlainTextResponse("ready\n")


@router.get("/metrics", response_class=Response, responses=_TEXT | problems())
async def metrics(request: Request) -> Response:
    """Counters, as Prometheus reads them."""
    return Response(request.app.state.metrics.text(), media_type=MEDIA_TYPE)
