"""Photos and questions of many clients in; heat maps out, one at a time, in a process that gives way to predictions."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import InvalidStateError
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from flaneur.errors import FlaneurError
from flaneur.explain.heatmap import Heatmap
from flaneur.predict import Model
from flaneur.serve.children.watchdog import Watchdog
from flaneur.serve.decoding.decoder import Decoder
from flaneur.serve.engine.counters import Counters
from flaneur.serve.engine.queue import FairQueue
from flaneur.serve.engine.ticket import Busy, Ticket
from flaneur.serve.explaining.explainer import Explainer
from flaneur.serve.limits import Limits


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """One heat map that is wanted."""

    client: str
    model: Model
    photo: bytes
    how: Mapping[str, Any]
    ticket: Ticket[Heatmap] = field(default_factory=Ticket)

    @property
    def size_bytes(self) -> int:
        """Of the photo."""
        return len(self.photo)


class MapLane:
    """A queue, a thread, and two processes: one decodes, the other explains. Close it.

    Args:
        first: a model to have ready.
        limits: of all of it.
        counters: told what happens.
        watchdog: ends a slow process.
    """

    def __init__(self, first: Model, limits: Limits, counters: Counters, watchdog: Watchdog) -> None:
        self.queue: FairQueue[Question] = FairQueue(
            limits.queue_explanations, limits.queue_bytes, limits.client_explanations
        )
        self._counters, self._drain_s = counters, limits.drain_s
        self.decoder, self.explainer = Decoder(limits, watchdog), Explainer(limits, watchdog)
        self._lock = threading.Lock()
        self._now: Question | None = None
        self._thread = threading.Thread(target=self._explain_all, args=(first,), name="flaneur-explain", daemon=True)
        self._thread.start()

    def submit(self, client: str, model: Model, photo: bytes, how: Mapping[str, Any]) -> Ticket[Heatmap]:
        """Take on one heat map.

        Raises:
            Busy: there is no room.
        """
        question = Question(client, model, photo, how)
        why = self.queue.offer([question])
        if why is not None:
            self._counters.refused(why)
            waiting, running, _, _ = self.queue.counts()
            raise Busy(why, self._counters.retry_after_s("explanations_made", waiting + running))
        future = question.ticket.future
        future.add_done_callback(lambda future: self._call_off(question) if future.cancelled() else None)
        return question.ticket

    def close(self) -> None:
        """Accept nothing more, finish within the time that there is, end."""
        for question in self.queue.close(self._drain_s):
            with suppress(InvalidStateError):  # answered or cancelled at this moment
                question.ticket.future.set_exception(Busy("closing", 1))
        for child in (self.decoder.child, self.explainer.child):
            child.kill()
        self._thread.join()
        for child in (self.decoder.child, self.explainer.child):
            child.close()

    def _call_off(self, question: Question) -> None:
        """Give its room back; if it is being explained, end the process: the next question starts another."""
        self._counters.count("explanations_cancelled", len(self.queue.call_off([question])))
        with self._lock:
            if self._now is question:
                self.explainer.child.kill()

    def _explain_all(self, first: Model) -> None:
        with suppress(FlaneurError):  # it will be said to whoever asks
            self.explainer.load(first)
        while (question := self.queue.take()) is not None:
            if not question.ticket.future.done():
                self._answer(question)

    def _answer(self, question: Question) -> None:
        made: Heatmap | None = None
        failed: Exception | None = None
        try:
            made = self._made(question)
        except Exception as error:  # noqa: BLE001 - it is the answer to this question; the thread must live on
            failed = error
        if question.ticket.future.done() or not self.queue.finish([question]):
            return
        self._counters.count("explanations_failed" if failed else "explanations_made")
        with suppress(InvalidStateError):  # cancelled at this moment
            if failed is not None:
                question.ticket.future.set_exception(failed)
            else:
                assert made is not None  # noqa: S101 - one of the two
                question.ticket.future.set_result(made)

    def _made(self, question: Question) -> Heatmap | None:
        """The heat map; ``None``: nobody waits for it any more."""
        photo = self.decoder.opened(question.photo, question.model.card.preprocess)
        with self._lock:
            if question.ticket.future.done():
                return None
            self._now = question
        try:
            return self.explainer.explain(question.model, photo, question.how)
        finally:
            with self._lock:
                self._now = None
