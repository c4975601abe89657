"""Bytes and rows in; whole files out or none. Atomic writes, hashes and Parquet tables."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from flaneur.errors import InputError, IntegrityError

ColumnType = Literal["string", "int64", "float64", "bool"]


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """A temporary path beside ``path`` that replaces it on success and vanishes on failure.

    The data are on disk before the name is: a kill at any moment leaves the old file or the new one, never half of one.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 file whole or not at all."""
    write_bytes(path, text.encode("utf-8"))


def write_json(path: Path, value: Any) -> None:
    """Write JSON, keys in the order given, two blanks of indent."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises:
        IntegrityError: it is not JSON.
    """
    try:
        return json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise IntegrityError(f"{path}: not readable as JSON ({error}). Restore the file or make it again.") from error


def sha256_bytes(data: bytes) -> str:
    """Hexadecimal SHA-256.

    >>> sha256_bytes(b"")[:12]
    'e3b0c44298fc'
    """
    return hashlib.sha256(data).hexdigest()


def sha256_file(path: Path) -> str:
    """Hexadecimal SHA-256 of a file, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_json(value: Any) -> str:
    """SHA-256 of a value in one canonical JSON spelling."""
    return sha256_bytes(json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode())


def write_table(path: Path, columns: Mapping[str, ColumnType], rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows as a Parquet file, atomically; a missing value is null.

    Args:
        path: the file.
        columns: name and type of each column, in order.
        rows: one mapping a row; keys that are no column are an error of the caller.
    """
    from arro3.core import Array, DataType, Field, Schema, Table
    from arro3.io import write_parquet

    kinds: dict[ColumnType, Callable[[], DataType]] = {
        "string": DataType.string, "int64": DataType.int64, "float64": DataType.float64, "bool": DataType.bool,
    }  # fmt: skip
    types = {name: kinds[kind]() for name, kind in columns.items()}
    fields = [Field(name, kind, nullable=True) for name, kind in types.items()]
    arrays = [Array([row.get(name) for row in rows], type=kind) for name, kind in types.items()]
    table = Table.from_arrays(arrays, schema=Schema(fields))
    with atomic_path(path) as temporary:
        write_parquet(table, temporary)


def read_table(path: Path) -> list[dict[str, Any]]:
    """Read a Parquet file as rows.

    Raises:
        InputError: there is no such file.
        IntegrityError: it is not Parquet.
    """
    from arro3.io import read_parquet

    if not path.is_file():
        raise InputError(f"{path}: no such file.")
    try:
        table = read_parquet(path).read_all()
        names = table.column_names
        lists = [table.column(name).to_pylist() for name in names]
    except Exception as error:  # arro3 raises bare Exception
        raise IntegrityError(
            f"{path}: not readable as Parquet ({error}). Restore the file or make it again."
        ) from error
    return [dict(zip(names, values, strict=True)) for values in zip(*lists, strict=True)]
