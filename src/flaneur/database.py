"""A path and tables in; a small SQLite database out that several threads and processes share."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
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
        to_read: whether reading is enough, where the file or its folder cannot be written.

    Attributes:
        read_only: whether only reading is possible.

    Raises:
        InputError: it cannot be opened.
    """

    def __init__(self, path: Path, *, durable: bool, schema: str, keeps: str, to_read: bool = False) -> None:
        self.path = path
        self.read_only = False
        self._keeps = keeps
        self._lock = threading.RLock()
        with self._explained():
            try:
                self._connection = _opened_to_write(path, durable, schema)
            except (sqlite3.Error, OSError) as error:
                if not (to_read and _is_of_writing(error) and path.is_file()):
                    raise
                self._connection, self.read_only = _opened_to_read(path), True

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
            if _is_of_writing(error):
                todo = "It must be writable, and so must its folder: make them so, or copy them."
            else:
                todo = "Free some space or, if it is damaged, move it away."
            raise InputError(f"{self.path}: cannot be used ({error}). {self._keeps} {todo}") from error


def _opened_to_write(path: Path, durable: bool, schema: str) -> sqlite3.Connection:
    with ExitStack() as undo:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = undo.enter_context(closing(_connected(path)))
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
        connection.executescript(schema)
        undo.pop_all()
    return connection


def _opened_to_read(path: Path) -> sqlite3.Connection:
    """Without a file beside it; but where one holds what was written last, it is needed, too.

    Source:
        https://www.sqlite.org/wal.html#readonly
    """
    beside = path.with_name(f"{path.name}-wal")
    how = "mode=ro" if beside.exists() and beside.stat().st_size else "immutable=1"
    with ExitStack() as undo:
        connection = undo.enter_context(closing(_connected(f"{path.absolute().as_uri()}?{how}")))
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()  # says so if it cannot be read
        undo.pop_all()
    return connection


def _connected(where: Path | str) -> sqlite3.Connection:
    is_uri = isinstance(where, str)
    return sqlite3.connect(where, timeout=_BUSY_S, isolation_level=None, check_same_thread=False, uri=is_uri)


def _is_of_writing(error: Exception) -> bool:
    return any(words in str(error).casefold() for words in _NOT_WRITABLE)
