"""Requests as they end, and an engine, in; counters in the form that Prometheus reads out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from flaneur.serve.engine.engine import Engine
    from flaneur.serve.engine.stats import Stats

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_TIMED = frozenset({"/v1/predict", "/v1/explain"})
_METHODS = frozenset({"GET", "POST"})


class Metrics:
    """Counters of one server, in a registry of their own. The number of series does not depend on what callers send.

    Args:
        engine: asked for its own numbers when somebody looks.
    """

    def __init__(self, engine: Engine) -> None:
        # Else there is a second series for each, which says only when the server started.
        disable_created_metrics()  # type: ignore[no-untyped-call]  # the library has no type for it
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "flaneur_requests", "Requests answered.", ("route", "method", "status"), registry=self.registry
        )
        self._seconds = Histogram(
            "flaneur_request_seconds", "From a request's head to its answer's.", ("route",),
            registry=self.registry, buckets=_SECONDS,
        )  # fmt: skip
        Gauge("flaneur_requests_open", "Requests under way.", registry=self.registry).set_function(lambda: self.open)
        self.registry.register(_OfEngine(engine))
        self.open = 0
        self.admitted = 0
        """Requests that are all here and not answered yet."""

    def begin(self) -> None:
        """A request came."""
        self.open += 1

    def end(self) -> None:
        """A request is over."""
        self.open -= 1

    def count(self, route: str, method: str, status: int, seconds: float) -> None:
        """A request is being answered.

        Args:
            route: its address as in OpenAPI, so that their number is bounded.
            method: of HTTP.
            status: of the answer.
            seconds: since its head was read.
        """
        self._requests.labels(route, method if method in _METHODS else "other", str(status)).inc()
        self._seconds.labels(route if route in _TIMED else "other").observe(seconds)

    def text(self) -> bytes:
        """All of them, as Prometheus reads them."""
        return generate_latest(self.registry)


class _OfEngine(Collector):
    """What an engine says of itself, whenever it is asked."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def describe(self) -> Iterator[Metric]:
        """Nothing: the engine need not be asked when it is registered."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """Its numbers now."""
        stats = self._engine.stats()
        yield GaugeMetricFamily("flaneur_ready", "1: models are loaded and warm.", value=float(self._engine.ready))
        yield from _gauges(stats)
        yield from _totals(stats)


def _gauges(stats: Stats) -> Iterator[Metric]:
    photos, maps = (
        (stats.waiting_photos, stats.running_photos),
        (stats.waiting_explanations, stats.running_explanations),
    )
    for name, (waiting, running) in {"photos": photos, "explanations": maps}.items():
        found = GaugeMetricFamily(f"flaneur_{name}", f"{name.title()} accepted and not answered.", labels=["state"])
        found.add_metric(["waiting"], waiting)
        found.add_metric(["running"], running)
        yield found
    yield GaugeMetricFamily("flaneur_held_bytes", "Of photos accepted and not answered.", value=stats.held_bytes)
    yield GaugeMetricFamily("flaneur_clients_waiting", "Clients with photos waiting.", value=stats.clients)
    yield GaugeMetricFamily("flaneur_decoders", "Processes that decode, alive.", value=stats.decoders)


def _totals(stats: Stats) -> Iterator[Metric]:
    photos = {
        "answered": stats.photos_answered, "redrawn": stats.photos_redrawn, "cancelled": stats.photos_cancelled,
        **stats.photos_failed,
    }  # fmt: skip
    maps = {
        "made": stats.explanations_made, "failed": stats.explanations_failed, "cancelled": stats.explanations_cancelled,
    }  # fmt: skip
    restarts = {"decoder": stats.decoders_restarted, "explainer": stats.explainers_restarted}
    sizes = {str(size): count for size, count in stats.batches.items()}
    yield _total("flaneur_photos_done", "Photos by what became of them.", "outcome", photos)
    yield _total("flaneur_explanations_done", "Heat maps by what became of them.", "outcome", maps)
    yield _total("flaneur_refused", "Requests refused for want of room, by whose limit it was.", "why", stats.refused)
    yield _total("flaneur_batches", "Runs of the network, by photos in one.", "size", sizes)
    yield _total("flaneur_stage_seconds", "Seconds that photos spent.", "stage", stats.stage_seconds)
    yield _total("flaneur_restarts", "Processes that died or were ended, and were replaced.", "process", restarts)


def _total(name: str, told: str, label: str, values: Mapping[str, float]) -> Metric:
    found = CounterMetricFamily(name, told, labels=[label])
    for key, value in values.items():
        found.add_metric([key], value)
    return found
