"""Requests as they end in; counters in the form that Prometheus reads out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

if TYPE_CHECKING:
    from flaneur.serve.engine.engine import Engine

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """Counters of one server, in a registry of their own.

    Args:
        engine: asked for its own numbers when somebody looks.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "flaneur_requests", "Requests answered, by route.", ("route", "method", "status"), registry=self.registry
        )
        self._seconds = Histogram(
            "flaneur_request_seconds", "From a request's head to its answer's.", ("route",),
            registry=self.registry, buckets=_SECONDS,
        )  # fmt: skip
        self._open = Gauge("flaneur_requests_open", "Requests under way.", registry=self.registry)
        self.open = 0

    def begin(self) -> None:
        """A request came."""
        self.open += 1
        self._open.set(self.open)

    def end(self) -> None:
        """A request is over."""
        self.open -= 1
        self._open.set(self.open)

    def count(self, route: str, method: str, status: int, seconds: float) -> None:
        """A request is being answered.

        Args:
            route: its address as in OpenAPI, so that their number is bounded.
            method: of HTTP.
            status: of the answer.
            seconds: since its head was read.
        """
        known = method if method in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS") else "other"
        self._requests.labels(route, known, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def text(self) -> bytes:
        """All of them, as Prometheus reads them."""
        return generate_latest(self.registry)
