"""A table of plain values, such as a TOML file's, in; a frozen dataclass whose values are of the kinds it says, out."""

from __future__ import annotations

import dataclasses
import tomllib
import types
import typing
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from flaneur.errors import UsageError, did_you_mean

T = TypeVar("T")
Check = Callable[[Any, str], None]
_WORDS = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}


def read_toml(path: Path, what: str) -> dict[str, Any]:
    """A TOML file as a table.

    Args:
        path: of the file.
        what: the file is, for messages, such as ``recipe``.

    Raises:
        UsageError: no such file, or not TOML.
    """
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror}). Name a {what} file.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: not TOML: {error}.") from error


def from_table(
    kind: type[T],
    table: Mapping[str, Any],
    where: str,
    *,
    hints: Mapping[str, str] | None = None,
    check: Check | None = None,
) -> T:
    """A frozen dataclass from a table; nested dataclasses from nested tables, tuples from lists.

    Args:
        kind: its fields are numbers, text, truth values, literals, dataclasses, optional ones, or tuples of these.
        table: by field; what it lacks is as the dataclass has it.
        where: it stands, for messages.
        hints: what to say more where a key is unknown or its value of another kind, by key.
        check: called with each number, text and truth value, and where it stands; raises where it cannot be.

    Raises:
        UsageError: an unknown key (with a suggestion), one that lacks, or a value of another kind.

    >>> from flaneur.protocols import PreprocessSpec
    >>> from_table(PreprocessSpec, {"size_px": "large"}, "my.toml")
    Traceback (most recent call last):
    flaneur.errors.UsageError: my.toml: size_px: must be a whole number, but is 'large'.
    """
    return _Reader(hints or {}, check).build(kind, table, where)


@dataclasses.dataclass(frozen=True, slots=True)
class _Reader:
    hints: Mapping[str, str]
    check: Check | None

    def build(self, kind: type[T], table: Mapping[str, Any], where: str) -> T:
        kinds = typing.get_type_hints(kind)
        for key in table:
            if key not in kinds:
                hint = f" {self.hints[key]}" if key in self.hints else did_you_mean(key, kinds)
                raise UsageError(f"{where}: unknown key {key!r}.{hint}")
        values: dict[str, Any] = {}
        for item in dataclasses.fields(kind):  # type: ignore[arg-type]  # kind is always a dataclass here
            if item.name in table:
                values[item.name] = self.value(kinds[item.name], table[item.name], f"{where}: {item.name}")
            elif item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING:
                raise UsageError(f"{where}: {item.name!r} is missing.")
        return kind(**values)

    def value(self, kind: Any, value: Any, where: str) -> Any:
        if typing.get_origin(kind) is types.UnionType:  # an optional table
            kind = next(one for one in typing.get_args(kind) if one is not type(None))
        if dataclasses.is_dataclass(kind):
            if not isinstance(value, Mapping):
                raise UsageError(f"{where}: must be a table, but is {value!r}.")
            return self.build(kind, value, where)  # type: ignore[arg-type]  # is_dataclass also takes instances
        if typing.get_origin(kind) is tuple:
            if not isinstance(value, list | tuple):
                raise UsageError(f"{where}: must be a list, but is {value!r}.")
            inner = typing.get_args(kind)[0]
            return tuple(self.value(inner, item, f"{where} {number}") for number, item in enumerate(value, 1))
        if typing.get_origin(kind) is typing.Literal:
            return _one_of(typing.get_args(kind), value, where)
        return self.plain(kind, value, where)

    def plain(self, kind: type, value: Any, where: str) -> Any:
        """A number, a text or a truth value."""
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            hint = f" {self.hints[key]}" if (key := key_of(where)) in self.hints else ""
            raise UsageError(f"{where}: must be {_WORDS[kind]}, but is {value!r}.{hint}")
        if self.check is not None:
            self.check(value, where)
        return value


def key_of(where: str) -> str:
    """The key that a place ends with.

    >>> key_of("my.toml: training: lr_head")
    'lr_head'
    """
    return where.rpartition(" ")[2]


def _one_of(known: tuple[Any, ...], value: Any, where: str) -> Any:
    if value not in known:
        hint = did_you_mean(str(value), known) or f" Choose among: {', '.join(known)}."
        raise UsageError(f"{where}: there is no {value!r}.{hint}")
    return value
