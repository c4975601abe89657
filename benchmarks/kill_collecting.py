"""``kill -9``, SIGTERM, Ctrl-C, a full disk in the middle of ``flaneur collect``: does the same command end the same?

A real server on this machine plays Mapillary (pictures are stored) and Street View (recipes, then pictures that are
paid for, into the cache). It misbehaves one time in ten. Moments are shares of an undisturbed run's time, entries seen
in the journal, and tables caught while they are written. After a few kills the command may finish; then tables, files
and bills are compared with those of the run that was left alone. tests/journeys/test_kill_collect.py does a few.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from benchmarks.measure import need, report
from benchmarks.moments import Moment, after, at_time
from flaneur.collect.spot_by_spot import AT_ONCE
from flaneur.dataset.store import open_dataset, verify_dataset
from flaneur.files import read_table, sha256_file
from provider.google_street_view import KEY as STREET_VIEW_KEY
from provider.google_street_view import GoogleStreetView
from provider.mapillary import KEY as MAPILLARY_KEY
from provider.mapillary import Mapillary
from provider.server import ALL, Faults, ProviderServer
from provider.world import World

CENTRE = (38.7223, -9.1393)
BOX = "-9.1463,38.7169,-9.1323,38.7277"
PRICE = 0.007
PRICES = f"""
["google.street_view_static"]
name = "Street View"
currency = "USD"
free = 0
steps = [[0, {PRICE * 1000}]]
read_on = "2026-11-21"
url = "https://example.org"
"""
CITIES = f"""
[lisbon-pt]
name = "Lisbon"
lat = {CENTRE[0]}
lon = {CENTRE[1]}
"""  # so that no command has to read all of GeoNames
# A steady trickle, so that a kill meets every stage.
SLOWED = """
import sys
from flaneur import discover
from flaneur.protocols import Limit
source = discover.load("flaneur.sources", sys.argv[2])
source.LIMITS = {{group: Limit({rate}, 0.1) for group in source.LIMITS}}
from flaneur.cli.main import main
main()
"""
TABLES = ("photos.parquet", "imported.parquet", "dropped.parquet", "ties.parquet", "recipes.parquet")
LIMIT_S = 300
WAIT_SCALE = "0.01"


@dataclass
class Home:
    """Where everything lies, and how a command gets there.

    ``commands`` are run one after the other; ``billed`` matches paths at the server that cost money.
    """

    root: Path
    server: ProviderServer
    source: str
    commands: tuple[tuple[str, ...], ...]
    secrets: dict[str, str]
    billed: str = ""
    budget: float = 0.0
    rate: int = 6
    talk: list[str] = field(default_factory=list)

    @property
    def dataset(self) -> Path:
        return self.root / "datasets" / "mine"

    @property
    def journals(self) -> list[Path]:
        return sorted((self.dataset / "collect").glob("*.jsonl"))

    def start(self, command: Sequence[str], **more: Any) -> subprocess.Popen[bytes]:
        bases = self.server.environment(self.source, "graph", "tiles", "maps")
        there = {"FLANEUR_HOME": str(self.root), "FLANEUR_NET_WAIT_SCALE": WAIT_SCALE, "OMP_NUM_THREADS": "1"}
        money = ("--budget", f"{self.budget}") if self.billed else ()
        words = [sys.executable, "-c", SLOWED.format(rate=self.rate), "collect", self.source, *command, *money]
        environment = {**os.environ, **bases, **there, **self.secrets}
        return subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, **more)

    def finish(self) -> float:
        """Run all commands to the end; seconds. A budget that kills have eaten up is raised, as a user would.

        Raises:
            RuntimeError: one failed; with what it said.
        """
        began = time.monotonic()
        for command in self.commands:
            for _ in range(10):
                process = self.start(command)
                _, talk = process.communicate(timeout=LIMIT_S)
                self.talk.append(talk.decode())
                self.budget += 50 * PRICE if process.returncode == 5 else 0
                if process.returncode not in (3, 5):
                    break
            if process.returncode:
                raise RuntimeError(f"exit code {process.returncode}: {talk.decode()[-2000:]}")
        return time.monotonic() - began

    def results(self) -> dict[str, str]:
        """Hashes of the tables, of the contents, and of all that is stored."""
        data = open_dataset(self.dataset)
        problems = verify_dataset(data)
        if problems:
            raise RuntimeError("; ".join(problems[:3]))
        found = {name: self._table(name) for name in TABLES if (self.dataset / name).is_file()}
        stored = sorted(path.name for path in self.dataset.rglob("images/*/*") if path.is_file())
        left = [path.name for path in self.dataset.rglob("*.tmp")]
        return {**found, "content": data.content_hash, "stored": ",".join(stored), "left": ",".join(left)}

    def _table(self, name: str) -> str:
        """A table's hash; where its rows name files of the cache, without the folder that the home happens to be."""
        if "materialise" not in " ".join(map(str, self.commands)):
            return sha256_file(self.dataset / name)
        return json.dumps(read_table(self.dataset / name)).replace(str(self.root), "")

    def spent(self) -> float:
        """What the server would have charged for."""
        return self.server.count(self.billed) * PRICE if self.billed else 0.0

    def furnish(self) -> None:
        """What a user has there."""
        (self.root / "prices.toml").write_text(PRICES)
        (self.root / "cities.toml").write_text(CITIES)

    def forget(self) -> None:
        """As if nothing had been collected."""
        for path in self.root.glob("*"):
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        self.budget = 0.0
        self.furnish()
        self.server.trace.clear()
        self.server.delivered.clear()


@contextmanager
def mapillary(root: Path, *, places: int = 24, share: float = 0.1) -> Iterator[Home]:
    """Pictures that are stored, some of them views of panoramas; some photos are gone."""
    world = World({"lisbon-pt": CENTRE}, photos=420, seed=3, radius_km=0.6, panoramas=0.3, size_px=96)
    deleted = frozenset(photo.id for photo in world.all[::9])
    with ProviderServer([Mapillary(world, deleted=deleted)], faults(share)) as server:
        words = ("--city", "lisbon-pt", "--area", BOX, "--count", f"{places}", "--name", "mine", "--radius", "60")
        command = (*words, "--views", "2", "--size", "96", "--min-distance", "10")
        home = Home(root, server, "mapillary", (command,), {"MAPILLARY_TOKEN": MAPILLARY_KEY})
        home.furnish()
        yield home


@contextmanager
def street_view(root: Path, *, places: int = 12, share: float = 0.1) -> Iterator[Home]:
    """Recipes, then three pictures a place, each of which is paid for."""
    world = World({"lisbon-pt": CENTRE}, photos=300, seed=3, radius_km=0.6, size_px=96)
    with ProviderServer([GoogleStreetView(world)], faults(share)) as server:
        words = ("--city", "lisbon-pt", "--area", BOX, "--count", f"{places}", "--name", "mine")
        recipes = (*words, "--views", "3", "--fov", "120", "--size", "96")
        secrets = {"GOOGLE_MAPS_API_KEY": STREET_VIEW_KEY}
        home = Home(root, server, "google_street_view", (recipes, ("--materialise", "mine")), secrets, "streetview$")
        home.furnish()
        yield home


def faults(share: float) -> Faults:
    """All kinds but the slow drip, which takes long and is the client's own matter."""
    kinds = tuple(kind for kind in ALL if kind != "drip")
    return Faults(share=share, seed=5, kinds=kinds, wait_scale=float(WAIT_SCALE))


def at_entry(home: Home, more: int, more_s: float) -> Moment:
    """So long after the journals have got so many entries longer."""
    wanted = entries(home) + more
    return after(f"{more} more entries", lambda: entries(home) >= wanted, more_s)


def at_table(home: Home, more_s: float) -> Moment:
    """So long after the first table is being written."""

    def writes() -> bool:
        return any(re.match(r"\.import|\..*\.tmp", path.name) for path in home.dataset.glob(".*"))

    return after("the first table", writes, more_s)


def entries(home: Home) -> int:
    """Entries in the journals."""
    return sum(path.read_bytes().count(b"\n") for path in home.journals)


def moments(home: Home, whole_s: float, rng: np.random.Generator) -> Iterator[Moment]:
    """Without end: by entries, by time, within the writing of tables."""
    while True:
        yield at_entry(home, int(rng.integers(1, 25)), float(rng.uniform(0, 0.03)))
        yield at_time(float(rng.uniform(0.4, 1.0) * whole_s))
        yield at_entry(home, int(rng.integers(1, 6)), float(rng.uniform(0, 0.03)))
        yield at_table(home, float(rng.uniform(0, 0.05)))


def strike(home: Home, moment: Moment, number: int = signal.SIGKILL) -> int:
    """Run the commands, and send a signal when the moment has come.

    Returns:
        The exit code of the command that was met, negative for a signal; zero if all was over before.
    """
    began = time.monotonic()
    for command in home.commands:
        process = home.start(command)
        while process.poll() is None and not moment.come(time.monotonic() - began):
            time.sleep(0.001)
            if time.monotonic() - began > LIMIT_S:
                process.kill()
        if process.poll() is None:
            process.send_signal(number)
        _, talk = process.communicate(timeout=LIMIT_S)
        home.talk.append(talk.decode())
        if process.returncode:
            return process.returncode
    return 0


def differing(found: dict[str, str], expected: dict[str, str]) -> str:
    """What of a dataset is not as it should be."""
    names = sorted(name for name in {*found, *expected} if found.get(name) != expected.get(name))
    return "; ".join(f"{name}: {found.get(name, '')[:60]}" for name in names)


def rounds(home: Home, count: int, kills: int, numbers: Sequence[int], seed: int) -> list[dict[str, Any]]:
    """Strike, strike again, finish, compare, forget; until so many signals met a run."""
    home.budget = 1e6
    whole_s = home.finish()
    expected, plain = home.results(), sum(home.server.delivered.values())
    print(f"{home.source}, undisturbed: {whole_s:.1f} s, {len(home.server.trace)} requests", file=sys.stderr)
    rows: list[dict[str, Any]] = []
    rng = np.random.default_rng(seed)
    home.forget()
    since = met = 0
    for index, moment in enumerate(moments(home, whole_s, rng)):
        home.budget = home.budget or 36 * 1.2 * PRICE
        code = strike(home, moment, numbers[index % len(numbers)])
        if code == 5 and home.spent() + PRICE > home.budget:  # eaten up by the kills before: as a user would
            home.budget += 50 * PRICE
            continue
        since += code != 0
        met += code != 0
        row: dict[str, Any] = {"moment": moment.what, "code": code, "entries": entries(home), "same": None}
        if since == kills or met == count or code == 0:
            home.finish()
            again = sum(home.server.delivered.values()) - plain
            asked = len(home.server.trace)
            home.finish()
            differs = differing(home.results(), expected)
            row |= {
                "same": not differs, "differs": differs, "again": again, "kills": since,
                "asked_when_finished": len(home.server.trace) - asked,
                "spent": home.spent(), "budget": home.budget if home.billed else 0.0,
            }  # fmt: skip
            home.forget()
            since = 0
        rows.append(row)
        print(json.dumps(row), file=sys.stderr)
        if met == count:
            break
    return rows


@contextmanager
def disk(home: Home, folder: Path, size_kb: int) -> Iterator[None]:
    """A disk of its own for a folder of the home, or for all of it. Needs to be root.

    Raises:
        OSError: this machine does not let us mount one.
    """
    folder.mkdir(exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size_kb}k", "none", str(folder)]
    made = subprocess.run(mount, capture_output=True, check=False)
    if made.returncode:
        raise OSError(made.stderr.decode().strip())
    try:
        home.furnish()
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)
        home.forget()


def can_mount() -> bool:
    """Whether :func:`disk` works here."""
    with tempfile.TemporaryDirectory() as folder:
        made = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=64k", "none", folder], capture_output=True, check=False
        )
        return not made.returncode and not subprocess.run(["umount", folder], check=True).returncode


def filled(home: Home, count: int, seed: int) -> list[dict[str, Any]]:
    """Let the disk be full at some moment; then make it larger, finish and compare."""
    rng = np.random.default_rng(seed)
    # All on it, or only what is collected: then it is not the table of rates that meets the end of the disk.
    folders = (home.root, home.root / ("cache" if home.billed else "datasets"))
    needed: list[int] = []
    for folder in folders:
        with disk(home, folder, 100_000):
            home.budget = 1e6
            home.finish()
            expected = home.results()
            needed.append(int(subprocess.run(["du", "-sk", folder], capture_output=True, check=True).stdout.split()[0]))
    rows: list[dict[str, Any]] = []
    while len(rows) < count:
        folder, whole_kb = folders[len(rows) % 2], needed[len(rows) % 2]
        size_kb = int(rng.uniform(0.1, 0.98) * whole_kb) // 4 * 4
        with disk(home, folder, size_kb):
            home.talk.clear()
            home.budget = 1e6
            code = strike(home, Moment("never", lambda _: False))
            said = [line for line in home.talk[-1].splitlines() if line.startswith("flaneur:")]
            subprocess.run(["mount", "-o", "remount,size=100000k", str(folder)], check=True)
            home.finish()
            row = {"size_kb": size_kb, "of_kb": whole_kb, "code": code, "same": home.results() == expected}
            row |= {"said": said[-1:], "odd": any("Traceback" in talk for talk in home.talk) or code not in (0, 3)}
        print(json.dumps(row), file=sys.stderr)
        if code:
            rows.append(row)
    return rows


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--out", "--json", dest="out", type=Path, help="file for the result as JSON")
    options.add_argument("--moments", type=int, default=50, help="kills that meet a run before its end (50)")
    options.add_argument("--full", type=int, default=10, help="disks that are full (10); needs to be root")
    options.add_argument("--seed", type=int, default=9, help="of the moments (9)")
    options.add_argument("--kills", type=int, default=3, help="of one collection before it may finish (3)")
    chosen = options.parse_args()
    figures: dict[str, Any] = {}
    asked = {"mapillary": (mapillary, 0.6), "street_view": (street_view, 0.4)}
    for name, (provider, part) in asked.items():
        with tempfile.TemporaryDirectory() as scratch, provider(Path(scratch)) as home:
            count = round(part * chosen.moments)
            figures[name] = {"killed": rounds(home, count, chosen.kills, [signal.SIGKILL], chosen.seed)}
            home.forget()
            polite = [signal.SIGTERM, signal.SIGINT]
            figures[name]["stopped"] = rounds(home, round(part * 10), 2, polite, chosen.seed + 1)
            home.forget()
            if chosen.full and can_mount():
                figures[name]["full"] = filled(home, round(part * chosen.full), chosen.seed)
            else:
                print("No full disks: this machine does not let us mount one.", file=sys.stderr)
    report("killed collecting", figures, claims(figures), chosen.out)


def claims(figures: dict[str, Any]) -> list[dict[str, Any]]:
    """What must hold."""
    struck = [row for found in figures.values() for kind in ("killed", "stopped") for row in found[kind]]
    full = [row for found in figures.values() for row in found.get("full", [])]
    ended = [row for row in struck if row["same"] is not None]
    whole = [*ended, *full]
    twice = max((row["again"] / max(1, row["kills"]) for row in ended), default=0)
    unasked = sum(row["asked_when_finished"] for row in ended)
    over = sum(row["spent"] > row["budget"] + 1e-9 for row in ended)
    return [
        need("kill -9 that met a run", sum(row["code"] == -9 for row in struck)),
        need("SIGTERM and Ctrl-C that met a run", sum(row["code"] == 130 for row in struck)),
        need("full disks", len(full)),
        need("other exit codes", sum(row["code"] not in (0, -9, 130) for row in struck), at_most=0),
        need("collections finished afterwards", len(whole)),
        need("with the very same tables, photos and files", sum(row["same"] for row in whole), at_least=len(whole)),
        need("replies fetched again, most for one stop", twice, at_most=4 * AT_ONCE),
        need("requests of finished collections", unasked, at_most=0),
        need("collections that spent more than the budget", over, at_most=0),
        need("full disks not told in one line", sum(row["odd"] or not row["said"] for row in full), at_most=0),
    ]


if __name__ == "__main__":
    main()
