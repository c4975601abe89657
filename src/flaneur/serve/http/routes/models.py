"""``GET /v1/models``: the models that answer here, what they know and cannot do, out."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse

from flaneur.serve.http import schemas
from flaneur.serve.http.about import about

router = APIRouter(tags=["models"])


@router.get("/v1/models", response_model=schemas.Models, responses=schemas.problems())
async def models(request: Request) -> JSONResponse:
    """List the models; the first answers where a request names none."""
    state = request.app.state
    limits = state.settings.limits
    told = [await asyncio.to_thread(about, model) for model in state.engine.models.values()]
    return JSONResponse(
        {
            "models": told,
            "limits": {name: getattr(limits, name) for name in schemas.TOLD_LIMITS},
            "may_write": state.settings.may_write,
        }
    )
