"""Bytes and rows in; whole files out or none. Atomic writes, hashes and Parquet tables."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Literal

from flaneur.errors import InputError, IntegrityError

ColumnType = Literal["string", "int64", "float64", "bool", "binary"]
_PIECE = 2_000  # rows of a table that are in memory at once, as Python objects
_GROUP = 20_000  # rows that a Parquet file keeps together; in memory they are packed


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
    write_bytes(path, json_bytes(value))


def json_bytes(value: Any) -> bytes:
    """JSON as :func:`write_json` writes it.

    >>> json_bytes({"name": "Zürich"}).decode().splitlines()
    ['{', '  "name": "Zürich"', '}']
    """
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()


def write_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write a folder whole or not at all; one that is there is replaced, with all that is in it.

    Args:
        folder: where to.
        files: bytes by their path in it, such as ``golden/picture-1.png``.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as scratch:
        fresh, old = Path(scratch) / "new", Path(scratch) / "old"
        for name, data in files.items():
            write_bytes(fresh / name, data)
        if folder.exists():
            folder.rename(old)
        fresh.rename(folder)
        shutil.rmtree(old, ignore_errors=True)


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


def write_table(
    path: Path,
    columns: Mapping[str, ColumnType],
    rows: Iterable[Mapping[str, Any]],
    facts: Mapping[str, str] | None = None,
) -> None:
    """Write rows as a Parquet file, atomically; a missing value is null. Equal rows give equal bytes.

    Args:
        path: the file.
        columns: name and type of each column, in order; what else a row has is left out.
        rows: one mapping a row; taken in pieces, so that a long table needs no more memory than a short one.
        facts: for the table's own metadata.
    """
    with atomic_path(path) as temporary:
        _write_parquet(temporary, columns, rows, facts)


def renew_table(path: Path, columns: Mapping[str, ColumnType], rows: Iterable[Mapping[str, Any]]) -> None:
    """Like :func:`write_table`, but a file that would not change is left alone."""
    with suppress(_SameError), atomic_path(path) as temporary:
        _write_parquet(temporary, columns, rows)
        if path.is_file() and sha256_file(path) == sha256_file(temporary):
            raise _SameError


def read_table(path: Path) -> list[dict[str, Any]]:
    """Read a Parquet file as rows.

    Raises:
        InputError: there is no such file.
        IntegrityError: it is not Parquet.
    """
    return list(read_rows(path))


def read_rows(path: Path, columns: Sequence[str] | None = None) -> Iterator[dict[str, Any]]:
    """The rows of a Parquet file one by one, whatever its length.

    Args:
        path: the file.
        columns: those that are wanted; all by default.

    Raises:
        InputError: there is no such file.
        IntegrityError: it is not Parquet.
    """
    from arro3.io import read_parquet

    if not path.is_file():
        raise InputError(f"{path}: no such file.")
    try:
        for batch in read_parquet(path):
            names = batch.schema.names if columns is None else columns
            values = [batch.column(name).to_pylist() for name in names]
            yield from [dict(zip(names, row, strict=True)) for row in zip(*values, strict=True)]
    except Exception as error:  # arro3 raises bare Exception
        raise IntegrityError(
            f"{path}: not readable as Parquet ({error}). Restore the file or make it again."
        ) from error


class _SameError(Exception):
    """The new file is the old one."""


class _Sink:
    """A file to write to that keeps quiet about a full disk until it is asked: arro3 would panic."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.error: OSError | None = None

    def write(self, data: bytes) -> int:
        try:
            return len(data) if self.error else self._file.write(data)
        except OSError as error:
            self.error = error
            return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def flush(self) -> None:
        """What is left is written when the file is closed."""


def _write_parquet(
    path: Path,
    columns: Mapping[str, ColumnType],
    rows: Iterable[Mapping[str, Any]],
    facts: Mapping[str, str] | None = None,
) -> None:
    from arro3.core import Array, DataType, Field, RecordBatch, RecordBatchReader, Schema
    from arro3.io import write_parquet

    kinds: dict[ColumnType, Callable[[], DataType]] = {
        "string": DataType.string, "int64": DataType.int64, "float64": DataType.float64, "bool": DataType.bool,
        "binary": DataType.binary,
    }  # fmt: skip
    types = {name: kinds[kind]() for name, kind in columns.items()}
    schema = Schema([Field(name, kind, nullable=True) for name, kind in types.items()])
    left, raised = iter(rows), []

    def batches() -> Iterator[RecordBatch]:
        try:
            while piece := list(islice(left, _PIECE)):
                arrays = [Array([row.get(name) for row in piece], type=kind) for name, kind in types.items()]
                yield RecordBatch.from_arrays(arrays, schema=schema)
        except BaseException as error:
            raised.append(error)  # on its way through arro3 it loses its type
            raise

    try:
        stream = RecordBatchReader.from_batches(schema, batches())
        with path.open("wb") as file:
            sink = _Sink(file)
            told: Any = sink  # arro3 asks for these three, its stubs for a whole file
            write_parquet(stream, told, max_row_group_size=_GROUP, key_value_metadata=dict(facts) if facts else None)
            if sink.error is not None:
                raise sink.error
    except Exception:
        if raised:
            raise raised[0] from None
        raise
