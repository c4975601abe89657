"""Photos of one request in; one job each, and the request's ticket when all are answered, out."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, InvalidStateError
from typing import TypeAlias

from flaneur.errors import PhotoError
from flaneur.predict import Model, ViewScores
from flaneur.serve.engine.ticket import Ticket

Answered: TypeAlias = ViewScores | PhotoError


class Request:
    """The photos of one request on their way.

    Args:
        client: whose they are.
        model: that is asked.
        photos: the bytes of files.
    """

    def __init__(self, client: str, model: Model, photos: Sequence[bytes]) -> None:
        self.ticket: Ticket[list[Answered]] = Ticket()
        self.jobs = [Job(self, client, model, data, position) for position, data in enumerate(photos)]
        self._found: list[Answered | None] = [None] * len(photos)
        self._lock = threading.Lock()

    @property
    def over(self) -> bool:
        """Whether nobody waits for its photos any more."""
        return self.ticket.future.done()

    def found(self, position: int, answered: Answered) -> None:
        """Note one answer; with the last one the ticket is answered."""
        with self._lock:
            self._found[position] = answered
            whole = [found for found in self._found if found is not None]
        if len(whole) == len(self.jobs):
            settle(self.ticket.future, lambda future: future.set_result(whole))

    def failed(self, error: BaseException) -> None:
        """Answer with an exception."""
        settle(self.ticket.future, lambda future: future.set_exception(error))


class Job:
    """One photo on its way.

    Attributes:
        client: whose turn it takes.
        size_bytes: of the file.
        data: the file; empty once it is decoded.
        since: when the stage it is in began, by the monotonic clock.
    """

    __slots__ = ("client", "data", "model", "position", "request", "since", "size_bytes")

    def __init__(self, request: Request, client: str, model: Model, data: bytes, position: int) -> None:
        self.request, self.client, self.model, self.data, self.position = request, client, model, data, position
        self.size_bytes = len(data)
        self.since = time.monotonic()

    def lap(self) -> float:
        """Seconds since the stage began; the next one begins now."""
        now = time.monotonic()
        took, self.since = now - self.since, now
        return took


def settle(future: Future[list[Answered]], how: Callable[[Future[list[Answered]]], None]) -> None:
    """Answer a future, unless somebody cancelled it at the same moment."""
    try:
        how(future)
    except InvalidStateError:
        assert future.done()  # noqa: S101 - the only cause
