"""A method's settings as somebody wrote them in; its checked settings, with its own for the rest, out."""

from __future__ import annotations

import typing
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

from flaneur.errors import UsageError, did_you_mean

T = TypeVar("T")


def read_settings(kind: type[T], values: Mapping[str, Any], method: str) -> T:
    """A method's settings.

    Args:
        kind: its dataclass; numbers, text, truth values and tuples of these. Ranges are checked when it is made.
        values: by name; also as text, such as ``"0.2,0.4"``, from a command line.
        method: whose they are, for messages.

    Raises:
        UsageError: a setting that the method lacks, or a value that it cannot have.

    >>> from flaneur.explain.windows import WindowSettings
    >>> read_settings(WindowSettings, {"sizes": "0.2,0.4", "fill": "mean"}, "occlusion").sizes
    (0.2, 0.4)
    >>> read_settings(WindowSettings, {"strid": 0.5}, "rise")
    Traceback (most recent call last):
    flaneur.errors.UsageError: rise has no setting 'strid'. Did you mean 'stride'? It has: sizes, stride, fill, seed.
    """
    known = [field.name for field in fields(kind)]  # type: ignore[arg-type]  # kind is a dataclass
    hints = typing.get_type_hints(kind)
    for name in values:
        if name not in known:
            listed = f" It has: {', '.join(known)}." if known else " It has none."
            raise UsageError(f"{method} has no setting {name!r}.{did_you_mean(name, known)}{listed}")
    read = {name: _value(hints[name], value, f"{method}: {name}") for name, value in values.items()}
    try:
        return kind(**read)
    except UsageError as error:
        raise UsageError(f"{method}: {error}") from None


def _value(kind: Any, value: Any, where: str) -> Any:
    if typing.get_origin(kind) is tuple:
        parts = value.split(",") if isinstance(value, str) else value
        if not isinstance(parts, list | tuple):
            parts = [parts]
        return tuple(_value(typing.get_args(kind)[0], part, where) for part in parts)
    if kind is bool:
        return _truth(value, where)
    if isinstance(value, kind) and not isinstance(value, bool):
        return value
    if kind is str or isinstance(value, bool) or not isinstance(value, str | int | float):
        raise UsageError(f"{where} is {value!r}; it must be {_WORDS[kind]}.")
    try:
        made = kind(value)
    except ValueError:
        raise UsageError(f"{where} is {value!r}; it must be {_WORDS[kind]}.") from None
    if isinstance(value, float) and made != value:
        raise UsageError(f"{where} is {value!r}; it must be {_WORDS[kind]}.")
    return made


def _truth(value: Any, where: str) -> bool:
    said = {"true": True, "yes": True, "false": False, "no": False}.get(str(value).casefold())
    if said is None:
        raise UsageError(f"{where} is {value!r}; it must be true or false.")
    return said


_WORDS = {int: "a whole number", float: "a number", str: "text"}
