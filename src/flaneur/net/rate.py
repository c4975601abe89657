"""Limits in; the moment at which the next request may be sent out. Kept in SQLite: restarts and processes share them.

A request counts from when its reply began, or two seconds after it was sent, whichever came first: before, nobody can
tell whether it has reached the provider. So however long a packet travels, the provider never sees more than the limit.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Mapping
from datetime import datetime

from flaneur.database import Database
from flaneur.net.problems import Unreachable
from flaneur.protocols import Limit

ARRIVED_S = 2.0  # after sending, a request has arrived
_CONNECT_S = 10.0
_POLL_S = 0.1  # how often to look whether another process's request is done
_PATIENCE_S = 900.0
_CLOCK_S = 60.0  # what is noted further in the future was noted by a clock that has been put back since


class Rates:
    """The limits of one provider.

    Args:
        database: where it is kept.
        source: the provider's name.
        limits: by group of requests.
        stopped: set when nobody wants to wait any more.
    """

    def __init__(self, database: Database, source: str, limits: Mapping[str, Limit], stopped: threading.Event) -> None:
        self._stopped = stopped
        self._database = database
        self._source = source
        self._limits = dict(limits)
        self._freed = threading.Condition()

    def take(self, group: str) -> int:
        """Wait until a request may be sent, and note it before it is.

        Returns:
            What :meth:`connecting` and :meth:`settle` want to have.

        Raises:
            Unreachable: it would be a quarter of an hour or longer, or the client was stopped.
            ValueError: the source set no limit for this group.
        """
        if group not in self._limits:
            raise ValueError(f"{self._source}: no limit is set for the group {group!r}.")
        while True:
            slot, wait_s = self._try(group)
            if slot:
                return slot
            if wait_s > _PATIENCE_S:
                when = datetime.fromtimestamp(time.time() + wait_s).astimezone()
                raise Unreachable(
                    f"{self._source} takes no further requests ({group}) before {when:%Y-%m-%d %H:%M}. "
                    "The same command goes on then."
                )
            with self._freed:
                self._freed.wait(min(wait_s, _POLL_S))
            if self._stopped.is_set():
                raise Unreachable("Stopped. The same command goes on where it stopped.")

    def connecting(self, slot: int) -> None:
        """A connection is being made first, so the request may arrive later."""
        self._note(slot, time.time() + _CONNECT_S + ARRIVED_S)

    def settle(self, slot: int, sent_at: float) -> None:
        """The reply has begun, or will never come.

        Args:
            slot: from :meth:`take`.
            sent_at: seconds since 1970, when it was sent.
        """
        self._note(slot, min(time.time(), sent_at + ARRIVED_S))
        with self._freed:
            self._freed.notify_all()

    def pause(self, group: str, until: float) -> None:
        """No request of this group before a moment, in no process.

        Args:
            group: of requests.
            until: seconds since 1970; an earlier one never shortens a later one.
        """
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO pauses VALUES (?, ?, ?) "
                "ON CONFLICT (source, kind) DO UPDATE SET until = max(until, excluded.until)",
                (self._source, group, until),
            )

    def _note(self, slot: int, at: float) -> None:
        with self._database.transaction() as connection:
            connection.execute("UPDATE asked SET at = ? WHERE slot = ?", (at, slot))

    def _try(self, group: str) -> tuple[int, float]:
        """The slot, or 0 and the seconds to wait before it is worth another look."""
        limit = self._limits[group]
        with self._database.transaction() as connection:
            now = time.time()
            wait_s = max(_paused(connection, self._source, group) - now, 0.0)
            if not wait_s:
                wait_s = self._until_free(connection, group, limit, now)
            if wait_s > 0:
                return 0, wait_s
            done = connection.execute(
                "INSERT INTO asked (source, kind, at) VALUES (?, ?, ?)", (self._source, group, now + ARRIVED_S)
            )
            return int(done.lastrowid or 0), 0.0

    def _until_free(self, connection: sqlite3.Connection, group: str, limit: Limit, now: float) -> float:
        which = (self._source, group)
        connection.execute(
            "DELETE FROM asked WHERE source = ? AND kind = ? AND (at <= ? OR at > ?)",
            (*which, now - limit.seconds, now + _CLOCK_S),
        )
        (count,) = connection.execute("SELECT count(*) FROM asked WHERE source = ? AND kind = ?", which).fetchone()
        if count < limit.requests:
            return 0.0
        (oldest,) = connection.execute(
            "SELECT at FROM asked WHERE source = ? AND kind = ? ORDER BY at LIMIT 1 OFFSET ?",
            (*which, count - limit.requests),
        ).fetchone()
        return max(float(oldest) + limit.seconds - now, 0.001)


def _paused(connection: sqlite3.Connection, source: str, group: str) -> float:
    row = connection.execute("SELECT until FROM pauses WHERE source = ? AND kind = ?", (source, group)).fetchone()
    return float(row[0]) if row else 0.0
