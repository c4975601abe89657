"""What failed in; when, and whether, to try again out."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flaneur.errors import UsageError
from flaneur.net.problems import Passing, Unreachable
from flaneur.net.silence import Silence

if TYPE_CHECKING:
    from tenacity import RetryCallState, Retrying

_MOST = 6  # attempts
_MOST_ODD = 3  # replies that look whole, only are not what was asked for: mostly they stay so
_LONGEST_S = 60.0
_CONNECT_S, _READ_S, _WHOLE_S = 10.0, 20.0, 60.0
_LEAST_S = 2.0  # of a time-out, however short a test makes the waits


@dataclass(frozen=True)
class Pace:
    """How patient a client is.

    Args:
        stopped: set when nobody wants the replies any more.
        scale: what all waits are multiplied by; 1 except in tests.
    """

    stopped: threading.Event
    scale: float = 1.0

    @classmethod
    def from_environment(cls, stopped: threading.Event, *, local: bool) -> Pace:
        """As patient as ``FLANEUR_NET_WAIT_SCALE`` says, but never less than usual with a real provider.

        Args:
            stopped: see :class:`Pace`.
            local: whether the provider is on this machine.

        Raises:
            UsageError: it is not a number above 0.
        """
        text = os.environ.get("FLANEUR_NET_WAIT_SCALE", "") or "1"
        try:
            scale = float(text)
        except ValueError:
            scale = 0.0
        if not 0 < scale <= 100:
            raise UsageError(f"FLANEUR_NET_WAIT_SCALE is {text!r}; it must be a number above 0, at most 100.")
        return cls(stopped, scale if local else max(scale, 1.0))

    @property
    def timeouts_s(self) -> tuple[float, float, float]:
        """For connecting, for each read, and for a whole request."""
        connect, read, whole = (max(_LEAST_S, self.scale * s) for s in (_CONNECT_S, _READ_S, _WHOLE_S))
        return connect, read, whole


def attempts(pace: Pace, silence: Silence) -> Retrying:
    """A caller that calls again what raised :class:`Passing`: at most six times, ever later, with jitter.

    It raises the last :class:`Passing`, or :class:`Unreachable` where the client was stopped meanwhile. ``Retry-After``
    is no matter of this function: the rates know of it, for all requests alike. A provider that was never heard of is
    tried no longer than ``silence`` allows.
    """
    import tenacity

    odd = 0
    jittered = tenacity.wait_exponential_jitter(initial=1, max=_LONGEST_S, jitter=1)

    def wait_s(state: RetryCallState) -> float:
        return jittered(state) * pace.scale

    def enough(state: RetryCallState) -> bool:
        nonlocal odd
        problem = state.outcome.exception() if state.outcome else None
        odd += isinstance(problem, Passing) and problem.odd
        return odd >= _MOST_ODD or state.attempt_number >= _MOST or silence.is_over

    def sleep(seconds: float) -> None:
        if pace.stopped.wait(min(seconds, silence.left_s)):
            raise Unreachable("Stopped. The same command goes on where it stopped.")

    return tenacity.Retrying(
        sleep=sleep, stop=enough, wait=wait_s, retry=tenacity.retry_if_exception_type(Passing), reraise=True
    )
