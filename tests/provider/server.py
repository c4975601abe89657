"""Routes and faults in; a real HTTP server on 127.0.0.1 out, that misbehaves by a seeded draw and remembers all it did.

    with ProviderServer([MyProvider(world)], Faults(share=0.2, seed=1)) as server:
        monkeypatch.setenv("FLANEUR_MAPILLARY_GRAPH_URL", server.url)
        ...
        assert not server.too_early()
        assert server.most_within(1.0) <= 10

A route is any object with ``handle(request: Asked) -> Response | None``; the first that does not say ``None`` answers.
Which request gets which fault depends on the seed, its address (without keys and signatures) and how often that
address was asked for, never on the timing of threads. No address meets more than ``Faults.most_in_a_row`` in a row.
"""

from __future__ import annotations

import json
import os
import random
import re
import socket
import struct
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlencode, urlsplit

ALL = (
    "status_500", "status_503", "status_429_seconds", "status_429_date",
    "reset", "drip", "short_body", "html_200", "empty_200",
)  # fmt: skip
UNNOTICED = ("html_200", "empty_200")  # look like a good reply; a client may give up on the fourth
SECRET_PARAMS = ("key", "api_key", "access_token", "client_token", "signature", "token")
HTML = b"<!DOCTYPE html><html><head><title>Service notice</title></head><body>Please try again later.</body></html>"


@dataclass(frozen=True)
class Asked:
    """One request as a route sees it; header names are in lower case, ``raw`` is path and query as they were sent."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    body: bytes = b""
    base: str = ""
    raw: str = ""

    @cached_property
    def params(self) -> dict[str, str]:
        return dict(self.query)

    @cached_property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @cached_property
    def address(self) -> str:
        """Path, query and body without what is secret: what makes two requests the same request."""
        rest = sorted((name, value) for name, value in self.query if name not in SECRET_PARAMS)
        body = self.body.decode("latin-1")
        return self.path + ("?" + urlencode(rest) if rest else "") + (" " + body if body else "")


@dataclass(frozen=True)
class Response:
    """What a route answers; ``after_s`` lets it take its time first.

    A header whose value is empty is not sent: without ``Content-Length`` a reply ends where the connection does.
    """

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    after_s: float = 0.0


def json_response(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    kind = {"Content-Type": "application/json; charset=utf-8"}
    return Response(json.dumps(value).encode(), status, kind | dict(headers or {}))


def jpeg_response(data: bytes) -> Response:
    return Response(data, 200, {"Content-Type": "image/jpeg"})


class Route(Protocol):
    def handle(self, request: Asked) -> Response | None: ...


@dataclass(frozen=True)
class Faults:
    """How often and how the server misbehaves.

    Args:
        share: of requests.
        seed: of every draw.
        kinds: which, of ``ALL``.
        most_in_a_row: for one address; of those that look like a good reply at most two.
        retry_after_s: what 429 and 503 ask for: at least 1, since HTTP knows whole seconds only.
        wait_scale: what a test has shortened the client's waits by; ``too_early`` reckons with it.
    """

    share: float = 0.2
    seed: int = 0
    kinds: tuple[str, ...] = ALL
    most_in_a_row: int = 4
    retry_after_s: int = 2
    wait_scale: float = field(default_factory=lambda: float(os.environ.get("FLANEUR_NET_WAIT_SCALE", "1")))

    def drawn(self, address: str, times_before: int, run: Sequence[str]) -> str:
        """The fault of this request, or nothing. ``run``: those this address met since its last good reply."""
        draw = random.Random(f"{self.seed} {times_before} {address}")
        if draw.random() >= self.share or len(run) >= self.most_in_a_row:
            return ""
        kind = draw.choice(self.kinds)
        return "" if kind in UNNOTICED and sum(one in UNNOTICED for one in run) >= 2 else kind


NO_FAULTS = Faults(share=0.0)


@dataclass
class Request:
    """One line of the trace.

    ``time`` is when it was read, by :func:`time.time`; ``fault`` is empty where the route's reply was sent whole;
    ``not_before`` is when the reply allowed the next call, or 0.
    """

    time: float
    method: str
    path: str
    params: dict[str, str]
    headers: dict[str, str]
    address: str
    status: int = 0
    fault: str = ""
    not_before: float = 0.0
    replied: float = 0.0


class ProviderServer:
    """See the module. ``rate``: requests and seconds; above it the server says 429 itself, with ``Retry-After``."""

    def __init__(
        self, routes: Iterable[Route], faults: Faults = NO_FAULTS, rate: tuple[int, float] | None = None
    ) -> None:
        self.routes = list(routes)
        self.faults = faults
        self.rate = rate
        self.trace: list[Request] = []
        self.delivered: Counter[str] = Counter()
        self.lock = threading.Lock()
        self.stopping = threading.Event()
        self._times: Counter[str] = Counter()
        self._runs: dict[str, list[str]] = {}
        self._recent: deque[float] = deque()
        self._http = _Server(("127.0.0.1", 0), _Handler)
        self._http.provider = self
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def __enter__(self) -> ProviderServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def environment(self, source: str, *bases: str) -> dict[str, str]:
        """The variables that lead a source's bases here, for a command in a process of its own."""
        return {f"FLANEUR_{source}_{base}_URL".upper().replace("-", "_"): self.url for base in bases}

    def too_early(self, *, any_address: bool = False, on_its_way_s: float = 0.0) -> list[Request]:
        """Requests that came before the ``Retry-After`` of an earlier reply was over.

        Args:
            any_address: whether such a reply forbids every request (true for a client of one thread), or only those for
                the same address.
            on_its_way_s: so long after that reply was sent, a request of another thread cannot know of it yet.
        """
        early: list[Request] = []
        until: dict[str, tuple[float, float]] = {}
        for request in sorted(self.trace, key=lambda one: one.time):
            name = "" if any_address else request.address
            replied, not_before = until.get(name, (0.0, 0.0))
            if replied + on_its_way_s < request.time < not_before:
                early.append(request)
            if request.not_before:
                until[name] = (request.replied, request.not_before)
        return early

    def most_within(self, seconds: float, matching: Callable[[Request], bool] = lambda _: True) -> int:
        """The largest number of matching requests in any stretch of so many seconds."""
        times = sorted(request.time for request in self.trace if matching(request))
        most = first = 0
        for last, now in enumerate(times):
            while first < last and times[first] <= now - seconds:
                first += 1
            most = max(most, last - first + 1)
        return most

    def count(self, pattern: str = "", *, fault: str | None = None) -> int:
        """How many requests had a path in which ``pattern`` (a regular expression) is found."""
        return sum(
            bool(re.search(pattern, one.path)) and (fault is None or one.fault == fault) for one in list(self.trace)
        )

    def answer(self, asked: Asked) -> tuple[Response, Request]:
        """What is to be sent, and the line of the trace it belongs to."""
        request = Request(
            time.time(), asked.method, asked.path, asked.params, dict(asked.headers), asked.address
        )  # fmt: skip
        with self.lock:
            self.trace.append(request)
            request.fault = self._over_rate(request.time) or self._fault(asked.address)
        if request.fault in _REPLIES:
            response = _REPLIES[request.fault](self.faults)
        else:
            found = (route.handle(asked) for route in self.routes)
            response = next((one for one in found if one is not None), json_response({"error": "no such page"}, 404))
        request.status = response.status
        wait = response.headers.get("Retry-After", "")
        if wait and request.fault not in ("reset", "short_body", "drip"):
            # As the client sees it: a date is a whole second, and so is the Date of the reply.
            request.not_before = time.time() + _seconds(wait) * self.faults.wait_scale
        return response, request

    def _over_rate(self, now: float) -> str:
        if self.rate is None:
            return ""
        while self._recent and self._recent[0] <= now - self.rate[1]:
            self._recent.popleft()
        self._recent.append(now)
        return "over_rate" if len(self._recent) > self.rate[0] else ""

    def _fault(self, address: str) -> str:
        run = self._runs.setdefault(address, [])
        kind = self.faults.drawn(address, self._times[address], run)
        self._times[address] += 1
        if kind:
            run.append(kind)
        else:
            run.clear()
        return kind


def _seconds(retry_after: str) -> float:
    if retry_after.isdigit():
        return float(retry_after)
    from email.utils import parsedate_to_datetime

    return parsedate_to_datetime(retry_after).timestamp() - time.time()


def _refusal(status: int, header: Callable[[Faults], str] | None = None) -> Callable[[Faults], Response]:
    def reply(faults: Faults) -> Response:
        headers = {"Content-Type": "text/plain"} | ({"Retry-After": header(faults)} if header else {})
        return Response(f"{status} for now".encode(), status, headers)

    return reply


def _in_seconds(faults: Faults) -> str:
    return str(faults.retry_after_s)


def _as_date(faults: Faults) -> str:
    return formatdate(int(time.time()) + 1 + faults.retry_after_s, usegmt=True)


_REPLIES: dict[str, Callable[[Faults], Response]] = {
    "status_500": _refusal(500),
    "status_503": _refusal(503, _in_seconds),
    "status_429_seconds": _refusal(429, _in_seconds),
    "status_429_date": _refusal(429, _as_date),
    "over_rate": _refusal(429, _in_seconds),
    "html_200": lambda _: Response(HTML, 200, {"Content-Type": "text/html; charset=utf-8"}),
    "empty_200": lambda _: Response(b"", 200, {"Content-Type": "application/octet-stream"}),
}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    provider: ProviderServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news here."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        asked = Asked(
            self.command,
            parts.path,
            tuple(parse_qsl(parts.query, keep_blank_values=True)),
            {name.lower(): value for name, value in self.headers.items()},
            self.rfile.read(length) if length else b"",
            self.server.provider.url,
            self.path,
        )
        response, request = self.server.provider.answer(asked)
        request.replied = time.time()
        if response.after_s:
            self.server.provider.stopping.wait(response.after_s)
        data = self._head(response) + (b"" if asked.method == "HEAD" else response.body)
        head = len(data) - len(response.body)
        match request.fault:
            case "reset":
                self.wfile.write(data[: head + len(response.body) // 3] if len(request.address) % 2 else b"")
                self._reset()
            case "short_body":
                self.wfile.write(data[: head + len(response.body) // 2])
                self.close_connection = True
            case "drip":
                head = head if len(request.address) % 2 else 0
                self.wfile.write(data[:head])
                self._drip(data[head:])
            case _:
                if response.status == 200 and not request.fault:  # before it is sent, so that no test asks too soon
                    with self.server.provider.lock:
                        self.server.provider.delivered[asked.address] += 1
                self.wfile.write(data)

    do_POST = do_HEAD = do_GET  # noqa: N815

    def _head(self, response: Response) -> bytes:
        headers = {"Date": formatdate(usegmt=True), "Content-Length": str(len(response.body))} | dict(response.headers)
        headers = {name: value for name, value in headers.items() if value}
        self.close_connection = self.close_connection or "Content-Length" not in headers
        lines = [f"HTTP/1.1 {response.status} {self.responses.get(response.status, ('Odd',))[0]}"]
        return "\r\n".join([*lines, *(f"{name}: {value}" for name, value in headers.items()), "", ""]).encode("latin-1")

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def _drip(self, data: bytes) -> None:
        """A byte now and then, so that no time-out for a single read is ever over; until the client goes."""
        self.close_connection = True
        for byte in data:
            self.wfile.write(bytes([byte]))
            if self.server.provider.stopping.wait(0.05):
                return

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet: the trace knows."""
