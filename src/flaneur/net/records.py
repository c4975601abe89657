"""The home folder in; the database of what was asked of providers, and what it cost, out."""

from __future__ import annotations

from pathlib import Path

from flaneur.database import Database
from flaneur.settings import home

_SCHEMA = """
CREATE TABLE IF NOT EXISTS asked (slot INTEGER PRIMARY KEY, source TEXT, kind TEXT, at REAL);
CREATE INDEX IF NOT EXISTS asked_at ON asked (source, kind, at);
CREATE TABLE IF NOT EXISTS pauses (source TEXT, kind TEXT, until REAL, PRIMARY KEY (source, kind));
CREATE TABLE IF NOT EXISTS spent (
    entry INTEGER PRIMARY KEY, source TEXT, purpose TEXT, sku TEXT, month TEXT, at REAL, price REAL);
CREATE INDEX IF NOT EXISTS spent_month ON spent (source, sku, month);
"""


def records_path() -> Path:
    """``net.sqlite`` in flaneur's home."""
    return home() / "net.sqlite"


def open_records(path: Path | None = None, *, durable: bool) -> Database:
    """Open it, and make it where it is not there yet.

    Args:
        path: of the file; ``net.sqlite`` in flaneur's home by default.
        durable: as of :class:`flaneur.database.Database`.

    Raises:
        InputError: it cannot be opened.
    """
    keeps = "It keeps how often providers were asked and what that cost."
    return Database(path or records_path(), durable=durable, schema=_SCHEMA, keeps=keeps)
