"""Bytes of a connection in; requests out. Who takes too long to say what is wanted is not waited for."""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import suppress
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from flaneur.serve.door import Door
from flaneur.serve.http.refusal import refusal_at_once
from flaneur.serve.limits import Limits

HEAD_S = 10.0
"""Seconds that the head of a request may take to arrive."""

HEAD_BYTES = 65_536
"""That it may have."""

MOST_AHEAD = 32
"""Requests that a client may send before the first of them is answered: each takes memory until then."""

BACKLOG = 256
"""Connections that the system holds until they are let in; so many may come between two looks at how many there are."""

_MOST_FILES, _OWN_FILES = 8192, 3 * BACKLOG
_FALLBACK_FILES = 1024

UNREAD_S = 30.0
"""Seconds that a client may leave an answer, or the rest of one, unread."""

LAST_WORDS_S = 0.5
"""Seconds that a silent connection is kept once the server ends: a request may be on its way."""

_NO_ROOM = "This address, or all together, have as many connections open as the server takes on. Ask again in 1 s."
_NO_ROOM_BODY = json.dumps({"error": {"code": "too_many_connections", "message": _NO_ROOM}}).encode()
_TURNED_AWAY = b"\r\n".join((
    b"HTTP/1.1 503 Service Unavailable", b"Content-Type: application/json", b"Content-Length: %d" % len(_NO_ROOM_BODY),
    b"Retry-After: 1", b"Cache-Control: no-store", b"Connection: close", b"", _NO_ROOM_BODY,
))  # fmt: skip


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


def door_of(limits: Limits) -> Door:
    """The door of a server: as many connections as its limits say, and as files leave room for.

    >>> len(door_of(Limits()))
    0
    """
    most = min(limits.connections, most_connections())
    return Door(most, min(limits.client_connections, max(1, most // 2)))


class Connection(HttpToolsProtocol):
    """As of uvicorn, with limits for heads: else a client that says little, or never ends, holds what it likes.

    Args:
        door: counts it, and may end it for another.
        given: as of uvicorn.
        named: likewise.
    """

    _is_let_in = False
    _head_bytes = 0
    _in_head = False
    _head_timer: asyncio.TimerHandle | None = None
    _unread_timer: asyncio.TimerHandle | None = None

    def __init__(self, door: Door, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._door = door

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # narrower than asyncio, as uvicorn has it
        """A client is there."""
        super().connection_made(transport)
        self._is_let_in = self._door.come_in(self, self.client[0] if self.client else "")
        if self._is_let_in:
            self._wait_for_head()
        else:
            self._turn_away()

    def make_room(self) -> bool:
        """End at once, since another needs the place more; ``False`` while an answer is still on its way."""
        if self.transport.get_write_buffer_size():
            return False
        self.transport.abort()
        return True

    def data_received(self, data: bytes) -> None:
        """Bytes came."""
        if not self._is_let_in:
            return
        self._head_bytes += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._in_head and self._head_bytes > HEAD_BYTES:
            self.send_400_response("The head of this request is too long.")
        elif self._head_timer is None and self.timeout_keep_alive_task is None and not self._is_answering():
            self._wait_for_head()

    def on_message_begin(self) -> None:
        """A head begins."""
        if len(self.pipeline) >= MOST_AHEAD:
            raise OverflowError("more requests at once than are listened to")  # ends the parsing of what came with it
        self._head_bytes, self._in_head = 0, True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """A head is here."""
        self._in_head = False
        self._stop_waiting()
        if not self._is_answering():
            self._door.is_sending(self)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """A request is here, with its body."""
        super().on_message_complete()
        if self._is_answering():
            self._door.is_served(self)
        else:  # it was refused before its body was here
            self._door.is_silent(self)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """The application is asked, unless there is nothing to ask it."""
        refusal = self._refusal(cycle)
        if refusal is None:
            super()._start_asgi_task(cycle, app)
        else:
            cycle.response_started = cycle.response_complete = True  # what is left of the body is passed over
            self.transport.write(refusal)
            cycle.on_response()

    def _refusal(self, cycle: RequestResponseCycle) -> bytes | None:
        if not cycle.keep_alive:
            return None
        return refusal_at_once(self.config.app, cycle.scope, self.server_state.default_headers)  # type: ignore[arg-type]  # run.py passes no other

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        self._door.leave(self)
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
        if not self.transport.is_closing() and not self._is_answering():
            self._door.is_silent(self)

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

    def _turn_away(self) -> None:
        """Say so, and leave a moment to hear it: what is closed while its client still sends loses its last words."""
        if self._door.may_be_told(self):
            self.transport.write(_TURNED_AWAY)
            self.transport.write_eof()
            self.loop.call_later(LAST_WORDS_S, self.transport.abort)
        else:
            self.transport.abort()

    def send_400_response(self, msg: str) -> None:
        """What came is no request."""
        if self._is_answering():  # an earlier request, whose answer must not be mixed with this one
            self.transport.abort()
        else:
            super().send_400_response(msg)

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
