"""What every further part of a report has: a name, its numbers, and what they mean in plain sentences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Findings:
    """Sentences for people.

    Args:
        good: what the model is good at.
        beware: where not to trust it.
    """

    good: tuple[str, ...] = ()
    beware: tuple[str, ...] = ()


class Section(Protocol):
    """One part of a report beyond accuracy and doubt; the numbers of a measure or of a trial."""

    @property
    def key(self) -> str:
        """Its name in ``report.json``."""
        ...

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values: every number with its interval and what stands behind it."""
        ...

    def findings(self) -> Findings:
        """What the numbers mean."""
        ...
