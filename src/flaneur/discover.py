"""A package of plug-ins in; their names, and the module of one, out. The file's name is the registered name."""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType

from flaneur.errors import UsageError, did_you_mean


def names(package: str) -> list[str]:
    """Names of the plug-ins in a package, sorted; nothing is imported but the package itself.

    >>> "folder" in names("flaneur.importers")
    True
    """
    folder = importlib.import_module(package)
    return sorted(module.name for module in pkgutil.iter_modules(folder.__path__) if not module.name.startswith("_"))


def load(package: str, name: str) -> ModuleType:
    """The plug-in of that name.

    Raises:
        UsageError: there is none; a near name is suggested, never taken.

    >>> load("flaneur.importers", "foldr")
    Traceback (most recent call last):
    flaneur.errors.UsageError: No importer called 'foldr'. Did you mean 'folder'?
    """
    known = names(package)
    if name not in known:
        kind = package.rsplit(".", 1)[-1].removesuffix("s")
        hint = did_you_mean(name, known) or f" Known: {', '.join(known)}."
        raise UsageError(f"No {kind} called {name!r}.{hint}")
    return importlib.import_module(f"{package}.{name}")
