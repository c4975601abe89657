"""A server's address, bodies and a number of callers in; what each request was answered and how soon out.

The callers share their cores with the server, so they do little: requests are made beforehand, and of an answer only
the status line and two headers are read.
"""

from __future__ import annotations

import itertools
import json
import random
import re
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_BOUNDARY = "flaneur-benchmark-7d1f0a"
_TIMEOUT_S = 60.0
_LENGTH, _RETRY = re.compile(rb"content-length: (\d+)", re.I), re.compile(rb"retry-after: (\d+)\r\n", re.I)


@dataclass
class Told:
    """What callers were answered.

    Args:
        seconds: of each answer, by status.
        without_retry: refusals that did not say when to ask again.
        lost: requests whose connection broke.
        by_client: answers with 200 of each client.
        took_s: from the first request to the last answer.
        began_s: when the first caller came, by the clock that counts seconds.
    """

    seconds: dict[int, list[float]] = field(default_factory=dict)
    without_retry: int = 0
    lost: int = 0
    by_client: Counter[str] = field(default_factory=Counter)
    took_s: float = 0.0
    began_s: float = field(default_factory=time.perf_counter)

    def count(self, *statuses: int) -> int:
        return sum(len(self.seconds.get(status, [])) for status in statuses)

    def at(self, share: float, *statuses: int) -> float:
        """Seconds within which that share of the answers came."""
        ordered = sorted(itertools.chain.from_iterable(self.seconds.get(status, []) for status in statuses))
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


class Caller:
    """One connection that is kept."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket: socket.socket | None = None

    def send(self, request: bytes) -> tuple[int, int | None, bytes]:
        """Status, seconds of ``Retry-After``, and the body."""
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self._port), _TIMEOUT_S)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self._socket.sendall(request)
            return self._answer(self._socket)
        except OSError:
            self.close()
            raise

    def _answer(self, connection: socket.socket) -> tuple[int, int | None, bytes]:
        data = b""
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self._more(connection)
        head = data[: end + 2]
        length = int(match[1]) if (match := _LENGTH.search(head)) else 0
        body = data[end + 4 :]
        while len(body) < length:
            body += self._more(connection)
        if b"connection: close" in head.lower():
            self.close()
        retry = _RETRY.search(head)
        return int(head[9:12]), None if retry is None else int(retry[1]), body

    @staticmethod
    def _more(connection: socket.socket) -> bytes:
        data = connection.recv(65536)
        if not data:
            raise ConnectionResetError("the server hung up")
        return data

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def get(path: str) -> bytes:
    """A request without a body."""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()


def post(photos: Sequence[bytes], client: str) -> bytes:
    """``POST /v1/predict`` of photos."""
    head = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="photo"; filename="a.jpg"\r\n\r\n'.encode()
    body = b"".join(head + photo + b"\r\n" for photo in photos) + f"--{_BOUNDARY}--\r\n".encode()
    lines = (
        "POST /v1/predict HTTP/1.1", "Host: 127.0.0.1", f"X-Client: {client}", f"Content-Length: {len(body)}",
        f"Content-Type: multipart/form-data; boundary={_BOUNDARY}",
    )  # fmt: skip
    return "\r\n".join((*lines, "", "")).encode() + body


def photos_of(paths: Sequence[Path]) -> list[bytes]:
    return [path.read_bytes() for path in paths]


def call(
    port: int,
    photos: Sequence[bytes],
    clients: Sequence[str],
    go_on: Callable[[int], bool],
    pause_s: float | None = None,
    together: int = 1,
    arriving_s: float = 0.0,
) -> Told:
    """Send photos, each caller the next as soon as it has its answer.

    Args:
        port: of the server.
        photos: sent again and again, in order.
        clients: one caller each; equal names are one client.
        go_on: whether to send the request of this number, counted over all callers.
        pause_s: that a caller waits after a refusal, whatever it was told; ``None``: as long as it was told, and up to
            a second more, so that not all come back at once.
        together: photos in one request.
        arriving_s: in which the callers come, one after another.
    """
    requests = [photos[first : first + together] for first in range(0, len(photos), together)]
    told, lock, numbers = Told(), threading.Lock(), itertools.count()
    threads = [
        threading.Thread(target=_call, args=(port, requests, client, (numbers, go_on), pause_s, (told, lock)))
        for client in clients
    ]
    for thread in threads:
        thread.start()
        time.sleep(arriving_s / len(threads))
    for thread in threads:
        thread.join()
    return told


def probe(port: int) -> None:
    """Ask for the server's health ten times a second until the input ends; then print the seconds of each answer."""
    caller, took, over = Caller(port), list[float](), threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
    while not over.wait(0.1):
        began = time.perf_counter()
        assert caller.send(get("/healthz"))[0] == 200
        took.append(time.perf_counter() - began)
    caller.close()
    print(json.dumps(took))


def _call(
    port: int,
    requests: Sequence[Sequence[bytes]],
    client: str,
    which: tuple[Iterator[int], Callable[[int], bool]],
    pause_s: float | None,
    into: tuple[Told, threading.Lock],
) -> None:
    (numbers, go_on), (told, lock), caller = which, into, Caller(port)
    while go_on(number := next(numbers)):
        request, began = post(requests[number % len(requests)], client), time.perf_counter()
        try:
            status, retry, _ = caller.send(request)
        except OSError:
            with lock:
                told.lost += 1
            continue
        now = time.perf_counter()
        with lock:
            told.seconds.setdefault(status, []).append(now - began)
            told.took_s = max(told.took_s, now - told.began_s)
            told.by_client[client] += status == 200
            told.without_retry += status in (429, 503) and retry is None
        if status != 200:
            time.sleep((retry or 0) + random.random() if pause_s is None else pause_s)
    caller.close()


if __name__ == "__main__":
    probe(int(sys.argv[1]))
