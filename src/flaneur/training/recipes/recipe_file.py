"""A recipe file in; frozen, checked settings out. One TOML file reproduces one model, or the variants of one study.

``[[variants]]`` and ``[[members]]`` are tables that say only what differs from the rest of the file: variants are
alternatives (``flaneur train FILE --variant NAME``), members stand side by side in one model.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flaneur.errors import UsageError, did_you_mean
from flaneur.settings import is_plain
from flaneur.strict_table import from_table, key_of, read_toml
from flaneur.training.recipes.recipe import Recipe
from flaneur.training.recipes.shipped import called

_SHARES = (  # by their key, wherever they stand
    "dropout", "label_smoothing", "balance", "ema", "lr_finish", "initial_share", "share", "crop_area_min", "flip",
    "colour", "grey", "blur", "jpeg", "shrink", "erase", "zoom", "momentum", "step_factor",
)  # fmt: skip
_NEGATIVE = ("trained_stages", "lat", "lon")
_SKY = "Streets have a sky and flaneur never turns them over; flip is the chance of a left-right flip, 0 to 1."
_HINTS = {
    "flip": _SKY,
    "vertical_flip": _SKY,
    "flip_vertical": _SKY,
    "finetune": "That table is called [training].",
    "lr": "Say lr_head and lr_backbone.",
    "learning_rate": "Say lr_head and lr_backbone.",
    "optimizer": "It is spelt optimiser.",
}


def read_recipe(path: Path, variant: str | None = None) -> Recipe:
    """Read and check a recipe before anything is loaded.

    Args:
        path: of the TOML file.
        variant: which of the file's variants; its first if it has any and none is named.

    Raises:
        UsageError: no such file, not TOML, an unknown key or variant (with a suggestion), a wrong type, a value out of
            range, a name that is a path.
    """
    table = _variant(read_toml(path, "recipe"), variant, path)
    if not is_plain(str(table.get("name", "x"))):
        raise UsageError(
            f"{called(path)}: name = {table['name']!r} cannot be the name of a model. Use letters, digits, '-', '_' "
            "and '.'; where the model goes is said by --name or --output."
        )
    members = table.pop("members", [])
    if not isinstance(members, list) or not all(isinstance(member, dict) for member in members):
        raise UsageError(f"{called(path)}: members must be [[members]] tables.")
    made = tuple(_build(merge(table, member), path, f": member {number}") for number, member in enumerate(members, 1))
    return dataclasses.replace(_build(table, path), members=made)


def variant_names(path: Path) -> list[str]:
    """Names of a file's variants, in its order; none for most recipes.

    Raises:
        UsageError: no such file, or not TOML.
    """
    return [str(table.get("name", "")) for table in _variants(read_toml(path, "recipe"), path)]


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """One table with another laid over it, tables inside likewise; lists are replaced.

    >>> merge({"a": 1, "b": {"c": 2, "d": 3}}, {"b": {"d": 4}})
    {'a': 1, 'b': {'c': 2, 'd': 4}}
    """
    made = dict(base)
    for key, value in over.items():
        both = isinstance(value, Mapping) and isinstance(made.get(key), Mapping)
        made[key] = merge(made[key], value) if both else value
    return made


def _variants(table: dict[str, Any], path: Path) -> list[dict[str, Any]]:
    found = table.get("variants", [])
    if not isinstance(found, list) or not all(isinstance(one, dict) and one.get("name") for one in found):
        raise UsageError(f"{called(path)}: variants must be [[variants]] tables, each with a name.")
    return found


def _variant(table: dict[str, Any], name: str | None, path: Path) -> dict[str, Any]:
    """The file's table with one variant laid over it."""
    variants = {str(one["name"]): one for one in _variants(table, path)}
    table = {key: value for key, value in table.items() if key != "variants"}
    if not variants:
        if name is not None:
            raise UsageError(f"{called(path)} has no variants; leave --variant away.")
        return table
    chosen = next(iter(variants)) if name is None else name
    if chosen not in variants:
        hint = did_you_mean(chosen, variants) or f" It has: {', '.join(variants)}."
        raise UsageError(f"{called(path)} has no variant {chosen!r}.{hint}")
    return merge(table, variants[chosen]) | {"name": f"{table.get('name', path.stem)}-{chosen}"}


def _build(table: Mapping[str, Any], path: Path, part: str = "") -> Recipe:
    return from_table(Recipe, table, f"{called(path)}{part}", hints=_HINTS, check=_check_range)


def _check_range(value: object, where: str) -> None:
    """Refuse a number that is out of its key's range."""
    key = key_of(where)
    if isinstance(value, int | float) and not isinstance(value, bool):
        if value < 0 and key not in _NEGATIVE:
            raise UsageError(f"{where}: must not be negative, but is {value}.")
        if key in _SHARES and value > 1:
            raise UsageError(f"{where}: must be 0 to 1, but is {value}.")
