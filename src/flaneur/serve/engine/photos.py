"""Photos of many clients in; scores out, through processes that decode and threads that run the network.

Pictures that are only to be shown go through the same queue and the same processes, and no network.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from flaneur.bundle.inference import cores
from flaneur.errors import PhotoError
from flaneur.predict import Model
from flaneur.serve.children.child import ChildDied
from flaneur.serve.children.confine import ANSWERS, give_way
from flaneur.serve.children.watchdog import Watchdog
from flaneur.serve.decoding.decoder import Decoder
from flaneur.serve.engine.batches import Batches, Decoded
from flaneur.serve.engine.counters import Counters
from flaneur.serve.engine.jobs import Answered, Job, Redraw, Request
from flaneur.serve.engine.queue import FairQueue, Why
from flaneur.serve.engine.ticket import Busy, Ticket
from flaneur.serve.limits import Limits

T = TypeVar("T")
OWN = "the engine itself"  # no address looks like this
"""The client whose photos are the engine's own; the queue always has room for them.

Answers to them are not counted.
"""
_LOOK_S, _LONGEST_LOOK_S = 0.25, 30.0


class PhotoLanes:
    """A queue, decoders, and threads for the network behind them. Close it.

    Args:
        limits: of all of it.
        counters: told what happens.
        watchdog: ends slow decoders.
    """

    def __init__(self, limits: Limits, counters: Counters, watchdog: Watchdog) -> None:
        self.queue: FairQueue[Job] = FairQueue(limits.queue_photos, limits.queue_bytes, limits.client_photos)
        self._counters, self._drain_s = counters, limits.drain_s
        threads = limits.threads or cores()
        self._batches = Batches(2 * limits.batch * threads, limits.batch, lambda: self.queue.waiting)
        self.decoders = [Decoder(limits, watchdog) for _ in range(limits.decoders or cores())]
        self._lanes = [
            *(_thread("decode", self._decode_all, decoder) for decoder in self.decoders),
            *(_thread("network", self._run_all) for _ in range(threads)),
        ]

    def submit(self, client: str, model: Model, photos: Sequence[bytes]) -> Ticket[list[Answered]]:
        """Take on the photos of one request.

        Raises:
            Busy: there is no room.
        """
        return self._submit(Request(client, model, photos), always=client == OWN)

    def redraw(self, client: str, photo: bytes, longest_px: int) -> Ticket[list[bytes | PhotoError]]:
        """See :meth:`flaneur.serve.engine.engine.Engine.redraw`."""
        return self._submit(Request(client, Redraw(longest_px), [photo]), always=True)

    def _submit(self, request: Request[T], *, always: bool) -> Ticket[list[T | PhotoError]]:
        self._refuse(self.queue.offer(request.jobs, always=always))
        request.ticket.future.add_done_callback(lambda future: self._call_off(request) if future.cancelled() else None)
        return request.ticket

    def check_room(self, client: str) -> None:
        """See :meth:`flaneur.serve.engine.engine.Engine.check_room`."""
        self._refuse(self.queue.why_not(client))

    def _refuse(self, why: Why | None) -> None:
        if why is not None:
            self._counters.refused(why)
            waiting, running, _, _ = self.queue.counts()
            raise Busy(why, self._counters.retry_after_s("photos_answered", waiting + running))

    @property
    def standing(self) -> bool:
        """Whether a decoder stands; the others follow, and one that died is replaced."""
        return any(decoder.child.alive for decoder in self.decoders)

    def close(self) -> None:
        """Accept nothing more, finish within the time that there is, end."""
        for job in self.queue.close(self._drain_s):
            job.request.failed(Busy("closing", 1))
        self._batches.end()
        for decoder in self.decoders:
            decoder.child.kill()
        for lane in self._lanes:
            lane.join()
        for decoder in self.decoders:
            decoder.child.close()

    def _call_off(self, request: Request[Any]) -> None:
        gone = self.queue.call_off(request.jobs)
        self._counters.count("photos_cancelled", len(gone))

    def _decode_all(self, decoder: Decoder) -> None:
        while (job := self._next(decoder)) is not None:
            self._counters.spent("wait", job.lap())
            try:
                if isinstance(job.wanted, Redraw):
                    self._finish(job, decoder.redrawn(job.data, job.wanted.longest_px))
                else:
                    self._batches.put(self._decoded(job, job.wanted, decoder))
            except PhotoError as error:
                self._finish(job, error)

    def _decoded(self, job: Job, model: Model, decoder: Decoder) -> Decoded:
        with self._batches.decoding():
            square = decoder.decode(job.data, model.card.preprocess)
        job.data = b""
        self._counters.spent("decode", job.lap())
        return Decoded(job, model, square)

    def _next(self, decoder: Decoder) -> Job | None:
        """The next photo. Meanwhile a decoder that does not stand is started, the more rarely the less that helps."""
        look_s = 0.0
        while True:
            try:
                return self.queue.take(look_s)
            except TimeoutError:
                if decoder.child.alive:
                    look_s = _LOOK_S
                else:
                    look_s = min(max(_LOOK_S, 2 * look_s), _LONGEST_LOOK_S)
                    with suppress(ChildDied):
                        decoder.child.start()

    def _run_all(self) -> None:
        while batch := self._batches.take():
            wanted = [decoded for decoded in batch if not decoded.job.request.over]
            if wanted:
                self._run(wanted)

    def _run(self, batch: Sequence[Decoded]) -> None:
        """One run of the network; a photo that is alone in the engine gets all cores."""
        model = batch[0].model
        spec = model.card.preprocess
        waiting, running, _, _ = self.queue.counts()
        threads = cores() if waiting + running == 1 else 1
        try:
            images = np.stack([decoded.square.normalised(spec) for decoded in batch])
            scores = model.score_batch(images, threads=threads)
        except Exception as error:  # noqa: BLE001 - it is the answer of these requests; the thread must live on
            for request in {decoded.job.request for decoded in batch}:
                self.queue.call_off(request.jobs)
                request.failed(error)
            return
        self._counters.ran(len(batch))
        for decoded, score in zip(batch, scores, strict=True):
            self._counters.spent("network", decoded.job.lap())
            self._finish(decoded.job, replace(score, gps_in_file=decoded.square.gps))

    def _finish(self, job: Job, answered: Answered | bytes) -> None:
        if self.queue.finish([job]):
            if isinstance(answered, PhotoError):
                self._counters.failed(answered.code)
            elif isinstance(answered, bytes):
                self._counters.count("photos_redrawn")
            elif job.client != OWN:
                self._counters.count("photos_answered")
            job.request.found(job.position, answered)


def _thread(name: str, work: Callable[..., None], *arguments: object) -> threading.Thread:
    """A thread that gives way to the one that talks with clients, whose refusals and probes must not wait."""

    def run() -> None:
        if sys.platform == "linux":  # elsewhere a thread has no priority of its own
            give_way(ANSWERS)
        work(*arguments)

    thread = threading.Thread(target=run, name=f"flaneur-{name}", daemon=True)
    thread.start()
    return thread
