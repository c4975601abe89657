"""Events of an engine in; their totals, and how soon there will be room again, out."""

from __future__ import annotations

import math
import threading
import time
from collections import Counter, deque
from typing import Any

from flaneur.serve.engine.queue import Why

_RECENT = 64
_MOST_S = 30


class Counters:
    """Totals since the start; safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._totals: Counter[str] = Counter()
        self._failed: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()
        self._batches: Counter[int] = Counter()
        self._seconds = {"wait": 0.0, "decode": 0.0, "network": 0.0}
        self._finished: dict[str, deque[float]] = {}

    def count(self, name: str, number: int = 1) -> None:
        """Add to a total of :class:`flaneur.serve.engine.stats.Stats`; the moment counts for :meth:`retry_after_s`."""
        with self._lock:
            self._totals[name] += number
            self._finished.setdefault(name, deque(maxlen=_RECENT)).extend([time.monotonic()] * number)

    def failed(self, code: str) -> None:
        """A photo got an error."""
        self.count("photos_failed")
        with self._lock:
            self._failed[code] += 1

    def refused(self, why: Why) -> None:
        """A request found no room."""
        with self._lock:
            self._refused[why] += 1

    def ran(self, photos: int) -> None:
        """The network ran once."""
        with self._lock:
            self._batches[photos] += 1

    def spent(self, stage: str, seconds: float) -> None:
        """A photo passed a stage."""
        with self._lock:
            self._seconds[stage] += seconds

    def retry_after_s(self, name: str, held: int) -> int:
        """When about half of what is held will be finished, by how quickly the last ones were: 1 to 30 s.

        Args:
            name: of the total that counts what is finished.
            held: pieces accepted and not finished.
        """
        with self._lock:
            last = self._finished.get(name, ())
            each_s = (time.monotonic() - last[0]) / len(last) if last else 0.0
        return max(1, min(_MOST_S, math.ceil(each_s * held / 2)))

    def totals(self) -> dict[str, Any]:
        """Fields of :class:`flaneur.serve.engine.stats.Stats` that count since the start."""
        names = ("photos_answered", "photos_redrawn", "photos_cancelled", "explanations_made", "explanations_failed")
        with self._lock:
            return {
                **{name: self._totals[name] for name in (*names, "explanations_cancelled")},
                "photos_failed": dict(self._failed),
                "refused": dict(self._refused),
                "batches": dict(self._batches),
                "stage_seconds": dict(self._seconds),
            }
