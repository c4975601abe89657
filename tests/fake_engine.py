"""Models in; what the engine of a server answers, from one thread and with switches for tests, out."""

import threading
from concurrent.futures import ThreadPoolExecutor

from flaneur.errors import PhotoError
from flaneur.explain.run import explain
from flaneur.serve.decoding.redrawn import redrawn
from flaneur.serve.engine.stats import Stats
from flaneur.serve.engine.ticket import Busy, Ticket
from flaneur.serve.limits import Limits


class FakeEngine:
    """``busy``: why the next requests are refused; ``gate``: cleared, nothing is answered; ``cancelled`` counts."""

    def __init__(self, models, limits=None):
        self.limits = limits or Limits()
        self.models = {model.card.name: model for model in models}
        self.ready = True
        self.busy = None
        self.gate = threading.Event()
        self.gate.set()
        self.clients = []
        self.cancelled = self.answered = 0
        self._pool = ThreadPoolExecutor(1)

    def wait_ready(self, timeout_s=60.0):
        pass

    @property
    def crowded(self):
        return bool(self.busy)

    def check_room(self, client):
        if self.busy:
            raise Busy(self.busy, 3)

    def predict(self, client, model, photos):
        return self._take(client, lambda: [found for _, found in self.models[model].scores(photos)])

    def redraw(self, client, photo, longest_px):
        def drawn():
            try:
                return [redrawn(photo, longest_px)]
            except PhotoError as error:
                return [error]

        return self._take(client, drawn)

    def explain(self, client, model, photo, how):
        return self._take(client, lambda: explain(self.models[model], photo, **how))

    def _take(self, client, work):
        self.clients.append(client)
        if self.busy:
            raise Busy(self.busy, 3)

        def called_off(_ticket):
            self.cancelled += 1

        ticket = Ticket()
        ticket.future.add_done_callback(lambda future: future.cancelled() and called_off(ticket))

        def answer():
            self.gate.wait()
            if not ticket.future.set_running_or_notify_cancel():
                return
            try:
                found = work()
            except Exception as error:  # noqa: BLE001 - it is the caller's
                ticket.future.set_exception(error)
            else:
                self.answered += 1
                ticket.future.set_result(found)

        self._pool.submit(answer)
        return ticket

    def add(self, model):
        self.models[model.card.name] = model

    replace = add

    def stats(self):
        return Stats(
            waiting_photos=0, running_photos=0, held_bytes=0, clients=0, waiting_explanations=0,
            running_explanations=0, photos_answered=self.answered, photos_redrawn=0, photos_failed={},
            photos_cancelled=self.cancelled, explanations_made=0, explanations_failed=0, explanations_cancelled=0,
            refused={}, batches={1: self.answered}, stage_seconds={"wait": 0.0}, decoders=1, decoders_restarted=0,
            explainers_restarted=0,
        )  # fmt: skip

    def close(self):
        self.gate.set()
        self._pool.shutdown()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
