"""Models and their answers to their golden pictures, by way of an engine, in; whether it may be relied on, out."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import wait

import numpy as np

from flaneur.bundle.golden import TOLERANCE, draw_pictures
from flaneur.errors import IntegrityError, PhotoError
from flaneur.predict import Model
from flaneur.serve.engine.jobs import Answered
from flaneur.serve.engine.ticket import Ticket


def golden_files(model: Model) -> list[bytes]:
    """The pictures that a model brings with it; a drawn one where it brings none."""
    return list((model.bundle.golden.pictures or draw_pictures(1)).values())


class SelfTest:
    """The first answers of an engine.

    Args:
        tickets: one a model, for its :func:`golden_files`.
        models: likewise.
    """

    def __init__(self, tickets: Sequence[Ticket[list[Answered]]], models: Sequence[Model]) -> None:
        self._asked = list(zip(tickets, models, strict=True))
        self._found: bool | None = None

    @property
    def done(self) -> bool:
        """Whether all were answered, and as they should be."""
        if self._found is None and all(ticket.future.done() for ticket, _ in self._asked):
            self._found = not any(_problem(ticket, model) for ticket, model in self._asked)
        return self._found is True

    def wait(self, timeout_s: float) -> None:
        """Wait for all answers.

        Raises:
            IntegrityError: one is not as it should be, or the time is up.
        """
        if wait([ticket.future for ticket, _ in self._asked], timeout_s).not_done:
            raise IntegrityError(f"the models have not answered their own pictures within {timeout_s:g} s.")
        for ticket, model in self._asked:
            if problem := _problem(ticket, model):
                raise IntegrityError(f"model {model.card.name!r} does not work here: {problem}. Get it again.")


def _problem(ticket: Ticket[list[Answered]], model: Model) -> str:
    """What is wrong with the answers to the golden pictures, in words; empty if nothing is."""
    error = ticket.future.exception()
    if error is not None:
        return str(error) or type(error).__name__
    golden = model.bundle.golden
    for name, found in zip(golden.pictures, ticket.future.result(), strict=False):
        if isinstance(found, PhotoError):
            return f"golden/{name}: {found}"
        expected = np.asarray(golden.expected[name]["logits"], np.float64)
        if found.logits.shape != expected.shape:
            return f"golden/{name}: {found.logits.size} cities, expected {expected.size}"
        off = float(np.abs(found.logits - expected).max())
        if not off <= TOLERANCE:
            return f"golden/{name}: off by {off:.2g}, more than {TOLERANCE:g}"
    return ""
