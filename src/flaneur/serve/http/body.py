"""The body of a request as it arrives in; the same out, while it keeps within bytes, seconds and room."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Callable

from starlette.types import Message, Receive

from flaneur.serve.http.problems import Problem
from flaneur.serve.limits import Limits

SLOWEST_BYTES_PER_S = 50_000
"""A body may take :attr:`flaneur.serve.limits.Limits.body_s`, and longer if it arrives at least this fast."""

IDLE_S = 10.0
"""Seconds without a byte after which a body is given up, however quickly it came before."""

SLICE_S = 1.0
"""Seconds without a byte after which a body is given up once the server ends, or once it is only discarded."""

_DISCARD_S = 5.0


class Room:
    """Memory for the bodies of requests that are not answered yet.

    Args:
        limits: all together may hold ``queue_bytes``, one client half of that, but always one request.

    >>> room = Room(Limits())
    >>> room.take("me", 100_000_000), room.take("me", 100_000_000), room.take("you", 100_000_000)
    (True, False, True)
    """

    def __init__(self, limits: Limits) -> None:
        self._of_one = max(limits.queue_bytes // 2, limits.request_bytes)
        self._of_all = max(limits.queue_bytes, limits.request_bytes)
        self._held: Counter[str] = Counter()

    def take(self, client: str, count: int) -> bool:
        """Whether there is room for so many more bytes of this client; if so, it is taken."""
        if self._held.total() + count > self._of_all or self._held[client] + count > self._of_one:
            return False
        self._held[client] += count
        return True

    def give_back(self, client: str, count: int) -> None:
        """The bytes are held no more."""
        self._held[client] -= count
        if self._held[client] <= 0:
            del self._held[client]


class Body:
    """One request's body.

    Args:
        receive: of ASGI.
        limits: bytes and seconds.
        room: where its bytes count while it is held.
        client: whose it is.
        announced: whether the request's head says that there is one.

    ``most_s`` is the time it may take, ``ending`` whether the server is about to end; ``arrived`` is called when it is
    whole.
    """

    def __init__(self, receive: Receive, limits: Limits, room: Room, client: str, *, announced: bool) -> None:
        self._receive, self._limits, self._room, self._client = receive, limits, room, client
        self._began_s = time.monotonic()
        self._bytes = self._held = 0
        self.whole = not announced
        self.most_s = limits.body_s
        self.ending: Callable[[], bool] = lambda: False
        self.arrived: Callable[[], None] = lambda: None

    async def receive(self) -> Message:
        """The next piece, as of ASGI.

        Raises:
            Problem: 408 too slow, 413 too large, 429 no room.
        """
        if self.whole:
            return await self._receive()
        message = await self._next()
        count = len(message.get("body", b""))
        self.whole = not message.get("more_body", False)
        self._bytes += count
        self._check(count)
        if self.whole:
            self.arrived()
        return message

    async def discard(self, *, refused: bool) -> None:
        """Take in what is left of a body that nobody reads, within limits: an answer sent before would not be read.

        Args:
            refused: who sends it may not ask at all, and is listened to for a second at most.
        """
        ends_s = time.monotonic() + min(SLICE_S if refused else _DISCARD_S, self.most_s)
        with contextlib.suppress(TimeoutError, OSError):
            while not self.whole and self._bytes <= 2 * self._limits.request_bytes:
                async with asyncio.timeout(min(SLICE_S, ends_s - time.monotonic())):
                    message = await self._receive()
                self._bytes += len(message.get("body", b""))
                self.whole = not message.get("more_body", False)

    def release(self) -> None:
        """The request is answered: its bytes are held no more."""
        self._room.give_back(self._client, self._held)
        self._held = 0

    async def _next(self) -> Message:
        """The next piece; waited for bit by bit, since the server may be told to end meanwhile."""
        since_s = time.monotonic()
        ends_s = min(self._began_s + self.most_s + self._bytes / SLOWEST_BYTES_PER_S, since_s + IDLE_S)
        while True:
            try:
                async with asyncio.timeout(max(0.0, min(SLICE_S, ends_s - time.monotonic()))):
                    return await self._receive()
            except TimeoutError as error:
                if time.monotonic() >= ends_s or self.ending():
                    told = "The request took too long to arrive. Send less at once."
                    raise Problem(408, "too_slow_to_send", told) from error

    def _check(self, count: int) -> None:
        if self._bytes > self._limits.request_bytes:
            raise too_large(self._limits)
        if not self._room.take(self._client, count):
            raise Problem(429, "busy", "The server holds as many photos as it takes on. Ask again in 1 s.", 1)
        self._held += count


def too_large(limits: Limits) -> Problem:
    """The problem of a body above the limit."""
    most = f"{limits.request_bytes / 1e6:g} MB"
    return Problem(413, "body_too_large", f"More than {most} in one request. Send fewer photos at once.")
