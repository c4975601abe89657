"""Something to do when time is up in; it is done, from one thread for all, unless the work was finished before, out."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Watchdog:
    """Ends what takes too long. Close it to end its thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._due: dict[int, tuple[float, Callable[[], object]]] = {}
        self._next = 0
        self._wakes_at = float("inf")
        self._closed = False
        self._thread = threading.Thread(target=self._watch, name="flaneur-watchdog", daemon=True)
        self._thread.start()

    @contextmanager
    def within(self, seconds: float, end: Callable[[], object]) -> Iterator[None]:
        """Watch over a block of code.

        Args:
            seconds: that it may take.
            end: called once, from the watchdog's thread, if it takes longer; never after the block was left.
        """
        due = time.monotonic() + seconds
        with self._changed:
            key, self._next = self._next, self._next + 1
            self._due[key] = (due, end)
            if due < self._wakes_at:
                self._changed.notify()
        try:
            yield
        finally:
            with self._changed:
                self._due.pop(key, None)

    def close(self) -> None:
        """End the thread; nothing is watched any more."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _watch(self) -> None:
        with self._changed:
            while not self._closed:
                now = time.monotonic()
                for key in [key for key, (due, _) in self._due.items() if due <= now]:
                    self._due.pop(key)[1]()  # with the lock held, so that it never ends what has just been finished
                self._wakes_at = min((due for due, _ in self._due.values()), default=float("inf"))
                left = self._wakes_at - now
                self._changed.wait(None if left == float("inf") else left)
