"""The name of a recipe that flaneur brings, or a recipe file, in; its path out."""

from __future__ import annotations

import tomllib
from pathlib import Path

from flaneur.errors import UsageError, did_you_mean

_PACKAGE = Path(__file__).parents[2]


def recipe_folder() -> Path:
    """Where the recipes lie: in the installed package, or beside ``src`` in a checkout."""
    installed = _PACKAGE / "recipes"
    return installed if installed.is_dir() else _PACKAGE.parents[1] / "recipes"


def recipe_names() -> list[str]:
    """Names of the recipes that flaneur brings.

    >>> "littleplanet" in recipe_names()
    True
    """
    return sorted(path.stem for path in recipe_folder().glob("*.toml"))


def paper_names() -> list[str]:
    """Names of those that follow a paper.

    >>> "littleplanet" in paper_names(), "probe" in paper_names()
    (True, False)
    """
    return [name for name in recipe_names() if "paper" in tomllib.loads(recipe_path(name).read_text("utf-8"))]


def called(path: Path) -> str:
    """What a recipe's file is called in messages: one that flaneur brings by its name, any other by its path.

    >>> called(recipe_path("probe")), called(Path("own/mine.toml"))
    ('probe', 'own/mine.toml')
    """
    return path.stem if path.parent == recipe_folder() else str(path)


def recipe_path(name: str | Path, *, of_papers: bool = False) -> Path:
    """A recipe's file.

    Args:
        name: a file, or the name of a recipe that flaneur brings.
        of_papers: whether a message lists only those that follow a paper.

    Raises:
        UsageError: neither, with a suggestion and the names there are.

    >>> recipe_path("littleplanet").name, recipe_path("own/mine.toml").name
    ('littleplanet.toml', 'mine.toml')
    >>> recipe_path("litleplanet")
    Traceback (most recent call last):
    flaneur.errors.UsageError: No recipe called 'litleplanet'. Did you mean 'littleplanet'?
    """
    path = Path(name)
    if path.suffix == ".toml" or path.is_file():
        return path
    known = recipe_names()
    if str(name) not in known:
        listed = paper_names() if of_papers else known
        kind = "a .toml file with a [paper]" if of_papers else "a .toml file"
        hint = did_you_mean(str(name), listed) or f" flaneur brings: {', '.join(listed)}. Or name {kind}."
        raise UsageError(f"No recipe called {str(name)!r}.{hint}")
    return recipe_folder() / f"{name}.toml"
