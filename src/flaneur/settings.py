"""Environment and names in; the folders that flaneur keeps datasets and models in out."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from flaneur.errors import InputError, UsageError, did_you_mean

_LISTED = 12  # names in a message


def home() -> Path:
    """``$FLANEUR_HOME``, or ``~/flaneur``."""
    chosen = os.environ.get("FLANEUR_HOME", "")
    return Path(chosen).expanduser() if chosen else Path.home() / "flaneur"


def resolve(kind: str, name: str | Path, marker: str, *, beside: Sequence[str] = ()) -> Path:
    """The folder of an existing dataset or model.

    Args:
        kind: ``datasets`` or ``models``: the folder below :func:`home`.
        name: a name, or the path of a folder that holds ``marker``.
        marker: the file that makes such a folder, such as ``dataset.toml``.
        beside: names that are known without lying there, such as ``base``.

    Raises:
        InputError: there is none; the message names the nearest known name and what there is.
    """
    as_path = Path(name)
    if (as_path / marker).is_file():
        return as_path
    below = home() / kind
    if is_plain(str(name)) and (below / name / marker).is_file():
        return below / name
    known = [*beside, *sorted(path.parent.name for path in below.glob(f"*/{marker}"))]
    there = f" Known: {', '.join(known[:_LISTED])}" if known else f" {below} holds none yet"
    more = f" and {len(known) - _LISTED} more" if len(known) > _LISTED else ""
    raise InputError(f"No {kind[:-1]} called {str(name)!r}.{did_you_mean(str(name), known)}{there}{more}.")


def new_folder(kind: str, name: str | Path) -> Path:
    """Where a dataset or model of that name goes; a name with a slash is a path.

    Raises:
        UsageError: the name cannot be a folder's name.
    """
    text = str(name)
    if "/" in text or os.sep in text:
        return Path(text)
    if not is_plain(text):
        raise UsageError(f"{text!r} cannot be the name of a {kind[:-1]}. Use letters, digits, '-', '_' and '.'.")
    return home() / kind / text


def is_plain(name: str) -> bool:
    """Whether a name is one safe folder name.

    >>> is_plain("my-cities"), is_plain("../x"), is_plain("..")
    (True, False, False)
    """
    return bool(name) and not name.startswith(".") and all(letter.isalnum() or letter in "-_." for letter in name)
