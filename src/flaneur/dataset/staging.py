"""Rows of ``imported.parquet`` in, in any order; the same rows sorted and judged out. On disk, so memory stays flat.

A dataset may have more photos than fit in memory as Python objects. While it is written to, its rows lie in a small
SQLite file inside it, which goes when the work is done.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any

from flaneur.dataset.tables import DROPPED_COLUMNS, IMPORTED_COLUMNS
from flaneur.errors import InputError
from flaneur.files import read_rows

STAGING = ".import.sqlite"
_COLUMNS = tuple(IMPORTED_COLUMNS)
_NAMES = ", ".join(_COLUMNS)
_TYPES = {"string": "TEXT", "int64": "INTEGER", "float64": "REAL"}
# is_new: of this import; is_same: it was there before, and the same
_TABLES = f"""
CREATE TABLE row (
    {", ".join(f"{name} {_TYPES[kind]}" for name, kind in IMPORTED_COLUMNS.items())}, is_new INTEGER, is_same INTEGER,
    PRIMARY KEY (id)
) WITHOUT ROWID;
CREATE TABLE journal (key TEXT PRIMARY KEY, result TEXT) WITHOUT ROWID;
CREATE TABLE spared (sha256 TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE before (id TEXT PRIMARY KEY, sha256 TEXT) WITHOUT ROWID;
CREATE TABLE curated ({", ".join(DROPPED_COLUMNS)});
"""
# Of equal files one stays, or none if they claim two cities.
_COMPARE = """
CREATE INDEX by_sha256 ON row (sha256);
CREATE TABLE several (sha256 TEXT PRIMARY KEY, first TEXT, cities INTEGER) WITHOUT ROWID;
INSERT INTO several SELECT sha256, MIN(id), COUNT(DISTINCT city) FROM row WHERE reason = ''
    GROUP BY sha256 HAVING COUNT(*) > 1;
"""
# The one that is there, that came first, whose id comes first.
_JUDGE = """
UPDATE several SET first = (
    SELECT row.id FROM row LEFT JOIN before ON before.id = row.id AND before.sha256 = row.sha256
    WHERE row.sha256 = several.sha256 AND row.reason = ''
    ORDER BY is_there(row.file) DESC, before.id IS NULL, row.id LIMIT 1);
CREATE VIEW kept AS SELECT row.* FROM row LEFT JOIN several USING (sha256)
    WHERE reason = '' AND (several.first IS NULL OR (several.cities = 1 AND several.first = row.id));
CREATE VIEW refused AS
    SELECT id, original, city, reason, detail, is_new FROM row WHERE reason != ''
    UNION ALL
    SELECT row.id, row.original, row.city, 'exact_duplicate', 'the same file as ' || stays.original, row.is_new
        FROM row JOIN several USING (sha256) JOIN row AS stays ON stays.id = several.first
        WHERE row.reason = '' AND several.cities = 1 AND several.first != row.id
    UNION ALL
    SELECT row.id, row.original, row.city, 'label_conflict', 'the same file claims to be ' || (
            SELECT group_concat(city, ' and ') FROM (
                SELECT DISTINCT city FROM row AS other
                WHERE other.sha256 = several.sha256 AND other.reason = '' ORDER BY city)
        ) || '; correct the wrong one', row.is_new
        FROM row JOIN several USING (sha256) WHERE row.reason = '' AND several.cities > 1;
"""
_FILE_FACTS = ("path_hash", "size", "mtime_ns")


@contextmanager
def staging(root: Path) -> Iterator[Staging]:
    """Rows of a dataset for as long as they are worked on; the caller has locked it.

    Raises:
        InputError: the dataset cannot be written, such as for a full disk; also where its tables are written meanwhile.
    """
    path = root / STAGING
    try:
        path.unlink(missing_ok=True)
        with closing(sqlite3.connect(path, isolation_level=None)) as database:
            yield Staging(database, root)
    except (sqlite3.Error, OSError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{root}: cannot be written ({reason}). Mend that; the same command then goes on.") from error
    finally:
        path.unlink(missing_ok=True)


class Staging:
    """Rows on disk.

    Args:
        database: an empty one.
        root: the dataset, whose rows are there from the beginning.
    """

    def __init__(self, database: sqlite3.Connection, root: Path) -> None:
        self._database = database
        for pragma in ("journal_mode = OFF", "synchronous = OFF", "locking_mode = EXCLUSIVE", "cache_size = -4000"):
            database.execute(f"PRAGMA {pragma}")
        database.create_function("is_there", 1, lambda file: not Path(file).is_absolute() or Path(file).is_file())
        database.executescript(_TABLES)
        database.execute("BEGIN")  # never committed: the file is thrown away
        old = read_rows(root / "imported.parquet") if (root / "imported.parquet").is_file() else iter(())
        self._insert((*(row[name] for name in _COLUMNS), 0, 0) for row in old)
        self.was_empty = self._count("SELECT COUNT(*) FROM row") == 0
        self.has_new_files = False

    def get(self, row_id: str) -> dict[str, Any] | None:
        """The row of that id, with ``is_new``: whether this import brought it."""
        found = self._database.execute(f"SELECT {_NAMES}, is_new FROM row WHERE id = ?", (row_id,)).fetchone()  # noqa: S608 - column names of ours
        return None if found is None else dict(zip((*_COLUMNS, "is_new"), found, strict=True))

    def put(self, row: Mapping[str, Any]) -> None:
        """Add a row, or replace the one of the same id."""
        before = self.get(row["id"])
        names = [name for name in _COLUMNS if name not in _FILE_FACTS]
        same = before is not None and all(before[name] == row.get(name) for name in names)
        if before is not None and before["is_new"] and same:
            return
        if before is None or before["sha256"] != row.get("sha256"):
            self.has_new_files = True
        self._insert([(*(row.get(name) for name in _COLUMNS), 1, int(same))])

    def note(self, key: str, result: Mapping[str, Any]) -> None:
        """Keep what an interrupted import made of a photo."""
        self._database.execute("INSERT OR REPLACE INTO journal VALUES (?, ?)", (key, json.dumps(result)))

    def noted(self, key: str) -> dict[str, Any] | None:
        """What an interrupted import made of a photo."""
        found = self._database.execute("SELECT result FROM journal WHERE key = ?", (key,)).fetchone()
        return None if found is None else dict(json.loads(found[0]))

    def spare(self, hashes: Iterable[str]) -> None:
        """Keep stored files that no row names yet."""
        self._database.executemany("INSERT OR IGNORE INTO spared VALUES (?)", ((sha,) for sha in hashes))

    def forget(self) -> None:
        """Let go of all rows, and so of their stored files."""
        self._database.execute("DELETE FROM row")

    def judge(self, before: Iterable[Mapping[str, Any]] = ()) -> None:
        """Sort photos from refusals; no row is added afterwards.

        Of photos that are the same file, one stays: before all one whose file is there, then the one that the dataset
        has had, then the first by id.

        Args:
            before: ``id`` and ``sha256`` of the photos that the dataset has had; read only if some are the same file.
        """
        self._database.executescript(_COMPARE)  # it commits first
        if self._count("SELECT COUNT(*) FROM several"):
            had = ((row["id"], row["sha256"]) for row in before)
            query = "INSERT INTO before SELECT ?1, ?2 WHERE ?2 IN (SELECT sha256 FROM several)"
            self._database.executemany(query, had)
        self._database.executescript(_JUDGE)

    def rows(self) -> Iterator[dict[str, Any]]:
        """All rows, sorted by id."""
        return self._select(f"SELECT {_NAMES} FROM row ORDER BY id")  # noqa: S608 - column names of ours

    def photos(self) -> Iterator[dict[str, Any]]:
        """The rows of photos, sorted by id."""
        return self._select(f"SELECT {_NAMES} FROM kept ORDER BY id")  # noqa: S608 - column names of ours

    def refusals(self, curated: Iterable[Mapping[str, Any]] = ()) -> Iterator[dict[str, Any]]:
        """Rows of ``dropped.parquet``: what importing refused, sorted by id, then what curation set aside of the rest.

        Args:
            curated: rows of the old ``dropped.parquet``.
        """
        values = (
            (row["id"], row["original"], row["city"], row["stage"], row["reason"], row["detail"]) for row in curated
        )
        self._database.executemany("INSERT INTO curated VALUES (?, ?, ?, ?, ?, ?)", values)
        yield from self._select("SELECT id, original, city, 'import' AS stage, reason, detail FROM refused ORDER BY id")
        yield from self._select(
            "SELECT * FROM curated WHERE stage != 'import' AND id IN (SELECT id FROM kept) ORDER BY rowid"
        )

    def ties(self) -> list[tuple[str, ...]]:
        """Groups of places that share a file, sorted."""
        query = "SELECT DISTINCT sha256, place FROM row JOIN several USING (sha256) WHERE reason = '' ORDER BY 1, 2"
        found = self._database.execute(query)
        groups = (tuple(place for _, place in group) for _, group in groupby(found, key=lambda pair: pair[0]))
        return sorted(group for group in groups if len(group) > 1)

    def files(self) -> Iterator[str]:
        """The stored files that this import brought, relative to the dataset or absolute."""
        return (row["file"] for row in self._select("SELECT file FROM row WHERE is_new AND file != ''"))

    def stored(self, prefix: str) -> Collection[str]:
        """Hashes that begin so, of stored files that are needed."""
        found: set[str] = set()
        for table in ("row", "spared"):
            query = f"SELECT sha256 FROM {table} WHERE sha256 >= ? AND sha256 < ?"  # noqa: S608 - column names of ours
            found.update(sha for (sha,) in self._database.execute(query, (prefix, prefix + "g")))
        return found

    def count_photos(self) -> int:
        """How many photos are kept."""
        return self._count("SELECT COUNT(*) FROM kept")

    def count_new(self) -> tuple[int, int]:
        """Of the photos that this import brought: how many are new or changed, and how many are the same as before."""
        new = self._count("SELECT COUNT(*) FROM kept WHERE is_new")
        same = self._count("SELECT COUNT(*) FROM kept WHERE is_new AND is_same")
        return new - same, same

    def count_refused(self) -> dict[str, int]:
        """Photos of this import by the reason why they were refused."""
        return dict(self._database.execute("SELECT reason, COUNT(*) FROM refused WHERE is_new GROUP BY reason"))

    def _insert(self, rows: Iterable[tuple[Any, ...]]) -> None:
        marks = ", ".join("?" * (len(_COLUMNS) + 2))
        self._database.executemany(f"INSERT OR REPLACE INTO row VALUES ({marks})", rows)  # noqa: S608 - column names of ours

    def _select(self, query: str) -> Iterator[dict[str, Any]]:
        cursor = self._database.execute(query)
        names = [column[0] for column in cursor.description]
        for values in cursor:
            yield dict(zip(names, values, strict=True))

    def _count(self, query: str) -> int:
        return int(self._database.execute(query).fetchone()[0])
