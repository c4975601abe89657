"""A database that several share: what fails leaves it closed or usable, and who reads waits for nobody."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from flaneur import database as database_module
from flaneur.database import Database
from flaneur.errors import InputError
from unwritable import nothing_can_be_written

SCHEMA = """
PRAGMA foreign_keys = ON;
CREATE TABLE IF NOT EXISTS cities (name TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS photos (city TEXT REFERENCES cities DEFERRABLE INITIALLY DEFERRED);
"""


def opened(folder: Path, schema: str = SCHEMA, *, to_read: bool = False) -> Database:
    path = folder / "some.sqlite"
    return Database(path, durable=False, schema=schema, keeps="It keeps photos.", to_read=to_read)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with closing(opened(tmp_path)) as made:
        yield made


def test_what_cannot_be_opened_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[sqlite3.Connection] = []
    connect = sqlite3.connect

    def noted(*where: Any, **how: Any) -> sqlite3.Connection:
        made.append(connect(*where, **how))
        return made[-1]

    monkeypatch.setattr(database_module.sqlite3, "connect", noted)
    with pytest.raises(InputError, match="It keeps photos"):
        opened(tmp_path, "CREATE NOTHING")
    (tmp_path / "some.sqlite").write_bytes(b"no database" * 100)
    with pytest.raises(InputError, match="cannot be used"):
        opened(tmp_path)
    assert len(made) == 2
    for connection in made:
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            connection.execute("SELECT 1")


def test_a_commit_that_fails_undoes_its_transaction_alone(database: Database) -> None:
    with pytest.raises(InputError, match="FOREIGN KEY"), database.transaction() as write:
        write.execute("INSERT INTO photos VALUES ('nowhere')")  # found wrong when it is committed
    with database.transaction() as write:
        write.execute("INSERT INTO cities VALUES ('rome')")
    with database.read() as read:
        assert read.execute("SELECT * FROM photos").fetchall() == []
        assert read.execute("SELECT * FROM cities").fetchall() == [("rome",)]


def test_an_error_that_ends_the_transaction_is_told_as_it_is(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.transaction() as write:
        _ = write.execute("ROLLBACK"), 1 / 0


def test_who_reads_does_not_wait_for_who_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database: Database
) -> None:
    monkeypatch.setattr(database_module, "_BUSY_S", 0.0)  # else a wait would be long
    with closing(opened(tmp_path)) as other, database.transaction() as write:
        write.execute("INSERT INTO cities VALUES ('rome')")
        with other.read() as read:
            assert read.execute("SELECT * FROM cities").fetchall() == []


def test_what_cannot_be_written_can_be_read_where_that_is_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database: Database
) -> None:
    with database.transaction() as write:
        write.execute("INSERT INTO cities VALUES ('rome')")
    nothing_can_be_written(monkeypatch)
    with pytest.raises(InputError, match="must be writable"):
        opened(tmp_path)
    for _ in range(2):  # beside the file that holds what was written last, and without it
        with closing(opened(tmp_path, to_read=True)) as other:
            assert other.read_only
            with other.read() as read:
                assert read.execute("SELECT * FROM cities").fetchall() == [("rome",)]
            with pytest.raises(InputError, match="must be writable"), other.transaction() as write:
                write.execute("INSERT INTO cities VALUES ('oslo')")
        database.close()


@pytest.mark.parametrize("said", ["attempt to write a readonly database", "unable to open database file"])
def test_what_cannot_be_written_is_not_called_damaged_or_full(database: Database, said: str) -> None:
    with pytest.raises(InputError, match="must be writable, and so must its folder"), database.transaction():
        raise sqlite3.OperationalError(said)
