"""Flaneur's home in; the games that are kept there, by name, out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flaneur.errors import FlaneurError
from flaneur.game.store import FILE, Store
from flaneur.settings import home


def games() -> list[str]:
    """Names of the games on this computer that have begun, or cannot be read."""
    return [name for name, facts in _kept() if facts != {}]


def games_on(dataset: str) -> list[str]:
    """Names of those on the dataset of that name; a game that cannot be read is passed over."""
    return [name for name, facts in _kept() if facts and facts["dataset"]["name"] == dataset]


def facts_of(folder: Path) -> dict[str, Any]:
    """What the game in a folder is; nothing where none has begun there. Makes no file.

    Raises:
        InputError: there is a file that cannot be read.
    """
    if not (folder / FILE).is_file():
        return {}
    with Store(folder, to_read=True) as store:
        return store.facts()


def _kept() -> Iterator[tuple[str, dict[str, Any] | None]]:
    """Every game's name and facts; ``None`` where they cannot be read."""
    for path in sorted((home() / "games").glob(f"*/{FILE}")):
        try:
            yield path.parent.name, facts_of(path.parent)
        except FlaneurError:
            yield path.parent.name, None


def free_name(stem: str) -> str:
    """A name that no game has yet: the stem, or the stem and a number."""
    taken, number = set(games()), 2
    if stem not in taken:
        return stem
    while f"{stem}-{number}" in taken:
        number += 1
    return f"{stem}-{number}"
