"""Rows of a dataset's tables in; Photo and Dropped out, and back."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from flaneur.errors import InputError
from flaneur.files import ColumnType, read_rows, read_table, write_table
from flaneur.protocols import FoundPhoto
from flaneur.types import Location, Photo, slugify

PHOTO_COLUMNS: dict[str, ColumnType] = {
    "id": "string", "sha256": "string", "file": "string", "city": "string", "place": "string", "width": "int64",
    "height": "int64", "source": "string", "lat": "float64", "lon": "float64", "sequence": "string",
    "heading_deg": "float64", "captured_at": "string", "project": "string", "author": "string", "licence": "string",
    "page_url": "string", "original": "string",
}  # fmt: skip
# Every photo that was ever found, also the refused ones: what makes importing again quick and additive.
IMPORTED_COLUMNS: dict[str, ColumnType] = PHOTO_COLUMNS | {
    "path_hash": "string", "size": "int64", "mtime_ns": "int64", "reason": "string", "detail": "string",
}  # fmt: skip
DROPPED_COLUMNS: dict[str, ColumnType] = {
    "id": "string", "original": "string", "city": "string", "stage": "string", "reason": "string", "detail": "string",
}  # fmt: skip
TIE_COLUMNS: dict[str, ColumnType] = {"stage": "string", "tie": "int64", "place": "string"}

_DATE = re.compile(r"(\d{4})(?:-?(0[1-9]|1[0-2])(?:-?(0[1-9]|[12]\d|3[01])([T ]\d\d:?\d\d.*)?)?)?")


@dataclass(frozen=True, slots=True)
class Dropped:
    """One photo that is not used, and why.

    Args:
        id: of the photo.
        original: the user's file name.
        city: slug.
        stage: ``import`` or ``curate``.
        reason: stable code, such as ``not_found``, ``exact_duplicate``, ``near_duplicate``, ``blank``.
        detail: one line for people.
    """

    id: str
    original: str
    city: str
    stage: str
    reason: str
    detail: str


def readable(found: FoundPhoto) -> FoundPhoto:
    r"""A photo whose file name is no Unicode, as a table can hold it.

    >>> readable(FoundPhoto(Path("x"), "rome/caf\udce9.jpg", "rome")).key
    'rome/caf\\xe9.jpg'
    """
    key, city = (_text(text) for text in (found.key, found.city))
    return found if (key, city) == (found.key, found.city) else replace(found, key=key, city=city)


def id_of(found: FoundPhoto, source: str) -> tuple[str, str]:
    """Id of a photo, and whom it comes from: as in the dataset it was exported from, else by importer and key.

    >>> id_of(FoundPhoto(Path("a.jpg"), "rome/a.jpg", "rome"), "folder")
    ('folder:rome/a.jpg', 'folder')
    >>> id_of(FoundPhoto(Path("a.jpg"), "rome/a.jpg", "rome", {"id": "mapillary:7"}), "imagefolder")
    ('mapillary:7', 'mapillary')
    """
    brought = found.facts.get("id", "")
    before, colon, after = brought.partition(":")
    if not (before and colon and after):
        return f"{source}:{brought or found.key}", source
    return brought, found.facts.get("source") or before


def row_of(found: FoundPhoto, source: str) -> dict[str, Any]:
    """What is known of a photo without its pixels, as a row of ``imported.parquet``.

    Group names become unique in the dataset: ``place`` and ``sequence`` are prefixed by the city, since layouts number
    them city by city.

    Raises:
        InputError: a position or heading that cannot be one, or a city name without letters or digits.
    """
    city = slugify(found.city)
    if not city:
        raise InputError(found.facts.get("refused") or f"{found.city!r} cannot be the name of a city.")
    facts = found.facts
    location = _location(facts)
    sequence = facts.get("sequence")
    row_id, source = id_of(found, source)
    return {
        "id": row_id,
        "city": city,
        "place": f"{city}/{facts.get('place') or found.key}",
        "source": source,
        "lat": location.lat if location else None,
        "lon": location.lon if location else None,
        "sequence": f"{city}/{sequence}" if sequence else None,
        "heading_deg": _number(facts, "heading") % 360 if facts.get("heading") else None,
        "captured_at": date_of(facts.get("captured", "")),
        "project": facts.get("project"),
        "author": facts.get("author"),
        "licence": facts.get("licence"),
        "page_url": facts.get("page_url"),
        "original": found.key,
    }


def date_of(text: str) -> str | None:
    """A capture date as ISO 8601, as precise as known, or nothing where it cannot be read.

    >>> date_of("202203"), date_of("2019-07-04 10:15:00"), date_of("2018"), date_of("last summer")
    ('2022-03', '2019-07-04T10:15:00', '2018', None)
    """
    match = _DATE.fullmatch(text.strip())
    if not match:
        return None
    year, month, day, clock = match.groups()
    return "-".join(part for part in (year, month, day) if part) + (f"T{clock[1:]}" if clock else "")


def photo_of(row: dict[str, Any]) -> Photo:
    """A row of ``photos.parquet`` as a :class:`Photo`."""
    names = (
        "id", "sha256", "city", "place", "width", "height", "source", "sequence", "heading_deg", "captured_at",
        "project", "author", "licence", "page_url", "original",
    )  # fmt: skip
    location = None if row["lat"] is None else Location(row["lat"], row["lon"])
    return Photo(location=location, **{name: row[name] for name in names})


def count_by_city(root: Path) -> Counter[str]:
    """Imported photos by city, whatever the size of the dataset."""
    return Counter(row["city"] for row in read_rows(root / "photos.parquet", ("city",)))


def read_ties(root: Path) -> tuple[tuple[str, ...], ...]:
    """Groups of places that must not be split, from importing and curating."""
    groups: dict[tuple[str, int], list[str]] = {}
    if (root / "ties.parquet").is_file():
        for row in read_table(root / "ties.parquet"):
            groups.setdefault((row["stage"], row["tie"]), []).append(row["place"])
    return tuple(tuple(places) for places in groups.values())


def write_ties(root: Path, stage: str, ties: list[tuple[str, ...]]) -> None:
    """Replace the ties of one stage."""
    path = root / "ties.parquet"
    old = read_table(path) if path.is_file() else []
    new = [row for row in old if row["stage"] != stage]
    new += [{"stage": stage, "tie": number, "place": place} for number, tie in enumerate(ties) for place in tie]
    new.sort(key=lambda row: str(row["stage"]))
    if new != old or not path.is_file():
        write_table(path, TIE_COLUMNS, new)


def toml_text(values: Mapping[str, Any]) -> str:
    """Strings, numbers, truth values and mappings of them as TOML.

    >>> print(toml_text({"name": "x", "split": {"default": {"cell_m": 500.0}}}), end="")
    name = "x"
    <BLANKLINE>
    [split."default"]
    cell_m = 500.0
    """
    return "\n".join(_toml_lines(values, "")) + "\n"


def _toml_lines(values: Mapping[str, Any], title: str) -> list[str]:
    plain = {key: value for key, value in values.items() if not isinstance(value, Mapping)}
    lines = ["", f"[{title}]"] if title and plain else []
    lines += [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in plain.items()]
    for key, value in values.items():
        if isinstance(value, Mapping):
            lines += _toml_lines(value, f"{title}.{json.dumps(key, ensure_ascii=False)}" if title else key)
    return lines


def _text(name: str) -> str:
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _location(facts: dict[str, str]) -> Location | None:
    if not facts.get("lat") and not facts.get("lon"):
        return None
    return Location(_number(facts, "lat"), _number(facts, "lon"))


def _number(facts: dict[str, str], name: str) -> float:
    text = facts.get(name, "")
    try:
        value = float(text)
    except ValueError:
        raise InputError(f"{name} {text!r} is not a number.") from None
    if not math.isfinite(value):
        raise InputError(f"{name} {text!r} is not a number.")
    return value
