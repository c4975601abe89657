"""A folder of city folders, or a CSV of photos, in; found photos out. Nothing is decoded, no file of yours is changed.

Two layouts:

- ``photos/<city>/…/*.jpg``: the first folder below the given one names the city. Hidden files are left alone.
- ``photos.csv`` with the columns ``file`` and ``city`` and any of ``lat, lon, heading, captured, place, sequence,
  project, author, licence, page_url``; files are relative to the CSV's folder. Other columns are ignored.

A photo without a ``place`` is a place of its own.
"""

from __future__ import annotations

import csv
import io
import logging
import os
from collections.abc import Iterator
from pathlib import Path

from flaneur.errors import InputError, counted, did_you_mean
from flaneur.protocols import FoundPhoto

logger = logging.getLogger(__name__)

NEEDED = ("file", "city")
FACTS = ("lat", "lon", "heading", "captured", "place", "sequence", "project", "author", "licence", "page_url")
_PHOTOS = frozenset({".jpg", ".jpeg", ".png", ".webp", ".heic", ".avif"})
_PARTS = frozenset({"train", "training", "val", "valid", "validation", "test"})
_NOT_PHOTOS = frozenset(
    {".txt", ".json", ".jsonl", ".csv", ".tsv", ".md", ".xml", ".xmp", ".db", ".ini", ".html", ".pdf", ".parquet"}
)


def find(path: Path) -> Iterator[FoundPhoto]:
    """The photos of a folder or a CSV, in the order of their names or rows.

    Args:
        path: the folder, or the CSV file.

    Raises:
        InputError: nothing is there, or the table cannot be understood; one line that says what and where.
    """
    if path.is_dir():
        return _in_folder(path)
    if path.is_file():
        return _in_table(path)
    raise InputError(f"{path}: no such folder or CSV file.")


def _in_folder(root: Path) -> Iterator[FoundPhoto]:
    cities = sorted(entry for entry in root.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    if not cities:
        raise InputError(f"{root}: no city folders. Put the photos into one folder a city: {root.name}/lisbon/a.jpg.")
    if {city.name.lower() for city in cities} <= _PARTS:
        raise InputError(f"{root}: {cities[0].name} is no city. Import one part: {root.name}/{cities[0].name}.")
    stray = sum(1 for entry in root.iterdir() if entry.suffix.lower() in _PHOTOS)
    if stray:
        logger.warning("%s: left out, since in no city folder: %s.", root, counted(stray, "photo"))
    for city in cities:
        for file in _files_below(city):
            yield FoundPhoto(file, file.relative_to(root).as_posix(), city.name)


def _files_below(folder: Path) -> Iterator[Path]:
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _files_below(Path(entry.path))
        elif entry.is_file() and Path(entry.name).suffix.lower() not in _NOT_PHOTOS:
            yield Path(entry.path)


def _in_table(table: Path) -> Iterator[FoundPhoto]:
    reader = csv.DictReader(io.StringIO(_text(table), newline=""))
    _check_header(table, [name or "" for name in reader.fieldnames or []])
    try:
        rows = [
            {(name or "").strip().lower(): value for name, value in row.items() if isinstance(value, str)}
            for row in reader
        ]
    except csv.Error as error:
        raise InputError(f"{table}, line {reader.line_num}: not readable as CSV ({error}).") from error
    _check_positions(table, rows)
    yield from _found(table, rows)


def _found(table: Path, rows: list[dict[str, str]]) -> Iterator[FoundPhoto]:
    cities: dict[str, str] = {}
    for number, row in enumerate(rows, start=2):
        key, city = row.get("file", "").strip().replace("\\", "/"), row.get("city", "").strip()
        if not key or not city:
            raise InputError(
                f"{table}, line {number}: {'file' if not key else 'city'} is empty. Fill it in or remove the line."
            )
        if key in cities:
            _repeated(table, number, key, (cities[key], city))
            continue
        cities[key] = city
        facts = {name: row[name].strip() for name in FACTS if row.get(name, "").strip()}
        yield FoundPhoto(table.parent / key, key, city, facts)


def _text(table: Path) -> str:
    data = table.read_bytes()
    if b"\0" in data[:4096]:
        raise InputError(f"{table}: not a CSV file in UTF-8 or Latin-1. Save the table as 'CSV UTF-8'.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        logger.warning("%s is not UTF-8; read as Latin-1.", table)
        return data.decode("latin-1")


def _check_header(table: Path, header: list[str]) -> None:
    names = [name.strip().lower() for name in header]
    for needed in NEEDED:
        if needed not in names:
            separator = (
                " The columns seem to be separated by ';': use ','." if len(names) == 1 and ";" in names[0] else ""
            )
            hint = separator or did_you_mean(needed, names) or f" It has: {', '.join(names) or 'none'}."
            raise InputError(f"{table}: no column {needed!r}; file and city are needed.{hint}")
    if len(set(names)) < len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise InputError(f"{table}: column {twice[0]!r} occurs twice. Remove one.")
    if ("lat" in names) != ("lon" in names):
        raise InputError(f"{table}: lat and lon only work together; one of the two columns is missing.")
    unknown = [name for name in names if name not in (*NEEDED, *FACTS)]
    if unknown:
        logger.warning("%s: ignored columns: %s.", table, ", ".join(unknown))


def _check_positions(table: Path, rows: list[dict[str, str]]) -> None:
    """A few odd positions cost their rows later; a table full of them is a mistake to stop at."""
    wrong = [number for number, row in enumerate(rows, start=2) if row.get("lat", "").strip() and not _is_position(row)]
    placed = sum(1 for row in rows if row.get("lat", "").strip())
    if 2 * len(wrong) > placed:
        row = rows[wrong[0] - 2]
        raise InputError(
            f"{table}, line {wrong[0]}: ({row['lat']}, {row.get('lon', '')}) is not (latitude, longitude) in degrees "
            f"({counted(len(wrong), 'such line')}). Are the columns swapped?"
        )


def _is_position(row: dict[str, str]) -> bool:
    try:
        return abs(float(row["lat"])) <= 90 and abs(float(row.get("lon", ""))) <= 180
    except ValueError:
        return False


def _repeated(table: Path, number: int, key: str, cities: tuple[str, str]) -> None:
    before, now = cities
    if before != now:
        raise InputError(
            f"{table}, line {number}: {key} is named again, now as {now!r}, before as {before!r}. Keep one line."
        )
    logger.warning("%s, line %d: %s is named again; the first line counts.", table, number, key)
