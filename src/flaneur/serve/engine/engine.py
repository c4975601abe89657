"""Models and limits in; an engine that answers many clients at once, fairly, from any thread, out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from flaneur.errors import PhotoError
from flaneur.explain.heatmap import Heatmap
from flaneur.predict import Model, ViewScores
from flaneur.serve.engine.stats import Stats
from flaneur.serve.engine.ticket import Ticket
from flaneur.serve.limits import Limits

Found = list[ViewScores | PhotoError]
"""What is said of the photos of one request, in their order."""


class Engine:
    """Answers many clients at once. Safe to call from any thread; close it, or use it as a context manager.

    Args:
        models: at least one; the first is the default.
        limits: of everything.

    Raises:
        UsageError: no model, or two of the same name.
        IntegrityError: a network that cannot run, or a Pillow older than 13.
    """

    def __init__(self, models: Sequence[Model], limits: Limits) -> None:
        self.limits = limits
        self._models = {model.card.name: model for model in models}

    @property
    def models(self) -> Mapping[str, Model]:
        """By the name in their card, in order; the first is the default."""
        return dict(self._models)

    @property
    def ready(self) -> bool:
        """Whether every model has answered its golden pictures and every process stands; false again once closing."""
        raise NotImplementedError

    def wait_ready(self, timeout_s: float = 60.0) -> None:
        """Wait until :attr:`ready`.

        Raises:
            IntegrityError: a model does not answer its golden pictures as it should, or the time is up.
        """
        raise NotImplementedError

    def predict(self, client: str, model: str, photos: Sequence[bytes]) -> Ticket[Found]:
        """Take on photos; returns at once.

        Args:
            client: whose they are, such as a peer's address: clients take turns, photo by photo.
            model: a key of :attr:`models`; empty for the default.
            photos: the bytes of files; at least one.

        Returns:
            A ticket for one entry a photo, in order: scores for :meth:`flaneur.predict.Model.fuse`, or what is wrong.

        Raises:
            Busy: no room now.
            UsageError: no photo, more than a request may have, or no such model.
        """
        raise NotImplementedError

    def explain(self, client: str, model: str, photo: bytes, how: Mapping[str, Any]) -> Ticket[Heatmap]:
        """Take on a heat map; returns at once. Heat maps have a queue of their own and give way to predictions.

        Args:
            client: as of :meth:`predict`.
            model: likewise.
            photo: the bytes of a file.
            how: named arguments of :func:`flaneur.explain.run.explain` other than ``known``, as JSON values.

        Returns:
            A ticket; its exception is what ``explain`` raises, or a ``PhotoError`` with ``too_slow`` or
            ``decoder_died``.

        Raises:
            Busy: no room now.
            UsageError: no such model.
        """
        raise NotImplementedError

    def stats(self) -> Stats:
        """What goes on now, and totals since the start."""
        raise NotImplementedError

    def add(self, model: Model) -> None:
        """Answer with one more model.

        Raises:
            UsageError: there is one of that name; see :meth:`replace`.
        """
        raise NotImplementedError

    def replace(self, model: Model) -> None:
        """Answer with this model where one of the same name stood; photos already accepted get the old one's answers.

        Raises:
            UsageError: there is none of that name; see :meth:`add`.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Accept nothing more, finish what was accepted within ``limits.drain_s``, end every process and thread."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
