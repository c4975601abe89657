"""Photos in; whom to thank for them, and under which licence, out: by author for people, by photo for machines."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flaneur.files import write_text
from flaneur.types import Photo

UNKNOWN = "not stated"
_COLUMNS = ("id", "sha256", "source", "author", "licence", "page_url", "credit")
_SPDX = re.compile(r"[A-Z][A-Z0-9]*(?:-[A-Za-z0-9.]+)*-\d[\d.]*(?:-[A-Za-z0-9.]+)*")


@dataclass(frozen=True, slots=True)
class Credit:
    """Photos of one author under one licence.

    Args:
        licence: as with the photos, or ``not stated``.
        author: likewise.
        source: the importer or provider.
        photos: how many.
        page_url: of one of them, or empty.
    """

    licence: str
    author: str
    source: str
    photos: int
    page_url: str


def credits_of(photos: Iterable[Photo]) -> list[Credit]:
    """One credit for each author, licence and source; sorted.

    >>> photo = Photo("x:1", "", "rome", "rome/1", 1, 1, "x", author="Ada", licence="CC0-1.0")
    >>> credits_of([photo, photo])
    [Credit(licence='CC0-1.0', author='Ada', source='x', photos=2, page_url='')]
    """
    counts: Counter[tuple[str, str, str]] = Counter()
    pages: dict[tuple[str, str, str], str] = {}
    for photo in photos:
        key = (photo.licence or UNKNOWN, photo.author or UNKNOWN, photo.source)
        counts[key] += 1
        pages.setdefault(key, photo.page_url or "")
    return [Credit(*key, counts[key], pages[key]) for key in sorted(counts)]


def licence_url(licence: str) -> str | None:
    """Where the text of a licence stands, if its name is an SPDX id or spelt much like one.

    >>> licence_url("CC BY-SA 4.0"), licence_url("CC0-1.0"), licence_url("my own")
    ('https://spdx.org/licenses/CC-BY-SA-4.0.html', 'https://spdx.org/licenses/CC0-1.0.html', None)
    """
    name = licence.strip().replace(" ", "-")
    return f"https://spdx.org/licenses/{name}.html" if _SPDX.fullmatch(name) else None


def write_attribution(path: Path, photos: Sequence[Photo], collected: Mapping[str, Mapping[str, Any]]) -> None:
    """Write one row a photo: whom to thank, and in which words.

    Args:
        path: the CSV file.
        photos: of a dataset.
        collected: a source's terms by its name, as ``dataset.toml`` has them.
    """
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(_COLUMNS)
    for photo in photos:
        template = str(collected.get(photo.source, {}).get("attribution") or "{author}")
        credit = template.replace("{author}", photo.author or UNKNOWN).replace("{page_url}", photo.page_url or "")
        known = (photo.id, photo.sha256, photo.source, photo.author, photo.licence, photo.page_url)
        rows.writerow([*(value or "" for value in known), credit])
    write_text(path, text.getvalue())
