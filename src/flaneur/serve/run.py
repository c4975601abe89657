"""Models and settings in; a server that runs until it is told to end, and then finishes what it accepted, out."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING

import uvicorn
from starlette.applications import Starlette

from flaneur.errors import FlaneurError, UsageError
from flaneur.predict import Model
from flaneur.serve.connection import BACKLOG, Connection, door_of, raise_most_files
from flaneur.serve.engine.engine import Engine
from flaneur.serve.http.about import about
from flaneur.serve.http.app import create_app
from flaneur.serve.http.settings import ServeSettings

if TYPE_CHECKING:
    from flaneur.game.game import Game

_KEEP_ALIVE_S = 5
_GRACE_S = 1.0
_ANSWERING, _ENDING = 0.8, 0.13
"""Shares of ``drain_s`` that connections, and then the engine, have to finish; the rest is for what lies between."""


def serve(
    models: Sequence[Model],
    settings: ServeSettings,
    *,
    games: Sequence[Game] = (),
    told: Callable[[str], None] = lambda _address: None,
) -> None:
    """Answer until SIGTERM or Ctrl-C; a second one ends at once.

    Args:
        models: that answer; the first is the default.
        settings: where and whom.
        games: that can be played.
        told: called from another thread with the address, such as ``http://127.0.0.1:8420``, once models are ready.

    Raises:
        UsageError: the port is taken, or the host is none of this computer's.
        IntegrityError: a model does not answer as it should.
    """
    limits = replace(settings.limits, drain_s=settings.limits.drain_s * _ENDING)
    raise_most_files()
    with listen(settings) as listener, Engine(models, limits) as engine:
        server = Server(engine, settings, games=games)
        wrong: list[FlaneurError] = []

        def watch() -> None:
            try:
                for model in models:
                    about(model)  # the gazetteer, which takes seconds, is read before anybody asks
                engine.wait_ready()
                gc.collect()
                gc.freeze()  # modules and models stay; to look through them takes 0.1 s, in which nobody is answered
                told(address_of(listener))
            except FlaneurError as error:
                wrong.append(error)
                server.should_exit = True

        watcher = threading.Thread(target=watch, name="flaneur-ready", daemon=True)
        watcher.start()
        server.run(sockets=[listener])
        watcher.join(timeout=1)
        if wrong:
            raise wrong[0]


def listen(settings: ServeSettings) -> socket.socket:
    """A socket at the address, before any model is loaded.

    Raises:
        UsageError: the port is taken or not allowed, or the host is none of this computer's.
    """
    host, port = settings.host.removeprefix("[").removesuffix("]"), settings.port
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except (OSError, UnicodeError) as error:
        raise UsageError(f"--host {host} is no address of this computer. Use 127.0.0.1, or 0.0.0.0 for all.") from error
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # named, else asyncio leaves Nagle on
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        reason = error.strerror or str(error)
        raise UsageError(
            f"cannot listen on {host} port {port} ({reason}). Choose another --port; 0 takes any that is free."
        ) from error
    return listener


def address_of(listener: socket.socket) -> str:
    """Where a browser of this computer finds what listens there.

    >>> with listen(ServeSettings(port=0)) as listener:
    ...     address_of(listener).startswith("http://127.0.0.1:")
    True
    """
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - all addresses, seen from this computer
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class Server(uvicorn.Server):
    """Runs the application in the thread that calls :meth:`run`; ``should_exit`` ends it from another.

    Args:
        engine: that answers.
        settings: as of :func:`serve`.
        games: likewise.
    """

    def __init__(self, engine: Engine, settings: ServeSettings, *, games: Sequence[Game] = ()) -> None:
        self.app: Starlette = create_app(engine, settings, games=games)
        self._grace_s = 0.0
        self.door = door_of(settings.limits)
        super().__init__(
            uvicorn.Config(
                self.app,
                http=partial(Connection, self.door),  # type: ignore[arg-type]  # it is only called
                ws="none",
                lifespan="on",
                log_config=None,
                log_level="critical",  # requests are counted, and never named
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=_KEEP_ALIVE_S,
                timeout_graceful_shutdown=max(1, int(settings.limits.drain_s * _ANSWERING)),
                backlog=BACKLOG,
            )
        )

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - uvicorn's signature
        """The first signal ends the server once it has answered; the second at once."""
        if self.should_exit:
            os._exit(128 + sig)
        self._grace_s = _GRACE_S if sig == signal.SIGTERM else 0.0
        self.app.state.draining = self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer what comes while others learn that this server is not ready; then listen no more, and finish."""
        self.app.state.draining = True
        await asyncio.sleep(self._grace_s)
        await self._stop_listening(sockets or [])
        await super().shutdown(sockets)

    async def _stop_listening(self, listeners: Sequence[socket.socket]) -> None:
        """Let nobody in any more; whom the system let in already, and nobody greeted yet, is answered too."""
        held, waiting = [listener.dup() for listener in listeners], []
        for server in self.servers:
            server.close()
        for listener in held:
            with listener, suppress(BlockingIOError):
                listener.setblocking(False)
                while True:
                    waiting.append(listener.accept()[0])
        for connected in waiting:
            connected.setblocking(False)
            await asyncio.get_running_loop().connect_accepted_socket(self._connection, connected)

    def _connection(self) -> Connection:
        return Connection(self.door, self.config, self.server_state, self.lifespan.state)
