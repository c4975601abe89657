"""Failures and answers of one provider in; a word to the user, and whether to give the provider up, out."""

from __future__ import annotations

import logging
import threading
import time
from urllib.parse import urlsplit

from flaneur.net.problems import Unreachable

_log = logging.getLogger(__name__)

TELL_S, AGAIN_S = 3.0, 60.0
"""How long nothing is heard before that is told; before it is told again."""
GIVE_UP_S = 20.0
"""How long a provider is tried that was never heard of. One that was is given the patience of each request."""
_LEAST = 3  # failures before one is given up: each may have taken long


class Silence:
    """How long a provider has not been heard of; shared by a client's threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ever = False
        self._since: float | None = None
        self._failures = 0
        self._told_at = float("-inf")
        self._reason = ""

    def heard(self) -> None:
        """The provider answered, be it with a refusal."""
        with self._lock:
            self._ever, self._since, self._failures = True, None, 0

    def failed(self, source: str, url: str, reason: str) -> None:
        """A request failed in a way that can pass: say so if it has been going on for some time, but not each time.

        Args:
            source: the provider's name.
            url: that was asked.
            reason: for people, such as ``no connection``.
        """
        with self._lock:
            now = time.monotonic()
            self._since = now if self._since is None else self._since
            self._failures, self._reason = self._failures + 1, reason
            if now - self._since < TELL_S or now - self._told_at < AGAIN_S or self._is_over(now):
                return
            self._told_at = now
        host = _host(url)
        what = f"no connection to {host}" if reason == "no connection" else f"no good answer from {host} ({reason})"
        _log.warning("%s: %s, trying again", source, what)

    def end(self, source: str, url: str) -> Unreachable:
        """What to say when the provider is given up; arguments as of :meth:`failed`."""
        return Unreachable(
            f"{source}: {_host(url)} gave not one good answer in {GIVE_UP_S:g} seconds ({self._reason}). Is this "
            "computer online, and its proxy set? The same command goes on where it stopped.",
            self._reason,
        )

    @property
    def is_over(self) -> bool:
        """Whether the provider is given up: it never answered, and had time enough."""
        with self._lock:
            return self._is_over(time.monotonic())

    @property
    def left_s(self) -> float:
        """How many seconds it may still be tried for; infinite once it has answered."""
        with self._lock:
            if self._ever or self._since is None or self._failures < _LEAST:
                return float("inf")
            return max(0.0, self._since + GIVE_UP_S - time.monotonic())

    def _is_over(self, now: float) -> bool:
        since = now if self._since is None else self._since
        return not self._ever and self._failures >= _LEAST and now - since >= GIVE_UP_S


def _host(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2]
