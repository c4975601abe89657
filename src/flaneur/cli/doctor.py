"""``flaneur doctor``: this computer in; versions, room, folders, keys that are there (never their value) out."""

from __future__ import annotations

import json
import logging
import os
import platform
import re
import shutil
import textwrap
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

import click

from flaneur.errors import FlaneurError, InputError, UsageError, counted

_SOURCES = "flaneur.sources"
_PATIENCE_S = 8.0
_LEAST_FREE_GB = 1.0
_WIDTH = 110
_REQUIREMENT = re.compile(r"([A-Za-z0-9._-]+)[^;]*(?:;.*extra\s*==\s*['\"]([a-z]+)['\"])?")


@click.command()
@click.argument("source", nargs=-1)
@click.option("--online", is_flag=True, help="Also ask each provider, or each SOURCE, whether it can be reached.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of text.")
def doctor(source: tuple[str, ...], online: bool, as_json: bool) -> None:
    """Say what flaneur finds on this computer, and what is wrong with it.

    Nothing is asked of anybody without --online. That a provider is away is a problem if SOURCE names it, or if all
    are. Keys are only said to be there or not.
    """
    from flaneur import __version__, discover
    from flaneur.cli.main import printable
    from flaneur.net import lacking_extra

    if source and not online:
        raise UsageError(f"Without --online nobody is asked: flaneur doctor --online {' '.join(source)}")
    modules = {name: discover.load(_SOURCES, name) for name in discover.names(_SOURCES)}
    asked = {name: discover.load(_SOURCES, name) for name in source} or modules
    facts: dict[str, Any] = {
        "flaneur": __version__,
        "python": f"{platform.python_version()} ({platform.python_implementation()})",
        "system": f"{platform.system()} {platform.release()}, {platform.machine()}",
        **_packages(),
        "computer": _computer(),
        "home": _home(),
        "settings": sorted(name for name in os.environ if name.startswith("FLANEUR_")),
        "keys": _keys(modules), "contact": _contact(modules),
    }  # fmt: skip
    lacking = lacking_extra() if online else ""
    if online:
        facts["providers"] = {} if lacking else _reached(asked)
    facts["problems"] = [*_problems(facts), *([lacking] if lacking else _away(facts, all_needed=bool(source)))]
    for line in [json.dumps(facts, ensure_ascii=False)] if as_json else _lines(facts):
        click.echo(printable(line))
    if facts["problems"]:
        raise InputError(f"{counted(len(facts['problems']), 'problem')}; what to do is said above.")


def _packages() -> dict[str, Any]:
    """Versions of what flaneur needs, and what each extra lacks."""
    needed: dict[str, list[str]] = {}
    try:
        for text in requires("flaneur") or []:
            if match := _REQUIREMENT.match(text):
                needed.setdefault(match.group(2) or "", []).append(match.group(1))
    except PackageNotFoundError:
        return {"packages": {}, "extras": {}}
    packages = {name: _version(name) for name in needed.pop("", [])}
    extras = {extra: {name: _version(name) for name in names} for extra, names in needed.items() if extra != "dev"}
    return {"packages": packages, "extras": extras}


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _computer() -> dict[str, Any]:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {"cores": cores, "memory_gb": _gigabytes("MemTotal"), "memory_free_gb": _gigabytes("MemAvailable")}


def _gigabytes(field: str) -> float | None:
    """A field of Linux's table of memory; unknown elsewhere."""
    try:
        found = re.search(rf"^{field}:\s+(\d+) kB", Path("/proc/meminfo").read_text("ascii"), flags=re.MULTILINE)
    except OSError:
        return None
    return round(int(found.group(1)) * 1024 / 1e9, 1) if found else None


def _home() -> dict[str, Any]:
    from flaneur.bundle.folder import bundled_base
    from flaneur.settings import home

    folder = home()
    there = next(path for path in [folder, *folder.absolute().parents] if path.is_dir())
    return {
        "folder": str(folder), "exists": folder.is_dir(), "writable": os.access(there, os.W_OK),
        "free_gb": round(shutil.disk_usage(there).free / 1e9, 1),
        "datasets": len(list(folder.glob("datasets/*/dataset.toml"))),
        "models": len(list(folder.glob("models/*/card.json"))), "bundled_model": bundled_base().is_dir(),
    }  # fmt: skip


def _keys(modules: dict[str, Any]) -> dict[str, str]:
    """Variable of each key that a source wants, to where it is found."""
    from flaneur.cli.sources import key_from

    keys = [module.KEY for module in modules.values() if module.KEY is not None]
    variables = {name for key in keys for name in (key.variable, key.secret_variable) if name}
    return {variable: key_from(variable) for variable in sorted(variables)}


def _contact(modules: dict[str, Any]) -> dict[str, Any]:
    """Whether providers can reach the user, and the sources that do not go without."""
    from flaneur import net

    needing = [name for name, module in modules.items() if getattr(module, "CONTACT_NEEDED", False)]
    return {"variable": net.CONTACT, "from": "environment" if net.contact_of() else "absent", "needed_by": needing}


def _reached(modules: dict[str, Any]) -> dict[str, str]:
    """Each address of each source to ``reached`` or why not; all side by side, none for long."""
    asked = [(name, module, base) for name, module in modules.items() for base in module.BASES]
    with _without_warnings("flaneur.net"), ThreadPoolExecutor(max_workers=len(asked) or 1) as threads:
        told = list(threads.map(lambda each: _reach(*each), asked))
    return {f"{name} {base}": answer for (name, _, base), answer in zip(asked, told, strict=True)}


@contextmanager
def _without_warnings(name: str) -> Iterator[None]:
    """Whoever is away is said at the end, and need not be said meanwhile."""
    logger = logging.getLogger(name)
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


def _reach(name: str, module: Any, base: str) -> str:
    """Any answer will do, so none is asked for twice; the key stays here."""
    from flaneur.net import Refused, Unreachable, open_client

    try:
        with open_client(name, key=None, limits=module.LIMITS, bases=module.BASES) as client:
            patience = threading.Timer(_PATIENCE_S, client.stop)
            patience.daemon = True
            patience.start()
            try:
                client.get_bytes(base, accept="any", final_if=lambda _: True)
            finally:
                patience.cancel()
    except Refused:
        return "reached"
    except Unreachable:
        return f"not reached in {_PATIENCE_S:g} seconds"
    except FlaneurError as error:
        return str(error)
    return "reached"


def _problems(facts: dict[str, Any]) -> list[str]:
    """What will go wrong; a key or an extra that is not there is none."""
    home = facts["home"]
    found = [
        f"{name} is not installed, and flaneur needs it: pip install --force-reinstall flaneur"
        for name, one in facts["packages"].items()
        if one is None
    ]
    if not home["writable"]:
        found.append(f"{home['folder']} cannot be written to. Set FLANEUR_HOME to a folder of yours.")
    if home["free_gb"] < _LEAST_FREE_GB:
        found.append(f"{home['folder']}: only {home['free_gb']:g} GB are free. Make room, or set FLANEUR_HOME.")
    found += [why for why in dict.fromkeys(facts["keys"].values()) if " " in why]
    return found + _unreadable()


def _away(facts: dict[str, Any], *, all_needed: bool) -> list[str]:
    """A problem if no provider was reached, or one that is needed was not."""
    providers: dict[str, str] = facts.get("providers", {})
    away = [name for name, said in providers.items() if said != "reached"]
    if not away or (len(away) < len(providers) and not all_needed):
        return []
    return [f"Not reached: {', '.join(away)}. Is this computer online, and its proxy set?"]


def _unreadable() -> list[str]:
    """The user's own tables, where they cannot be read."""
    from flaneur.collect.prices import prices
    from flaneur.gazetteer import own_places

    found = []
    for read in (own_places, prices):
        try:
            read()
        except FlaneurError as error:
            found.append(str(error))
    return found


def _lines(facts: dict[str, Any]) -> list[str]:
    home, computer, contact = facts["home"], facts["computer"], facts["contact"]
    memory = "" if computer["memory_gb"] is None else (
        f", {computer['memory_gb']:g} GB of memory, {computer['memory_free_gb']:g} free"
    )  # fmt: skip
    lines = [
        f"flaneur   {facts['flaneur']}; bundled model: {'there' if home['bundled_model'] else 'none'}",
        f"python    {facts['python']} on {facts['system']}",
        *_wrapped("packages", _told(facts["packages"])),
        *(f"extra     {extra}: {_lacking(names)}" for extra, names in facts["extras"].items()),
        f"computer  {counted(computer['cores'], 'core')}{memory}",
        f"home      {home['folder']}{'' if home['exists'] else ' (not made yet)'}: "
        f"{counted(home['datasets'], 'dataset')}, {counted(home['models'], 'model')}, {home['free_gb']:,g} GB free",
        *_wrapped("settings", ", ".join(facts["settings"]) or "none in the environment"),
        *(f"key       {name}: {_short(said)}" for name, said in facts["keys"].items()),
        f"contact   {contact['variable']}: {contact['from']} (needed by {', '.join(contact['needed_by'])})",
        *(f"provider  {name}: {said}" for name, said in facts.get("providers", {}).items()),
    ]
    return [*lines, *(f"problem   {problem}" for problem in facts["problems"] or ["none"])]


def _short(said: str) -> str:
    return "not to be used, see below" if " " in said else said


def _wrapped(label: str, text: str) -> list[str]:
    indent = f"{label:<10}"
    return textwrap.wrap(text, _WIDTH, initial_indent=indent, subsequent_indent=" " * 10, break_on_hyphens=False)


def _told(packages: dict[str, str | None]) -> str:
    return ", ".join(f"{name} {found or 'missing'}" for name, found in packages.items()) or "not known: run from a copy"


def _lacking(names: dict[str, str | None]) -> str:
    missing = [name for name, found in names.items() if found is None]
    return f"not installed (lacks {', '.join(missing)})" if missing else "installed"
