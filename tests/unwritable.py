"""For tests of what is played or noted in a folder that cannot be written: SQLite as it is there."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest


def nothing_can_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on databases open to read alone."""
    connect = sqlite3.connect

    def read_only(where: Path | str, **how: Any) -> sqlite3.Connection:
        if not how["uri"]:
            raise sqlite3.OperationalError("unable to open database file")
        return connect(where, **how)

    monkeypatch.setattr(sqlite3, "connect", read_only)
