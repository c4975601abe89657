"""A model's name, or a path in its place, in; what it is called, its folder and that of its run out."""

from __future__ import annotations

from pathlib import Path

from flaneur import settings
from flaneur.errors import UsageError


def model_name(name: str) -> str:
    """What a model is called: the last part of a name with a slash.

    Raises:
        UsageError: that part cannot be a name.

    >>> model_name("mine"), model_name("sub/mine")
    ('mine', 'mine')
    """
    last = name.rstrip("/").rpartition("/")[2]
    if "/" in name and not settings.is_plain(last):
        raise UsageError(f"{name!r} cannot be the name of a model. Use letters, digits, '-', '_' and '.'.")
    return last


def model_folder(name: str, output: Path | None) -> Path:
    """Where the model goes.

    Raises:
        UsageError: a name that cannot be, or that of the bundled model.
    """
    if output is not None:
        return output
    if name == "base":
        raise UsageError("'base' is the bundled model. Choose another --name.")
    return settings.new_folder("models", name)


def folders(name: str, output: Path | None) -> tuple[Path, Path]:
    """Of the run and of the model. The run of a model that is named by a path lies beside it.

    Raises:
        UsageError: as :func:`model_folder`.
    """
    out = model_folder(name, output)
    run = out.with_name(f"{model_name(name)}.run") if "/" in name else settings.new_folder("runs", name)
    return run, out
