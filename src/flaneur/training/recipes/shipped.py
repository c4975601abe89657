"""The name of a recipe that flaneur brings, or a recipe file, in; its path out."""

from __future__ import annotations

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


def recipe_path(name: str | Path) -> Path:
    """A recipe's file.

    Args:
        name: a file, or the name of a recipe that flaneur brings.

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
        hint = did_you_mean(str(name), known) or f" flaneur brings: {', '.join(known)}. Or name a .toml file."
        raise UsageError(f"No recipe called {str(name)!r}.{hint}")
    return recipe_folder() / f"{name}.toml"
