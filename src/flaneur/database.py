"""A path and tables in; a small SQLite database out that several threads and processes share."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

from flaneur.errors import InputError

_BUSY_S = 30.0
_NOT_WRITABLE = ("readonly", "read-only", "unable to open", "permission denied")


class Database:
    """One connection, shared by a process's threads.

    Args:
        path: of the file; made if need be.
        durable: whether a commit waits for the disk and so outlives a power cut; a killed process undoes none anyway.
        schema: SQL that makes the tables where they are not there yet.
        keeps: what is in it, as a sentence, for messages.

    Raises:
        InputError: it cannot be opened.
    """

    def __init__(self, path: Path, *, durable: bool, schema: str, keeps: str) -> None:
        self.path = path
        self._keeps = keeps
        self._lock = threading.RLock()
        with self._explained(), ExitStack() as undo:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
            undo.callback(self._connection.close)
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            self._connection.executescript(schema)
            undo.pop_all()

    def transaction(self) -> AbstractContextManager[sqlite3.Connection]:
        """Everything in it happens, or nothing, and no other process in between."""
        return self._begun("IMMEDIATE")

    def read(self) -> AbstractContextManager[sqlite3.Connection]:
        """All that is read in it is of one moment; other processes may write meanwhile, and nobody waits."""
        return self._begun("DEFERRED")

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def _begun(self, kind: str) -> Iterator[sqlite3.Connection]:
        with self._lock, self._explained():
            self._connection.execute(f"BEGIN {kind}")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # some errors end it
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            text = str(error).casefold()
            if any(words in text for words in _NOT_WRITABLE):
                todo = "It must be writable, and so must its folder, even to be read: make them so, or copy them."
            else:
                todo = "Free some space or, if it is damaged, move it away."
            raise InputError(f"{self.path}: cannot be used ({error}). {self._keeps} {todo}") from error
