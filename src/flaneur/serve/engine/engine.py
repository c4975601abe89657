"""Models and limits in; an engine that answers many clients at once, fairly, from any thread, out."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from flaneur.bundle.inference import cores
from flaneur.errors import PhotoError, UsageError, did_you_mean
from flaneur.explain.heatmap import Heatmap
from flaneur.predict import Model
from flaneur.serve.children.watchdog import Watchdog
from flaneur.serve.decoding.decoder import check_pillow
from flaneur.serve.engine.counters import Counters
from flaneur.serve.engine.jobs import Answered
from flaneur.serve.engine.maps import MapLane
from flaneur.serve.engine.photos import OWN, PhotoLanes
from flaneur.serve.engine.self_test import SelfTest, golden_files
from flaneur.serve.engine.stats import Stats
from flaneur.serve.engine.ticket import Ticket
from flaneur.serve.limits import Limits

_WARM_S = 60.0


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
        check_pillow()
        if not models:
            raise UsageError("a server needs at least one model.")
        self.limits = limits
        self._models: dict[str, Model] = {}
        for model in models:
            self._check_new(model)
            self._open(model)
            self._models[model.card.name] = model
        self._counters, self._watchdog = Counters(), Watchdog()
        self._photos = PhotoLanes(limits, self._counters, self._watchdog)
        self._maps = MapLane(models[0], limits, self._counters, self._watchdog)
        self._closed = False
        self._self_test = SelfTest([self._photos.submit(OWN, model, golden_files(model)) for model in models], models)

    @property
    def models(self) -> Mapping[str, Model]:
        """By the name in their card, in order; the first is the default."""
        return dict(self._models)

    @property
    def ready(self) -> bool:
        """Whether every model has answered its golden pictures and every process stands; false again once closing."""
        return self._self_test.done and not self._photos.queue.closing and self._photos.standing

    def wait_ready(self, timeout_s: float = 60.0) -> None:
        """Wait until :attr:`ready`.

        Raises:
            IntegrityError: a model does not answer its golden pictures as it should, or the time is up.
        """
        self._self_test.wait(timeout_s)

    def predict(self, client: str, model: str, photos: Sequence[bytes]) -> Ticket[list[Answered]]:
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
        if not 1 <= len(photos) <= self.limits.client_photos:
            raise UsageError(f"{len(photos)} photos in one request; send 1 to {self.limits.client_photos}.")
        return self._photos.submit(client, self._model(model), photos)

    @property
    def crowded(self) -> bool:
        """Whether some requests may find no room."""
        return self._photos.queue.crowded

    def check_room(self, client: str) -> None:
        """Whether :meth:`predict` would take on a photo of this client now: asked before a body is read and parsed.

        Raises:
            Busy: it would not.
        """
        self._photos.check_room(client)

    def redraw(self, client: str, photo: bytes, longest_px: int) -> Ticket[list[bytes | PhotoError]]:
        """Take on a picture to be shown; returns at once. There is always room: whoever asks was given the picture.

        Args:
            client: as of :meth:`predict`.
            photo: the bytes of a file.
            longest_px: longer side of what is shown, in pixels, at most.

        Returns:
            A ticket for one entry: a JPEG without any metadata, or what is wrong.

        Raises:
            Busy: the server is about to end.
        """
        return self._photos.redraw(client, photo, longest_px)

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
        if "known" in how:
            raise UsageError("a server looks for no nearest known photos in data sets; leave 'known' out.")
        return self._maps.submit(client, self._model(model), photo, how)

    def stats(self) -> Stats:
        """What goes on now, and totals since the start."""
        waiting, running, held_bytes, clients = self._photos.queue.counts()
        maps_waiting, maps_running, _, _ = self._maps.queue.counts()
        children = [decoder.child for decoder in self._photos.decoders]
        other = self._maps.decoder.child
        return Stats(
            waiting_photos=waiting,
            running_photos=running,
            held_bytes=held_bytes,
            clients=clients,
            waiting_explanations=maps_waiting,
            running_explanations=maps_running,
            decoders=sum(child.alive for child in children),
            decoders_restarted=sum(child.restarts for child in (*children, other)),
            explainers_restarted=self._maps.explainer.child.restarts,
            **self._counters.totals(),
        )

    def add(self, model: Model) -> None:
        """Answer with one more model.

        Raises:
            UsageError: there is one of that name; see :meth:`replace`.
        """
        self._check_new(model)
        self._put(model)

    def replace(self, model: Model) -> None:
        """Answer with this model where one of the same name stood; photos already accepted get the old one's answers.

        Raises:
            UsageError: there is none of that name; see :meth:`add`.
        """
        if model.card.name not in self._models:
            raise UsageError(f"there is no model {model.card.name!r} to replace.")
        self._put(model)

    def close(self) -> None:
        """Accept nothing more, finish what was accepted within ``limits.drain_s``, end every process and thread."""
        if self._closed:
            return
        self._closed = True
        maps = threading.Thread(target=self._maps.close, name="flaneur-close")
        maps.start()
        self._photos.close()
        maps.join()
        self._watchdog.close()

    def _model(self, name: str) -> Model:
        models = self._models
        if name and name not in models:
            hint = did_you_mean(name, models) or f" There are: {', '.join(models)}."
            raise UsageError(f"there is no model {name!r} here.{hint}")
        return models[name] if name else next(iter(models.values()))

    def _check_new(self, model: Model) -> None:
        if model.card.name in self._models:
            raise UsageError(f"two models are called {model.card.name!r}; a server tells them apart by their names.")

    def _put(self, model: Model) -> None:
        """Answer with a model once it has shown that it can."""
        self._open(model)
        SelfTest([self._photos.submit(OWN, model, golden_files(model))], [model]).wait(_WARM_S)
        self._models = {**self._models, model.card.name: model}

    def _open(self, model: Model) -> None:
        """Have its sessions ready: one for many photos at once, one for a photo that is alone."""
        model.session(1)
        model.session(cores())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
