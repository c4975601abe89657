"""One exception tree; every message names what went wrong, where, and what to do about it.

FlaneurError                exit code
├── UsageError              2    wrong flags or choices, settings that do not hold together
├── InputError              3    data that cannot be used or is not there
│   ├── PhotoError          3    one photo that cannot be read; has a stable ``code``
│   └── WeightsError        3    a network's weights that cannot be had
├── CredentialsError        4
├── BudgetError             5
└── IntegrityError          6    a file that is not what it says: tampered, truncated, leaking split

Exit code 1 is kept for bugs in flaneur, 130 for an interrupt.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import ClassVar


class FlaneurError(Exception):
    """The root: everything flaneur raises on purpose."""

    exit_code: ClassVar[int] = 1


class UsageError(FlaneurError):
    """The call does not make sense as given."""

    exit_code = 2


class InputError(FlaneurError):
    """Data that cannot be used, or a file, folder, dataset or model that is not there."""

    exit_code = 3


class PhotoError(InputError):
    """One photo that cannot be read.

    Attributes:
        code: stable, for machines: ``not_found``, ``empty``, ``not_an_image``, ``unsupported_format``, ``truncated``,
            ``corrupt``, ``too_large``, ``too_small``, ``unreadable``; of a server also ``too_slow``, ``decoder_died``.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class WeightsError(InputError):
    """Weights of a network that are not there and cannot be fetched."""


class CredentialsError(FlaneurError):
    """A key is missing or was refused."""

    exit_code = 4


class BudgetError(FlaneurError):
    """A budget or quota is used up."""

    exit_code = 5


class IntegrityError(FlaneurError):
    """A file or split that is not what it says it is."""

    exit_code = 6


def counted(number: int, noun: str) -> str:
    """A number with its noun: one in the singular, else in the regular plural.

    >>> counted(1, "city"), counted(1200, "city"), counted(0, "test photo"), counted(2, "day")
    ('1 city', '1,200 cities', '0 test photos', '2 days')
    """
    if number == 1:
        return f"1 {noun}"
    many = f"{noun[:-1]}ies" if noun.endswith("y") and noun[-2] not in "aeou" else f"{noun}s"
    return f"{number:,} {many}"


def install_extra(extra: str) -> str:
    """What to do where packages of an extra lack, for the end of a message.

    >>> install_extra("cities")
    "install flaneur with the extra 'cities': pip install '.[cities]' in its folder"
    """
    return f"install flaneur with the extra {extra!r}: pip install '.[{extra}]' in its folder"


def listed(counts: Mapping[str, int]) -> str:
    """How often each thing was there.

    >>> listed({"truncated": 2, "blank": 1})
    '1 blank, 2 truncated'
    """
    return ", ".join(f"{count:,} {name}" for name, count in sorted(counts.items()))


def did_you_mean(name: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """A hint for a misspelt name: `` Did you mean 'x'?`` with a leading blank, or nothing.

    Args:
        name: as it was written; capitals do not matter.
        known: names that there are.
        cutoff: how like it a name must be, 0 to 1; see :func:`difflib.get_close_matches`.

    >>> did_you_mean("cel_m", ["cell_m", "gap_m"])
    " Did you mean 'cell_m'?"
    >>> did_you_mean("zzz", ["cell_m"])
    ''
    >>> did_you_mean("vit-b32", ["RN50", "ViT-B-32"])
    " Did you mean 'ViT-B-32'?"
    """
    written = {one.casefold(): one for one in known}
    close = difflib.get_close_matches(name.casefold(), written, n=1, cutoff=cutoff)
    return f" Did you mean {written[close[0]]!r}?" if close else ""
