"""Photos of one request in; one job each, and the request's ticket when all are answered, out."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

from flaneur.errors import PhotoError
from flaneur.predict import Model, ViewScores
from flaneur.serve.engine.ticket import Ticket

T = TypeVar("T")
Answered: TypeAlias = ViewScores | PhotoError


@dataclass(frozen=True, slots=True)
class Redraw:
    """What is wanted of a photo that is only to be shown.

    Args:
        longest_px: longer side of the picture, in pixels, at most.
    """

    longest_px: int


class Request(Generic[T]):
    """The photos of one request on their way.

    Args:
        client: whose they are.
        wanted: the model that is asked, or what is to be drawn.
        photos: the bytes of files.
    """

    def __init__(self, client: str, wanted: Model | Redraw, photos: Sequence[bytes]) -> None:
        self.ticket: Ticket[list[T | PhotoError]] = Ticket()
        self.jobs = [Job(self, client, wanted, data, position) for position, data in enumerate(photos)]
        self._found: list[T | PhotoError | None] = [None] * len(photos)
        self._lock = threading.Lock()

    @property
    def over(self) -> bool:
        """Whether nobody waits for its photos any more."""
        return self.ticket.future.done()

    def found(self, position: int, answered: T | PhotoError) -> None:
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
        wanted: of it: as of :class:`Request`.
        size_bytes: of the file.
        data: the file; empty once it is decoded.
        since: when the stage it is in began, by the monotonic clock.
    """

    __slots__ = ("client", "data", "position", "request", "since", "size_bytes", "wanted")

    def __init__(self, request: Request[Any], client: str, wanted: Model | Redraw, data: bytes, position: int) -> None:
        self.request, self.client, self.wanted, self.data, self.position = request, client, wanted, data, position
        self.size_bytes = len(data)
        self.since = time.monotonic()

    def lap(self) -> float:
        """Seconds since the stage began; the next one begins now."""
        now = time.monotonic()
        took, self.since = now - self.since, now
        return took


def settle(future: Future[T], how: Callable[[Future[T]], None]) -> None:
    """Answer a future, unless somebody cancelled it at the same moment."""
    try:
        how(future)
    except InvalidStateError:
        assert future.done()  # noqa: S101 - the only cause
