"""Bytes of a connection in; requests out. Who takes too long to say what is wanted is not waited for."""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_S = 10.0
"""Seconds that the head of a request may take to arrive."""

HEAD_BYTES = 65_536
"""That it may have."""

BACKLOG = 256
"""Connections that the system holds until they are let in; so many may come between two looks at how many there are."""

_MOST_FILES, _OWN_FILES = 8192, 2 * BACKLOG
_FALLBACK_FILES = 1024

UNREAD_S = 30.0
"""Seconds that a client may leave an answer, or the rest of one, unread."""

LAST_WORDS_S = 0.5
"""Seconds that a silent connection is kept once the server ends: a request may be on its way."""


def raise_most_files() -> None:
    """Let this process have as many files and connections open as the system allows, up to 8,192."""
    if sys.platform != "win32":
        import resource

        least, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = _MOST_FILES if most == resource.RLIM_INFINITY else min(_MOST_FILES, most)
        if least != resource.RLIM_INFINITY and least < wanted:
            with suppress(OSError, ValueError):
                resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def most_connections() -> int:
    """How many may be open at once, so that files and child processes find room, too.

    >>> most_connections() >= 1
    True
    """
    files = _FALLBACK_FILES
    if sys.platform != "win32":
        import resource

        allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        files = _MOST_FILES if allowed == resource.RLIM_INFINITY else min(_MOST_FILES, allowed)
    return max(files - _OWN_FILES, files // 2)


class Connection(HttpToolsProtocol):
    """As of uvicorn, with limits for heads: else a client that says little, or never ends, holds what it likes."""

    _head_bytes = 0
    _in_head = False
    _head_timer: asyncio.TimerHandle | None = None
    _unread_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # narrower than asyncio, as uvicorn has it
        """A client is there."""
        if len(self.connections) >= most_connections():
            self.transport = transport
            transport.abort()
            return
        super().connection_made(transport)
        self._wait_for_head()

    def data_received(self, data: bytes) -> None:
        """Bytes came."""
        self._head_bytes += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._in_head and self._head_bytes > HEAD_BYTES:
            self._refuse_head()
        elif self._head_timer is None and self.timeout_keep_alive_task is None and not self._is_answering():
            self._wait_for_head()

    def on_message_begin(self) -> None:
        """A head begins."""
        self._head_bytes, self._in_head = 0, True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """A head is here."""
        self._in_head = False
        self._stop_waiting()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        self._stop_waiting()
        self._is_read()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """The client reads more slowly than it is answered."""
        super().pause_writing()
        self._unread_timer = self.loop.call_later(UNREAD_S, self.transport.abort)

    def resume_writing(self) -> None:
        """It has read most of what was sent."""
        self._is_read()
        super().resume_writing()

    def on_response_complete(self) -> None:
        """A request is answered; closing waits for a client that reads the answer's last bytes, but not for ever."""
        super().on_response_complete()
        if self.transport.get_write_buffer_size():
            self.loop.call_later(UNREAD_S, self._give_up_closing)

    def shutdown(self) -> None:
        """The server ends: what is under way is answered, and so is what was sent before the client could know."""
        if self._is_answering():
            self.cycle.keep_alive = False
        else:
            self.loop.call_later(LAST_WORDS_S, self._end)

    def _end(self) -> None:
        if not self.transport.is_closing():
            super().shutdown()

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _refuse_head(self) -> None:
        if self._is_answering():  # an earlier request, whose answer must not be mixed with this one
            self.transport.abort()
        else:
            self.send_400_response("The head of this request is too long.")

    def _wait_for_head(self) -> None:
        self._head_timer = self.loop.call_later(HEAD_S, self.transport.close)

    def _give_up_closing(self) -> None:
        if self.transport.is_closing():
            self.transport.abort()

    def _is_read(self) -> None:
        if self._unread_timer is not None:
            self._unread_timer.cancel()
            self._unread_timer = None

    def _stop_waiting(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
