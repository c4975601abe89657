"""What somebody does, moment by moment, in; whether that is too often for one minute, out."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Callable

_KEPT = 1000


class AMinute:
    """Moments by key, as far back as a minute; of very many keys the latest. Safe from any thread.

    Args:
        most: that are allowed within a minute.
        clock: seconds that only grow.

    >>> wrong = AMinute(2, clock=lambda: 0.0)
    >>> wrong.count("me"), wrong.count("me"), wrong.is_full("me"), wrong.is_full("you")
    (None, None, True, False)
    """

    def __init__(self, most: int, clock: Callable[[], float]) -> None:
        self._most, self._clock = most, clock
        self._moments: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def count(self, key: str) -> None:
        """Once more, now."""
        with self._lock:
            self._moments.setdefault(key, deque(maxlen=self._most)).append(self._clock())
            self._moments.move_to_end(key)
            while len(self._moments) > _KEPT:
                self._moments.popitem(last=False)

    def is_full(self, key: str) -> bool:
        """Whether as many as are allowed were within the last minute."""
        moments = self._moments.get(key)
        return moments is not None and len(moments) == self._most and self._clock() - moments[0] < 60
