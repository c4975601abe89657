"""Values in; ``dataset.toml``, which says what a dataset is and how it was made, out; and read back."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flaneur.dataset import tables
from flaneur.errors import IntegrityError
from flaneur.files import write_text

DATASET_FORMAT = 1
MANIFEST = "dataset.toml"


def update_manifest(root: Path, values: Mapping[str, Any]) -> None:
    """Set values of ``dataset.toml``; a mapping becomes a table. Nothing is written if nothing changes."""
    old = read_manifest(root) if (root / MANIFEST).is_file() else {}
    new = {**old, **values}
    if new != old:
        write_text(root / MANIFEST, tables.toml_text(new))


def read_manifest(root: Path) -> dict[str, Any]:
    """``dataset.toml`` as values.

    Raises:
        IntegrityError: it is not TOML.
    """
    try:
        return tomllib.loads((root / MANIFEST).read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise IntegrityError(f"{root / MANIFEST}: not readable as TOML ({error}). Import the photos again.") from error
