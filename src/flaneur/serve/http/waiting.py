"""Accepted work and the request it is for in; its result out, or the work called off once nobody waits for it."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TypeVar

from starlette.requests import ClientDisconnect, Request

from flaneur.serve.engine.ticket import Ticket

T = TypeVar("T")


async def result_of(request: Request, ticket: Ticket[T]) -> T:
    """Wait for the work, as long as the client does.

    Args:
        request: whose body was read.
        ticket: of the engine.

    Raises:
        ClientDisconnect: the client left, and the work is called off.
        FlaneurError: what the work raised.
    """
    gone = asyncio.ensure_future(_left(request))
    answer = asyncio.wrap_future(ticket.future)
    try:
        await asyncio.wait((gone, answer), return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            raise ClientDisconnect
        return answer.result()
    finally:
        ticket.cancel()  # without effect once the work is done
        for task in (gone, answer):
            task.cancel()
            with contextlib.suppress(BaseException):
                await task


async def _left(request: Request) -> None:
    """Return once the client has gone: after its body there is nothing else to receive."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
