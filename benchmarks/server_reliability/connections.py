"""Two thousand connections that say nothing, or little, in; whether others are answered meanwhile out."""

from __future__ import annotations

import resource
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx2  # noqa: TID251 - it asks a server of its own

from benchmarks.measure import need
from benchmarks.server_reliability.server import HEAD, STREET, Claims, Watched, watched

_CROWD, _CALLERS, _WATCHED_S = 2000, 160, 12.0
_MANY_FILES = 8192
_CROWDED, _ELSEWHERE = "127.0.0.2", "127.0.0.1"
_HEAD_BEGUN = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "
_BODY_BEGUN = HEAD + b"Content-Length: 100000\r\n\r\n"
_CROWDS = {"mixed": (b"", _HEAD_BEGUN, _BODY_BEGUN), "bodies": (_BODY_BEGUN,)}


def connections(_chosen: Any) -> tuple[dict[str, Any], Claims]:
    """A crowd at one address, silent or slow; others there and elsewhere, all on new connections; honest callers."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    figures, claims = {}, list[dict[str, Any]]()
    for files in (_MANY_FILES, 1024):
        with watched(files=files) as server:
            for kind, begun in _CROWDS.items():
                found = _beside_a_crowd(server, begun)
                name = f"connections: {_CROWD} ({kind}), {files} files"
                figures[name] = found
                claims += [
                    need(f"{name}: others not answered", found["elsewhere"]["lost"], at_most=0),
                    need(f"{name}: files open", found["files"], at_most=files - 1),
                ]
                if kind == "mixed" and files == _MANY_FILES:  # with fewer places, neighbours may be told to come back
                    claims.append(need(f"{name}: neighbours not answered", found["there"]["lost"], at_most=0))
            figures[f"callers, {files} files"] = callers = _honest(server)
            claims.append(
                need(f"connections: {_CALLERS} callers, {files} files: not answered", callers["lost"], at_most=0)
            )
    return figures, claims


def _beside_a_crowd(server: Watched, begun: tuple[bytes, ...]) -> dict[str, Any]:
    """What those heard who asked while the crowd was there; and the most files that the server had open."""
    heard: dict[str, Counter[str]] = {"elsewhere": Counter(), "there": Counter()}
    longest_s, files, ends_s = 0.0, 0, 0.0
    with _crowd(server, begun) as gathered:
        gathered.wait()
        ends_s = time.monotonic() + _WATCHED_S
        while time.monotonic() < ends_s:
            began_s = time.monotonic()
            heard["elsewhere"][_asked(server, _ELSEWHERE)] += 1
            longest_s = max(longest_s, time.monotonic() - began_s)
            heard["there"][_asked(server, _CROWDED)] += 1
            files = max(files, len(list(Path(f"/proc/{server.process.pid}/fd").iterdir())))
    told = {name: {"lost": counts.total() - counts["200"], "heard": dict(counts)} for name, counts in heard.items()}
    return {**told, "longest_s": longest_s, "files": files}


def _asked(server: Watched, address: str) -> str:
    """The status that a photo is answered with on a connection of its own, or how that ended."""
    try:
        with httpx2.Client(transport=httpx2.HTTPTransport(local_address=address), timeout=60) as client:
            return str(client.post(f"{server.address}/v1/predict", files={"photo": STREET}).status_code)
    except httpx2.TransportError as error:
        return type(error).__name__


def _honest(server: Watched) -> dict[str, Any]:
    """160 callers from one address, each on a connection that it keeps, five photos one after another."""

    def visit(_number: int) -> list[str]:
        with httpx2.Client(base_url=server.address, timeout=300) as client:
            together.wait()
            return [_status(lambda: client.post("/v1/predict", files={"photo": STREET})) for _ in range(5)]

    together = threading.Barrier(_CALLERS)
    with ThreadPoolExecutor(_CALLERS) as pool:
        heard = Counter(status for statuses in pool.map(visit, range(_CALLERS)) for status in statuses)
    return {"lost": heard.total() - heard["200"], "heard": dict(heard)}


def _status(ask: Callable[[], httpx2.Response]) -> str:
    try:
        return str(ask().status_code)
    except httpx2.TransportError as error:
        return type(error).__name__


@contextmanager
def _crowd(server: Watched, begun: tuple[bytes, ...]) -> Iterator[threading.Event]:
    """Connections of one address that begin to say something, go on a byte a second, and come back when sent away."""
    gathered, over = threading.Event(), threading.Event()

    def keep() -> None:
        held: list[socket.socket | None] = [None] * _CROWD
        while not over.is_set():
            for number, one in enumerate(held):
                held[number] = _kept(one) or _come(server, begun[number % len(begun)])
            gathered.set()
            over.wait(1)
        for one in filter(None, held):
            one.close()

    keeper = threading.Thread(target=keep)
    keeper.start()
    try:
        yield gathered
    finally:
        over.set()
        keeper.join()


def _come(server: Watched, begun: bytes) -> socket.socket | None:
    with suppress(OSError):
        one = socket.create_connection(("127.0.0.1", server.port), timeout=10, source_address=(_CROWDED, 0))
        one.setblocking(False)
        with suppress(OSError):
            one.send(begun)
        return one
    return None


def _kept(one: socket.socket | None) -> socket.socket | None:
    """The same, with one byte more said unless it was silent at first; ``None`` once it was ended."""
    if one is None:
        return None
    try:
        while one.recv(4096):
            pass
    except BlockingIOError:
        with suppress(OSError):
            one.send(b"x")
        return one
    except OSError:
        pass
    one.close()
    return None
