"""What to wait for in; the moments at which a benchmark strikes a running command out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Moment:
    """When to strike: ``come(seconds since the start)`` says whether it has come."""

    what: str
    come: Callable[[float], bool]


def at_time(seconds: float) -> Moment:
    """So many seconds after the start."""
    return Moment(f"after {seconds:.1f} s", lambda passed: passed >= seconds)


def after(what: str, happened: Callable[[], bool], more_s: float) -> Moment:
    """So long after something was first seen to have happened."""
    seen: list[float] = []

    def come(passed: float) -> bool:
        if not seen and happened():
            seen.append(passed)
        return bool(seen) and passed >= seen[0] + more_s

    return Moment(f"{more_s * 1000:.0f} ms after {what}", come)
