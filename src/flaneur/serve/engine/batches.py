"""Decoded photos one by one in; batches for the network out. A photo that is alone goes at once."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from flaneur.predict import Model
from flaneur.serve.decoding.decoder import Square
from flaneur.serve.engine.jobs import Job

_PATIENCE_S = 0.02  # a photo that takes longer to decode is not waited for


@dataclass(frozen=True, slots=True, eq=False)
class Decoded:
    """A photo that is ready for the network."""

    job: Job
    model: Model
    square: Square


class Batches:
    """Between decoders and network; safe from any thread.

    Args:
        most: photos that may lie here; decoders wait while there are so many.
        batch: photos of a batch at most.
        waiting: says how many photos wait for a decoder.
    """

    def __init__(self, most: int, batch: int, waiting: Callable[[], int]) -> None:
        self._most, self._batch, self._waiting = most, batch, waiting
        self._changed = threading.Condition()
        self._ready: deque[Decoded] = deque()
        self._idle = self._decoding = 0
        self._ended = False

    @contextmanager
    def decoding(self) -> Iterator[None]:
        """A photo is in a decoder: it will be here in a moment, unless it cannot be read."""
        with self._changed:
            self._decoding += 1
        readable = False
        try:
            yield
            readable = True
        finally:
            with self._changed:
                self._decoding -= 1
                if not readable:  # else it is put here next
                    self._changed.notify_all()

    def put(self, decoded: Decoded) -> None:
        """Add a photo; waits while there are too many."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._ready) < self._most or self._ended)
            self._ready.append(decoded)
            self._changed.notify_all()

    def take(self) -> list[Decoded]:
        """The next batch, all of one model; waits for one photo. Empty: it has ended.

        What is there, and what will be in a moment, is dealt evenly to the threads that have nothing to do.
        """
        with self._changed:
            self._idle += 1
            while not self._ready and not self._ended:
                self._changed.wait_for(lambda: self._ready or self._ended)
                self._changed.wait_for(lambda: len(self._ready) >= self._share() or not self._ready, _PATIENCE_S)
            share = self._share()
            self._idle -= 1
            if self._ended:
                return []
            model = self._ready[0].model
            batch = [one for one in self._ready if one.model is model][:share]
            self._ready = deque(one for one in self._ready if one not in batch)
            self._changed.notify_all()
            return batch

    def end(self) -> None:
        """Let everybody who waits go."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _share(self) -> int:
        """Photos for one idle thread, counting those that are about to come."""
        if self._ended:
            return 0
        there = len(self._ready) + self._decoding + self._waiting()
        return max(1, min(self._batch, -(-there // self._idle)))
