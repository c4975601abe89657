"""Calls in; their results, made side by side by a few threads, out. The threads never keep a program from ending."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

R = TypeVar("R")


class Crew:
    """Threads that work a queue off.

    ``concurrent.futures`` would have an interrupted program wait at its end for every request under way.

    Args:
        size: how many.
        name: of the threads.

    >>> crew = Crew(2, "sums")
    >>> crew.do(sum, [1, 2]).result()
    3
    >>> crew.stop()
    """

    def __init__(self, size: int, name: str) -> None:
        self._calls: SimpleQueue[tuple[Future[Any], Callable[..., Any], tuple[Any, ...]] | None] = SimpleQueue()
        self._size = size
        for number in range(size):
            threading.Thread(target=self._work, name=f"{name}-{number}", daemon=True).start()

    def do(self, call: Callable[..., R], *values: Any) -> Future[R]:
        """Have a call made, after those that were asked for before."""
        future: Future[R] = Future()
        self._calls.put((future, call, values))
        return future

    def stop(self) -> None:
        """Begin no further call. Those under way go on, as long as the program does."""
        try:
            while True:
                waiting = self._calls.get_nowait()
                if waiting is not None and waiting[0].cancel():
                    waiting[0].set_running_or_notify_cancel()  # or wait() would wait for it
        except Empty:
            for _ in range(self._size):
                self._calls.put(None)

    def _work(self) -> None:
        while (item := self._calls.get()) is not None:
            future, call, values = item
            if not future.set_running_or_notify_cancel():
                continue
            try:
                result = call(*values)
            except BaseException as error:  # noqa: BLE001 - handed to whoever asks for the result
                future.set_exception(error)
            else:
                future.set_result(result)
            del item, future, values
