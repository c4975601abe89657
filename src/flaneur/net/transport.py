"""Host names and a moment in; connections out that end by that moment and lead to no private address."""

from __future__ import annotations

import os
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from typing import Any, cast
from weakref import WeakSet

import httpcore2
import httpx2  # noqa: TID253  # this module is loaded when a client is opened, not before

from flaneur.net.addresses import is_public
from flaneur.net.problems import Refused

PASSING = (
    httpcore2.TimeoutException,
    httpcore2.NetworkError,
    httpcore2.RemoteProtocolError,
    httpcore2.ProxyError,
    httpx2.DecodingError,
)
_AT_ONCE = 32  # connections


class Deadline(threading.local):
    """When the request that this thread is busy with must be over, by :func:`time.monotonic`."""

    at: float = float("inf")


class _Stream(httpcore2.NetworkStream):
    """A connection on which no single read or write, nor all of them together, outlast the deadline."""

    def __init__(self, inner: httpcore2.NetworkStream, deadline: Deadline) -> None:
        self._inner = inner
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _left(self._deadline, timeout, httpcore2.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, _left(self._deadline, timeout, httpcore2.WriteTimeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        left = _left(self._deadline, timeout, httpcore2.ConnectTimeout)
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, left), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _Backend(httpcore2.NetworkBackend):
    """Names are looked up here, and the address that was checked is the one that is connected to."""

    def __init__(self, trusted: frozenset[str], deadline: Deadline) -> None:
        self._inner = httpcore2.SyncBackend()
        self._trusted = trusted
        self._deadline = deadline
        self._lock = threading.Lock()
        self._open: WeakSet[_Stream] = WeakSet()
        self._closed = False

    def close(self) -> None:
        """Let go of every connection, also of one that a thread is just making: its pool does not know of it yet."""
        with self._lock:
            self._closed = True
            streams = list(self._open)
        for stream in streams:
            stream.close()

    def _kept(self, stream: _Stream) -> _Stream:
        with self._lock:
            if not self._closed:
                self._open.add(stream)
                return stream
        stream.close()
        raise httpcore2.ConnectError("the client is closed")

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        problem: Exception = httpcore2.ConnectError("no address")
        for address in self._addresses(host, port):
            left = _left(self._deadline, timeout, httpcore2.ConnectTimeout)
            try:
                stream = self._inner.connect_tcp(address, port, left, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                problem = error
            else:
                return self._kept(_Stream(stream, self._deadline))
        raise problem

    def _addresses(self, host: str, port: int) -> list[str]:
        try:
            found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise httpcore2.ConnectError("the name is not known") from error
        addresses = list(dict.fromkeys(str(one[4][0]) for one in found))
        private = [address for address in addresses if not is_public(address)]
        if private and host.strip("[]") not in self._trusted:
            raise Refused(f"{host} leads into a private network ({private[0]}). Nothing was sent there.")
        return addresses


class Transport(httpx2.BaseTransport):
    """What :class:`httpx2.Client` sends through.

    Args:
        trusted: hosts that may have private addresses: the user named them.
        local: whether a base lies on this machine, so that no proxy is needed.
        deadline: of each thread's request.
    """

    def __init__(self, trusted: frozenset[str], *, local: bool, deadline: Deadline) -> None:
        proxy = None if local else _proxy()
        context = httpx2.create_ssl_context()
        if proxy is None:
            self._backend = _Backend(trusted, deadline)
            self._pool = httpcore2.ConnectionPool(context, max_connections=_AT_ONCE, network_backend=self._backend)
            return
        # Behind a proxy names are looked up by the proxy; there is nothing to check here but the proxy's own.
        address = httpx2.Proxy(proxy)
        self._backend = _Backend(frozenset({address.url.host}), deadline)
        self._pool = httpcore2.HTTPProxy(
            str(address.url),
            address.raw_auth,
            ssl_context=context,
            max_connections=_AT_ONCE,
            network_backend=self._backend,
        )

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send one request; errors are those of httpcore2."""
        url = request.url
        reply = self._pool.handle_request(
            httpcore2.Request(
                request.method,
                httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                headers=request.headers.raw,
                content=cast(Iterable[bytes], request.stream),
                extensions=request.extensions,
            )
        )
        return httpx2.Response(
            reply.status, headers=reply.headers, stream=_Body(reply), extensions=reply.extensions
        )  # fmt: skip

    def close(self) -> None:
        """Let go of all connections."""
        self._pool.close()
        self._backend.close()


class _Body(httpx2.SyncByteStream):
    def __init__(self, reply: httpcore2.Response) -> None:
        self._reply = reply

    def __iter__(self) -> Iterator[bytes]:
        return self._reply.iter_stream()

    def close(self) -> None:
        self._reply.close()


def _left(deadline: Deadline, timeout: float | None, problem: type[Exception]) -> float:
    left = deadline.at - time.monotonic()
    if left <= 0:
        raise problem("the whole request took too long")
    return min(left, float("inf") if timeout is None else timeout)


def _proxy() -> str | None:
    """The proxy that the environment names for https."""
    named = {name.lower(): value for name, value in os.environ.items()}
    url = named.get("https_proxy") or named.get("all_proxy") or ""
    if not url or named.get("no_proxy", "").strip() == "*":
        return None
    return url if "://" in url else f"http://{url}"
