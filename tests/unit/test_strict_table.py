"""Tables become dataclasses only where every value is of the kind that its field says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pytest

from flaneur.errors import UsageError
from flaneur.strict_table import from_table


@dataclass(frozen=True)
class Inner:
    share: float
    how: Literal["near", "far"] = "near"


@dataclass(frozen=True)
class Outer:
    name: str
    count: int = 1
    sure: bool = False
    inner: Inner | None = None
    words: tuple[str, ...] = ()


def test_tables_in_tables_lists_and_whole_numbers_for_numbers():
    made = from_table(Outer, {"name": "x", "inner": {"share": 1, "how": "far"}, "words": ["a", "b"]}, "f")
    assert made == Outer("x", inner=Inner(1.0, "far"), words=("a", "b"))
    assert isinstance(made.inner.share, float)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({}, "f: 'name' is missing."),
        ({"name": 3}, "f: name: must be text, but is 3."),
        ({"name": "x", "count": True}, "f: count: must be a whole number, but is True."),
        ({"name": "x", "count": 1.5}, "f: count: must be a whole number, but is 1.5."),
        ({"name": "x", "sure": 1}, "f: sure: must be true or false, but is 1."),
        ({"name": "x", "words": "ab"}, "f: words: must be a list, but is 'ab'."),
        ({"name": "x", "words": ["a", 2]}, "f: words 2: must be text, but is 2."),
        ({"name": "x", "inner": 2}, "f: inner: must be a table, but is 2."),
        ({"name": "x", "inner": {"share": 1, "how": "fare"}}, "there is no 'fare'. Did you mean 'far'?"),
        ({"name": "x", "cuont": 1}, "f: unknown key 'cuont'. Did you mean 'count'?"),
        ({"name": "x", "number": 1}, "f: unknown key 'number'. It is called count."),
    ],
)
def test_what_is_wrong_is_named_with_its_place(table, said):
    with pytest.raises(UsageError) as told:
        from_table(Outer, table, "f", hints={"number": "It is called count."})
    assert said in str(told.value)
