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
    answer = asyncio.wrap_future(ticket.future)
    gone = asyncio.ensure_future(_left(request))
    gone.add_done_callback(lambda _gone: answer.cancel())  # which calls the work off
    try:
        return await answer
    except asyncio.CancelledError:
        if gone.done():
            raise ClientDisconnect from None
        raise
    finally:
        ticket.cancel()  # without effect once the work is done
        gone.cancel()
        with contextlib.suppress(BaseException):
            await gone


async def _left(request: Request) -> None:
    """Return once the client has gone: after its body there is nothing else to receive."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
