"""Rows that were there and rows that are new in; a dataset's tables, in which each photo is once, out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flaneur.dataset import tables
from flaneur.dataset.folder import settle
from flaneur.dataset.manifest import DATASET_FORMAT, MANIFEST, update_manifest
from flaneur.dataset.staging import Staging
from flaneur.dataset.tables import DROPPED_COLUMNS, IMPORTED_COLUMNS, PHOTO_COLUMNS
from flaneur.errors import listed
from flaneur.files import read_rows, renew_table


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


def merge(root: Path, rows: Staging, name: str, source: str, *, own: str = "") -> ImportSummary | None:
    """Write the tables; ``imported.parquet`` last, since it is what makes the next import skip a photo.

    Args:
        root: the dataset, locked.
        rows: the old and the new ones.
        name: of the dataset.
        source: of the first import, for the manifest.
        own: a source all of whose rows are given again each time, as a collection's are. Of those that are the same
            file, the first by id stays, so that it does not matter at which of them an earlier call was cut off.

    Returns:
        What was done; nothing, and nothing is written, where a new dataset would be empty.
    """
    rows.judge(_before(root / "photos.parquet", own))
    if rows.was_empty and not rows.count_photos():
        return None
    if rows.has_new_files:
        settle(root, rows.files())
    renew_table(root / "photos.parquet", PHOTO_COLUMNS, rows.photos())
    renew_table(root / "dropped.parquet", DROPPED_COLUMNS, rows.refusals(_rows_if_there(root / "dropped.parquet")))
    tables.write_ties(root, "import", rows.ties())
    if not (root / MANIFEST).is_file():
        created = datetime.now(UTC).isoformat(timespec="seconds")
        update_manifest(root, {"format": DATASET_FORMAT, "name": name, "created": created, "importer": source})
    renew_table(root / "imported.parquet", IMPORTED_COLUMNS, rows.rows())
    return ImportSummary(*rows.count_new(), rows.count_refused())


def why_none(rows: Staging) -> str:
    """Why no photo of an import could be used, for people."""
    first = next(rows.refusals())
    return f"Refused: {listed(rows.count_refused())}; the first is {first['detail']}"


def _before(path: Path, own: str) -> Iterator[dict[str, Any]]:
    """The photos that the dataset had, but those of a source."""
    if path.is_file():
        yield from (row for row in read_rows(path, ("id", "sha256", "source")) if row["source"] != own)


def _rows_if_there(path: Path) -> Iterator[dict[str, Any]]:
    return read_rows(path) if path.is_file() else iter(())
