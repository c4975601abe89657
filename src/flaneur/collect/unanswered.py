"""What got no answer, and why, in; one line for each reason out."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict

from flaneur.errors import CredentialsError, InputError, counted

logger = logging.getLogger(__name__)
_LONGEST = 200  # characters


class Unanswered:
    """What a run asked for in vain, so that a provider in trouble fills no screen."""

    def __init__(self) -> None:
        self._reasons: dict[tuple[str, str], str] = {}

    def note(self, noun: str, name: str, error: BaseException) -> None:
        """Something could not be had.

        Args:
            noun: what it is, such as ``photo``.
            name: which; it counts once however often it fails.
            error: why; its cause's ``reason``, if there is one, says it in a few words.
        """
        logger.debug("%s %s: %s", noun, name, error)
        self._reasons[noun, name] = getattr(error.__cause__, "reason", "") or str(error)[:_LONGEST]

    def had(self, noun: str, name: str) -> None:
        """It came after all."""
        self._reasons.pop((noun, name), None)

    def tell(self) -> None:
        """Warn of what is still missing, and begin anew.

        >>> missing = Unanswered()
        >>> for name in "ab":
        ...     missing.note("photo", name, ValueError("HTTP 500"))
        >>> missing.lines()
        ['no answer for 2 photos: HTTP 500']
        """
        for line in self.lines():
            logger.warning("%s", line)
        self._reasons.clear()

    def lines(self) -> list[str]:
        """A line for each reason, the most frequent first."""
        found: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for (noun, _), reason in self._reasons.items():
            found[reason][noun] += 1
        often = sorted(found.items(), key=lambda each: (-each[1].total(), each[0]))
        return [
            f"no answer for {' and '.join(counted(count, noun) for noun, count in sorted(nouns.items()))}: {reason}"
            for reason, nouns in often
        ]


def turned_away(error: InputError) -> CredentialsError | None:
    """What to raise where a provider wants none of these requests, so that it is not asked again."""
    from flaneur.net import Refused

    is_forbidden = isinstance(error, Refused) and error.status in (401, 403)
    return CredentialsError(f"Turned away, so nothing more is asked. {error}") if is_forbidden else None
