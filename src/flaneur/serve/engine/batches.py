"""Decoded photos one by one in; batches for the network out: what is there goes at once, nobody waits for more."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass

from flaneur.serve.decoding.decoder import Square
from flaneur.serve.engine.jobs import Job


@dataclass(frozen=True, slots=True, eq=False)
class Decoded:
    """A photo that is ready for the network."""

    job: Job
    square: Square


class Batches:
    """Between decoders and network; safe from any thread.

    Args:
        most: photos that may lie here; decoders wait while there are so many.
        batch: photos of a batch at most.
    """

    def __init__(self, most: int, batch: int) -> None:
        self._most, self._batch = most, batch
        self._changed = threading.Condition()
        self._ready: deque[Decoded] = deque()
        self._idle = 0
        self._ended = False

    def put(self, decoded: Decoded) -> None:
        """Add a photo; waits while there are too many."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._ready) < self._most or self._ended)
            self._ready.append(decoded)
            self._changed.notify_all()

    def take(self) -> list[Decoded]:
        """The next batch, all of one model; waits for one photo. Empty: it has ended.

        What is there is dealt evenly to the threads that have nothing to do.
        """
        with self._changed:
            self._idle += 1
            self._changed.wait_for(lambda: self._ready or self._ended)
            size = max(1, min(self._batch, -(-len(self._ready) // self._idle)))
            self._idle -= 1
            if self._ended:
                return []
            model = self._ready[0].job.model
            batch = [one for one in self._ready if one.job.model is model][:size]
            self._ready = deque(one for one in self._ready if one not in batch)
            self._changed.notify_all()
            return batch

    def end(self) -> None:
        """Let everybody who waits go."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()
