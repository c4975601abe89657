"""Rows that were there and rows that are new in; a dataset's tables, of which each photo is in one, out."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flaneur.dataset import tables
from flaneur.dataset.ingest import settle, sweep
from flaneur.dataset.manifest import DATASET_FORMAT, MANIFEST, update_manifest
from flaneur.dataset.tables import DROPPED_COLUMNS, IMPORTED_COLUMNS, PHOTO_COLUMNS
from flaneur.errors import listed
from flaneur.files import read_table, write_table


@dataclass(frozen=True, slots=True)
class ImportSummary:
    """What one import did.

    Args:
        imported: photos that are new or changed.
        unchanged: photos that were there already.
        dropped: photos refused, by reason.
    """

    imported: int
    unchanged: int
    dropped: dict[str, int]


def merge(
    root: Path, name: str, source: str, before: dict[str, dict[str, Any]], now: dict[str, dict[str, Any]]
) -> ImportSummary | None:
    """The tables, and what was done; nothing where a new dataset would be empty."""
    rows = sorted((before | now).values(), key=lambda row: str(row["id"]))
    photos, dropped, ties = tables.keep_one_of_each(rows)
    if not photos and not before:
        sweep(root, ())
        return None
    curated = [row for row in read_if_there(root / "dropped.parquet") if row["stage"] != "import"]
    kept = {row["id"] for row in photos}
    dropped += [row for row in curated if row["id"] in kept]
    if any(row["id"] not in before or row["sha256"] != before[row["id"]]["sha256"] for row in now.values()):
        settle(root, (row["file"] for row in now.values() if row["file"]))
    _write_if_new(root / "photos.parquet", PHOTO_COLUMNS, photos)
    _write_if_new(root / "dropped.parquet", DROPPED_COLUMNS, dropped)
    tables.write_ties(root, "import", ties)
    created = datetime.now(UTC).isoformat(timespec="seconds")
    if not (root / MANIFEST).is_file():
        update_manifest(root, {"format": DATASET_FORMAT, "name": name, "created": created, "importer": source})
    sweep(root, (row["file"] for row in rows))
    _write_if_new(root / "imported.parquet", IMPORTED_COLUMNS, rows)
    refused = Counter(row["reason"] for row in dropped if row["id"] in now and row["stage"] == "import")
    unchanged = sum(1 for row_id in now if row_id in kept and _same(before.get(row_id), now[row_id]))
    return ImportSummary(sum(1 for row_id in now if row_id in kept) - unchanged, unchanged, dict(refused))


def refusals(now: dict[str, dict[str, Any]]) -> str:
    """Why no row could be used, for people."""
    _, dropped, _ = tables.keep_one_of_each(list(now.values()))
    return f"Refused: {listed(Counter(row['reason'] for row in dropped))}; the first is {dropped[0]['detail']}"


def read_if_there(path: Path) -> list[dict[str, Any]]:
    """The rows of a table, none where there is no such table."""
    return read_table(path) if path.is_file() else []


def _same(before: dict[str, Any] | None, now: dict[str, Any]) -> bool:
    ignored = ("path_hash", "size", "mtime_ns")
    return before is not None and all(before[name] == now.get(name) for name in IMPORTED_COLUMNS if name not in ignored)


def _write_if_new(path: Path, columns: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    trimmed = [{name: row.get(name) for name in columns} for row in rows]
    if not path.is_file() or read_table(path) != trimmed:
        write_table(path, columns, trimmed)
