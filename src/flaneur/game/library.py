"""Flaneur's home in; the games that are kept there, by name, out."""

from __future__ import annotations

from flaneur.errors import FlaneurError
from flaneur.game.store import FILE, Store
from flaneur.settings import home


def games() -> list[str]:
    """Names of the games on this computer."""
    return sorted(path.parent.name for path in (home() / "games").glob(f"*/{FILE}"))


def games_on(dataset: str) -> list[str]:
    """Names of those on the dataset of that name; a game that cannot be read is passed over."""
    found = []
    for name in games():
        try:
            with Store(home() / "games" / name) as store:
                facts = store.facts()
        except FlaneurError:
            continue
        if facts and facts["dataset"]["name"] == dataset:
            found.append(name)
    return found


def free_name(stem: str) -> str:
    """A name that no game has yet: the stem, or the stem and a number."""
    taken, number = set(games()), 2
    if stem not in taken:
        return stem
    while f"{stem}-{number}" in taken:
        number += 1
    return f"{stem}-{number}"
