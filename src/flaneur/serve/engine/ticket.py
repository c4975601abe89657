"""Work that was accepted in; something to wait for or to call off out. Or the word that there is no room."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Generic, Literal, TypeVar

from flaneur.errors import FlaneurError

T = TypeVar("T")


class Busy(FlaneurError):  # noqa: N818 - it is an answer, not a fault
    """There is no room for this now.

    Attributes:
        retry_after_s: whole seconds after which to ask again, at least 1.
        why: ``client``: this client has enough waiting; ``queue``: all together have; ``closing``: the server stops.
    """

    def __init__(self, why: Literal["client", "queue", "closing"], retry_after_s: int) -> None:
        said = {
            "client": "You have as many photos waiting here as one client may.",
            "queue": "The server has as much waiting as it takes on.",
            "closing": "The server is stopping.",
        }
        super().__init__(f"{said[why]} Ask again in {retry_after_s} s.")
        self.why = why
        self.retry_after_s = retry_after_s


class Ticket(Generic[T]):
    """Accepted work.

    Attributes:
        future: the result, or the exception. To cancel it is the same as :meth:`cancel`.
    """

    def __init__(self) -> None:
        self.future: Future[T] = Future()

    def cancel(self) -> None:
        """Nobody waits any more: what is not begun is skipped, and its room in the queue is free at once."""
        self.future.cancel()
