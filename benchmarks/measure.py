"""Things to time in; medians of interleaved repeats, a small table and a JSON file out."""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from flaneur.bundle.inference import cores
from flaneur.dataset.toy_cities import ToyWorld, draw_toy_cities

PHOTO_PX = 640  # wide, 480 high: what street-view providers and the papers use
_MARK = "complete"


def parser(description: str | None) -> argparse.ArgumentParser:
    """The options that every benchmark has."""
    made = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--out", type=Path, help="file for the result as JSON")
    made.add_argument("--model", default="base", help="flaneur's model: name, folder or .onnx file (base)")
    made.add_argument("--photos", type=Path, default=Path("runs/benchmark-photos"), help="folder of drawn photos")
    made.add_argument("--repeats", type=int, default=5, help="of each contestant, taken in turn (5)")
    return made


def drawn_photos(folder: Path, *, cities: int = 8, places: int = 10, views: int = 3) -> list[Path]:
    """Toy street scenes, 640 x 480 JPEG; drawn at the first call, some 20 seconds for the 240 of the default."""
    mark = folder / _MARK
    wanted = f"{cities} {places} {views}"
    if not mark.is_file() or mark.read_text() != wanted:
        world = ToyWorld(
            cities=cities, places_per_city=places, views=views, size_px=PHOTO_PX, near_duplicates=0, blank=0, corrupt=0
        )
        draw_toy_cities(folder, world)
        mark.write_text(wanted)
    return sorted(folder.rglob("*.jpg"))


def repeated(paths: Sequence[Path], count: int) -> list[Path]:
    """As many paths as asked for, the same ones again and again."""
    return [paths[number % len(paths)] for number in range(count)]


def interleaved(contestants: Mapping[str, Callable[[], float]], repeats: int) -> dict[str, list[float]]:
    """Each contestant in turn, A B C A B C, so that a slow spell of the machine hits all of them.

    Args:
        contestants: name to a function that does the work and returns its figure.
        repeats: rounds.
    """
    found: dict[str, list[float]] = {name: [] for name in contestants}
    for number in range(repeats):
        for name, run in contestants.items():
            found[name].append(run())
            print(f"  round {number + 1} of {repeats}: {name} {found[name][-1]:.4g}", file=sys.stderr)
    return found


def seconds(work: Callable[[], object]) -> float:
    """Wall time of a call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def core_seconds(work: Callable[[], object]) -> float:
    """Time on a core that this thread was given during a call: waiting, and other processes, do not count."""
    start = time.thread_time()
    work()
    return time.thread_time() - start


def summary(values: Sequence[float]) -> dict[str, Any]:
    """Median and range of repeats."""
    return {
        "median": statistics.median(values),
        "low": min(values),
        "high": max(values),
        "runs": [round(value, 6) for value in values],
    }


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> dict[str, Any]:
    """Median over rounds of ours divided by theirs; the two of a round were measured next to each other."""
    return summary([a / b for a, b in zip(ours, theirs, strict=True)])


def child(command: Sequence[str], **environment: str) -> dict[str, float]:
    """Run a program to its end.

    Returns:
        ``wall_s``, ``cpu_s`` on all cores, and the peak of its own resident memory, ``rss_mb`` (MB of 10^6 bytes).

    Raises:
        SystemExit: it failed; its own words are above.
    """
    start = time.perf_counter()
    process = os.posix_spawnp(
        command[0],
        list(command),
        os.environ | environment,
        file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)],
    )
    _, status, usage = os.wait4(process, 0)
    wall = time.perf_counter() - start
    if status:
        raise SystemExit(f"{' '.join(command)}: failed ({os.waitstatus_to_exitcode(status)})")
    return {"wall_s": wall, "cpu_s": usage.ru_utime + usage.ru_stime, "rss_mb": _rss_mb(usage)}


def _rss_mb(usage: resource.struct_rusage) -> float:
    return usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6


def machine() -> dict[str, Any]:
    """Where and with what this was measured."""
    names = ("flaneur", "numpy", "pillow", "onnxruntime", "torch", "timm")
    return {
        "cores": cores(),
        "processor": _processor(),
        "system": platform.system(),
        "python": platform.python_version(),
        "load_average": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "versions": {name: _version(name) for name in names},
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _processor() -> str:
    facts = Path("/proc/cpuinfo")
    lines = facts.read_text().splitlines() if facts.is_file() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor())


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def need(what: str, value: float, *, at_least: float | None = None, at_most: float | None = None) -> dict[str, Any]:
    """One claim and whether it held."""
    held = (at_least is None or value >= at_least) and (at_most is None or value <= at_most)
    return {"claim": what, "value": value, "at_least": at_least, "at_most": at_most, "held": held}


def report(title: str, figures: dict[str, Any], claims: Sequence[dict[str, Any]], out: Path | None) -> None:
    """Show claims as a table; write everything to ``out``."""
    where = machine()
    print(f"\n{title}   ({where['cores']} cores, load {where['load_average']:.1f})")
    for claim in claims:
        low, high = claim["at_least"], claim["at_most"]
        limit = f">= {low:g}" if low is not None else f"<= {high:g}" if high is not None else ""
        verdict = "" if not limit else "held" if claim["held"] else "MISSED"
        print(f"  {claim['claim']:<58} {claim['value']:>9.4g}  {limit:<8} {verdict}")
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        result = {"benchmark": title, "claims": list(claims), "figures": figures, "machine": where}
        out.write_text(json.dumps(result, indent=1) + "\n")
        print(f"  {out}")
