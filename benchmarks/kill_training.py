"""``kill -9`` in the middle of ``flaneur train RECIPE``, at many moments: does the same command end with the same bits?

Moments are shares of an undisturbed run's time, epochs seen in the run's folder, and writes caught in the act. After
a kill the same command runs again, and is killed again; then it finishes, is compared and forgotten.
tests/journeys/test_kill_finetune.py strikes at a few chosen ones in the suite.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measure import need, report
from benchmarks.moments import Moment, after, at_time
from flaneur.dataset.audit import split_dataset
from flaneur.dataset.split import SplitRule
from flaneur.dataset.store import import_photos, open_dataset
from flaneur.dataset.toy_cities import ToyWorld, draw_toy_cities
from flaneur.files import sha256_file
from flaneur.importers import folder

NETWORK = "test_efficientnet"
WORLD = ToyWorld(seed=5, cities=3, places_per_city=8, views=2, size_px=96, near_duplicates=0, blank=0, corrupt=0)
RECIPE = """
name = "tiny"
[data]
dataset = "toy"
[network]
backbone = "timm/test_efficientnet"
size_px = 48
stages = 2
[training]
epochs = 4
epochs_small = 1
size_small_px = 32
epochs_finish = 1
batch = 4
mixup = 0.2
ema = 0.9
threads = 1
seed = 3
[novelty]
methods = ["energy"]
"""
# A checkpoint after every step, and slow steps: a kill meets every stage, as with a larger network, in less time.
SLOWED = """
import sys, time
from flaneur.training.networks import loop
loop.CHECKPOINT_SECONDS = 0.0
step = loop._step
def slowly(*words):
    time.sleep({pause_s})
    return step(*words)
loop._step = slowly
from flaneur.cli.main import run
sys.exit(run(sys.argv[1:]))
"""
LIMIT_S = 300


@dataclass(frozen=True)
class Home:
    """Where a toy dataset, a weight file and a recipe lie."""

    root: Path
    recipe: Path
    weights: Path

    def run(self, name: str) -> Path:
        """Folder of a run."""
        return self.root / "runs" / name

    def results(self, name: str) -> tuple[str, str]:
        """SHA-256 of the trained weights and of the finished model."""
        return (
            sha256_file(self.run(name) / "weights.safetensors"),
            sha256_file(self.root / "models" / name / "model.onnx"),
        )

    def forget(self, name: str) -> None:
        """As if that run had never been."""
        shutil.rmtree(self.run(name), ignore_errors=True)
        shutil.rmtree(self.root / "models" / name, ignore_errors=True)
        shutil.rmtree(self.root / "datasets" / "toy" / "features", ignore_errors=True)


def toy_home(root: Path, table: Path, recipe: str = RECIPE) -> Home:
    """Import and split drawn toy cities; write the recipe, and random weights where it wants any."""
    import_photos(folder.find(table), root / "datasets" / "toy", name="toy", source="folder")
    split_dataset(open_dataset(root / "datasets" / "toy"), SplitRule(cell_m=0, gap_m=0))
    (root / "tiny.toml").write_text(recipe)
    weights = root / f"{NETWORK}.safetensors"
    return Home(root, root / "tiny.toml", random_weights(weights) if NETWORK in recipe else weights)


def random_weights(path: Path, name: str = NETWORK) -> Path:
    """A weight file of a timm network, random."""
    import torch
    from safetensors.torch import save_file

    from flaneur.models.shims import load_timm

    torch.manual_seed(0)
    save_file(load_timm().create_model(name).state_dict(), path)
    return path


def start(home: Home, name: str, *, pause_s: float = 0.03) -> subprocess.Popen[bytes]:
    """``flaneur train tiny.toml``, in a process of its own."""
    environment = os.environ | {"FLANEUR_HOME": str(home.root), "SOURCE_DATE_EPOCH": "0", "OMP_NUM_THREADS": "1"}
    words = ["train", str(home.recipe), "--name", name, "--weights", str(home.weights), "--device", "cpu"]
    command = [sys.executable, "-c", SLOWED.format(pause_s=pause_s), *words]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def finish(home: Home, name: str) -> float:
    """Run to the end; seconds.

    Raises:
        RuntimeError: it failed; with what it said.
    """
    began = time.monotonic()
    process = start(home, name)
    _, talk = process.communicate(timeout=LIMIT_S)
    if process.returncode:
        raise RuntimeError(f"exit code {process.returncode}: {talk.decode()[-2000:]}")
    return time.monotonic() - began


def at_progress(run: Path, more_epochs: int, more_s: float) -> Moment:
    """So long after the run's log has got so many epochs longer."""
    wanted = epochs_done(run) + more_epochs
    return after(f"{more_epochs} more epochs", lambda: epochs_done(run) >= wanted, more_s)


def at_write(run: Path, prefix: str, count: int) -> Moment:
    """While a file of that name is being written, the ``count``-th time."""
    seen: set[str] = set()

    def come(_: float) -> bool:
        seen.update(path.name for path in run.glob(f".{prefix}*.tmp"))
        return len(seen) >= count

    return Moment(f"in write {count} of {prefix}", come)


def epochs_done(run: Path) -> int:
    """Epochs in the run's log."""
    try:
        return sum(bool(line.strip()) for line in (run / "log.jsonl").read_text().splitlines())
    except OSError:
        return 0


def kill_at(home: Home, name: str, moment: Moment, number: int = signal.SIGKILL) -> tuple[int, bytes]:
    """Start, and send a signal when the moment has come.

    Returns:
        The exit code, negative for a signal, zero if the run was over before; and standard error.
    """
    process = start(home, name)
    began = time.monotonic()
    while process.poll() is None and not moment.come(time.monotonic() - began):
        time.sleep(0.0005)
        if time.monotonic() - began > LIMIT_S:
            process.kill()
    if process.poll() is None:
        process.send_signal(number)
    _, talk = process.communicate(timeout=LIMIT_S)
    return process.returncode, talk


def moments(home: Home, name: str, whole_s: float, seed: int) -> Iterator[Moment]:
    """Without end: a third by time, a third by epoch, a third within writes."""
    rng = np.random.default_rng(seed)
    run = home.run(name)
    while True:
        yield at_time(float(rng.uniform(0.3, 0.95) * whole_s))
        yield at_progress(run, 1, float(rng.uniform(0, 0.4)))
        yield at_write(run, "checkpoint", int(rng.integers(1, 20)))
        yield at_time(float(rng.uniform(0.3, 0.95) * whole_s))
        yield at_progress(run, 2, float(rng.uniform(0, 0.4)))
        yield at_write(run, "weights.safetensors", 1)


def rounds(home: Home, count: int, kills: int, seed: int) -> list[dict[str, Any]]:
    """Kill, kill again, finish, compare, forget; until so many kills met a run."""
    whole_s = finish(home, "whole")
    expected = home.results("whole")
    print(f"undisturbed: {whole_s:.1f} s", file=sys.stderr)
    rows: list[dict[str, Any]] = []
    met = 0
    for number, moment in enumerate(moments(home, "killed", whole_s, seed), 1):
        code, talk = kill_at(home, "killed", moment)
        if code not in (0, -signal.SIGKILL):
            raise RuntimeError(f"{moment.what}: exit code {code}: {talk.decode()[-2000:]}")
        met += code != 0
        row = {"moment": moment.what, "code": code, "epochs": epochs_done(home.run("killed")), "same": None}
        if number % kills == 0 or met == count:
            finish(home, "killed")
            row["same"] = home.results("killed") == expected
            home.forget("killed")
        rows.append(row)
        print(json.dumps(row), file=sys.stderr)
        if met == count:
            break
    return rows


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--out", "--json", dest="out", type=Path, help="file for the result as JSON")
    options.add_argument("--moments", type=int, default=20, help="kills that meet a run before its end (20)")
    options.add_argument("--seed", type=int, default=7, help="of the moments (7)")
    options.add_argument("--kills", type=int, default=2, help="of one run before it may finish (2)")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        rows = rounds(
            toy_home(Path(scratch), draw_toy_cities(Path(scratch) / "drawn", WORLD)), chosen.moments, chosen.kills
        )
    finished = [row for row in rows if row["same"] is not None]
    claims = [
        need("kills", sum(row["code"] != 0 for row in rows), at_least=chosen.moments),
        need("runs finished afterwards", len(finished)),
        need("with the very same weights and model", sum(row["same"] for row in finished), at_least=len(finished)),
    ]
    report("killed training", {"rows": rows}, claims, chosen.out)


if __name__ == "__main__":
    main()
