"""Tables that others made (CSV, JSON lines, Parquet) in; rows of text out, or one line that says what is wrong.

Tables are read row by row: their size does not matter, except that of a Parquet file inside an archive.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from flaneur.errors import InputError, did_you_mean

logger = logging.getLogger(__name__)

Rows = Iterator[tuple[int, dict[str, str]]]
SUFFIXES = (".csv", ".tsv", ".jsonl", ".parquet")
_PIECE = 1 << 16
_BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_LEAST_PARQUET = 12
_SEPARATORS = {";": "';'", "\t": "tabs"}


@dataclass(frozen=True)
class TableFile:
    """A table that can be read more than once.

    Args:
        name: for messages: its path, or archive and name. Its suffix says how it is read.
        open: a fresh stream of its bytes.
    """

    name: str
    open: Callable[[], BinaryIO]

    @property
    def suffix(self) -> str:
        """In lower case, such as ``.csv``."""
        return PurePosixPath(self.name.replace("\\", "/")).suffix.lower()

    @cached_property
    def encoding(self) -> str:
        """Of a CSV: UTF-8, UTF-16 or Latin-1, found by reading the whole file in pieces, once; a warning of the last.

        Raises:
            InputError: it is no text.
        """
        return _encoding_of(self)


def on_disk(path: Path) -> TableFile:
    """A table that is a file of its own."""
    return TableFile(str(path), lambda: path.open("rb"))


def rows(table: TableFile, needed: Sequence[str] = ()) -> Rows:
    """The rows of a table: each with its line, as texts by column. Empty cells are empty texts or left out.

    Column names are stripped and in lower case; a column without a name (a data frame's index) is dropped. Values stay
    the texts they are, so that a position keeps its digits and ``NA`` is Namibia.

    Args:
        table: ``.jsonl`` is read as JSON lines, ``.parquet`` as Parquet, ``.tsv`` as tab-separated, all else as CSV in
            UTF-8 (also with a byte order mark), UTF-16 with one, or Latin-1 (with a warning).
        needed: columns that must be there.

    Raises:
        InputError: it cannot be read, or a column is missing; the file, where it can be said the line, and the mend.
    """
    match table.suffix:
        case ".jsonl":
            return _json_rows(table, needed)
        case ".parquet":
            return _parquet_rows(table, needed)
        case _:
            return _csv_rows(table, needed)


def columns(table: TableFile) -> list[str]:
    """The names of a table's columns, as :func:`rows` spells them; of JSON lines those of the first.

    Raises:
        InputError: it cannot be read.
    """
    match table.suffix:
        case ".jsonl":
            return next((list(row) for _, row in _json_rows(table, ())), [])
        case ".parquet":
            return [name.strip().lower() for name in open_parquet(table).schema.names]
        case _:
            return [name for name in _header(table, table.encoding) if name]


def _encoding_of(table: TableFile) -> str:
    with table.open() as file:
        start = file.read(_PIECE)
        for mark, encoding in _BOMS.items():
            if start.startswith(mark):
                return encoding
        if b"\0" in start:
            raise InputError(f"{table.name}: not a CSV file in UTF-8 or Latin-1. Save the table as 'CSV UTF-8'.")
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            piece = start
            while piece:
                decoder.decode(piece)
                piece = file.read(_PIECE)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            logger.warning("%s is not UTF-8; read as Latin-1.", table.name)
            return "latin-1"
    return "utf-8"


def _csv_rows(table: TableFile, needed: Sequence[str]) -> Rows:
    names = _header(table, table.encoding)
    check_columns(table, [name for name in names if name], needed)
    return _csv_body(table, table.encoding, names)


def _csv_body(table: TableFile, encoding: str, names: list[str]) -> Rows:
    with io.TextIOWrapper(table.open(), encoding, newline="") as lines:
        reader = csv.reader(lines, delimiter=_separator(table))
        try:
            next(reader)
            for cells in reader:
                if len(cells) > len(names) and any(cells[len(names) :]):
                    raise InputError(
                        f"{table.name}, line {reader.line_num}: {len(cells)} cells, but {len(names)} columns. "
                        "Put texts with a comma in quotes."
                    )
                if cells:
                    yield reader.line_num, {name: cell for name, cell in zip(names, cells, strict=False) if name}
        except (csv.Error, UnicodeError) as error:
            raise InputError(f"{table.name}, line {reader.line_num}: not readable as CSV ({error}).") from error


def _header(table: TableFile, encoding: str) -> list[str]:
    with io.TextIOWrapper(table.open(), encoding, newline="") as lines:
        try:
            first = next(csv.reader(lines, delimiter=_separator(table)), [])
        except (csv.Error, UnicodeError) as error:
            raise InputError(f"{table.name}, line 1: not readable as CSV ({error}).") from error
    return [name.strip().lower() for name in first]


def _separator(table: TableFile) -> str:
    return "\t" if table.suffix == ".tsv" else ","


def check_columns(table: TableFile, names: list[str], needed: Sequence[str]) -> None:
    """Every needed column is there, and none twice.

    Raises:
        InputError: one is not, with the column that may have been meant, or the separator.
    """
    for column in needed:
        if column not in names:
            hint = _other_separator(names) or did_you_mean(column, names) or f" It has: {', '.join(names) or 'none'}."
            raise InputError(f"{table.name}: no column {column!r}; {' and '.join(needed)} are needed.{hint}")
    if len(set(names)) < len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise InputError(f"{table.name}: column {twice[0]!r} occurs twice. Remove one.")


def _other_separator(names: list[str]) -> str:
    for separator, told in _SEPARATORS.items():
        if len(names) == 1 and separator in names[0]:
            return f" The columns seem to be separated by {told}: use ','."
    return ""


def _json_rows(table: TableFile, needed: Sequence[str]) -> Rows:
    with table.open() as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                value = json.loads(line, parse_float=str, parse_int=str)  # digits stay as they are
            except (ValueError, RecursionError) as error:
                raise InputError(f"{table.name}, line {number}: not readable as JSON ({error}).") from error
            if not isinstance(value, dict):
                raise InputError(f"{table.name}, line {number}: must be an object such as {{'file_name': 'a.jpg'}}.")
            row = {name.strip().lower(): _text(cell) for name, cell in value.items()}
            for column in needed:
                if column not in row:
                    hint = did_you_mean(column, row) or f" It has: {', '.join(row) or 'none'}."
                    raise InputError(f"{table.name}, line {number}: no {column!r}.{hint}")
            yield number, row


def _parquet_rows(table: TableFile, needed: Sequence[str]) -> Rows:
    check_columns(table, columns(table), needed)
    return _parquet_body(table)


def _parquet_body(table: TableFile) -> Rows:
    number = 0
    with understood(table):
        for batch in open_parquet(table):
            names = [name.strip().lower() for name in batch.schema.names]
            for cells in zip(*(batch.column(index).to_pylist() for index in range(len(names))), strict=True):
                number += 1
                yield number, {name: _text(cell) for name, cell in zip(names, cells, strict=True)}


def open_parquet(table: TableFile) -> Any:
    """A Parquet table as arro3 reads it: schema and batches; read the latter within :func:`understood`.

    Raises:
        InputError: it is none.
    """
    from arro3.io import read_parquet

    with table.open() as file:
        head = file.read(4)
        whole = file.seek(0, io.SEEK_END) >= _LEAST_PARQUET
        file.seek(-4, io.SEEK_END) if whole else None
        if not whole or head != b"PAR1" or file.read() != b"PAR1":
            raise _no_parquet(table, "it does not begin and end like one")
    path = Path(table.name)
    with understood(table):
        return read_parquet(path if path.is_file() else table.open())


@contextmanager
def understood(table: TableFile) -> Iterator[None]:
    """Whatever goes wrong while a Parquet table is read becomes an ``InputError`` that names it."""
    try:
        yield
    except (InputError, GeneratorExit, KeyboardInterrupt):
        raise
    except BaseException as error:  # arro3 raises bare Exception, and lets panics of Rust through, which are none
        raise _no_parquet(table, str(error)) from error


def _no_parquet(table: TableFile, why: str) -> InputError:
    return InputError(f"{table.name}: not readable as Parquet ({why}). Make the file again.")


def _text(cell: Any) -> str:
    """A value as the text that a CSV would hold; nothing for what a cell cannot hold."""
    if cell is None or isinstance(cell, dict | list | bytes):
        return ""
    return cell if isinstance(cell, str) else str(cell)
