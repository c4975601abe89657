"""``kill -9``, a full disk and a polite stop in the middle of a collection: the same command ends the same.

Fifty kills and ten full disks take half an hour: ``python -m benchmarks.kill_collecting``.
"""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from benchmarks.kill_collecting import mapillary, strike
from benchmarks.moments import Moment

from flaneur.collect.journal import read_log
from flaneur.collect.spot_by_spot import AT_ONCE
from flaneur.dataset.store import open_dataset, verify_dataset
from flaneur.files import read_table
from tiny_source import TinySource, results, run

COUNT = 25
TABLES = ("photos.parquet", "imported.parquet", "dropped.parquet", "ties.parquet")
COMMAND = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parents[1])!r})
import time
from pathlib import Path
from tiny_source import TinySource, results, run
root, most = Path(sys.argv[1]), int(sys.argv[2])
source = TinySource(refused=0.25, pause_s=0.03)
source.trouble = lambda _: time.sleep(600) if results(root) >= most else None  # so that no kill can come too late
run(source, root, {COUNT})
"""
MOMENTS = sorted(np.random.default_rng(50).integers(1, 2 * COUNT, 5).tolist())  # results there when the kill comes


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("undisturbed") / "d"
    run(TinySource(refused=0.25), root, COUNT)
    return root


def start(root: Path, most: int = 10**9, **more) -> subprocess.Popen[bytes]:
    """A collection that asks for nothing more once it has so many results."""
    return subprocess.Popen([sys.executable, "-c", COMMAND, str(root), str(most)], stderr=subprocess.PIPE, **more)


def kill_at(root: Path, when, most: int = 10**9) -> int:
    process = start(root, most)
    while process.poll() is None and not when():
        time.sleep(0.001)
    process.kill()
    process.communicate()
    return process.returncode


def same(root: Path, other: Path) -> bool:
    stored = [sorted(path.name for path in folder.rglob("images/*/*")) for folder in (root, other)]
    assert not list(root.rglob("*.tmp"))
    assert verify_dataset(open_dataset(root)) == []
    return stored[0] == stored[1] and all((root / name).read_bytes() == (other / name).read_bytes() for name in TABLES)


def test_killed_at_six_moments_nothing_is_lost_nothing_twice(undisturbed, tmp_path):
    root, source = tmp_path / "d", TinySource(refused=0.25)
    for count in MOMENTS:
        assert kill_at(root, lambda count=count: results(root) >= count, count) == -signal.SIGKILL
        assert not (root / "dataset.toml").exists()
    met = kill_at(root, lambda: (root / ".import.sqlite").exists() or any(root.glob(".*.tmp")))
    assert met in (0, -signal.SIGKILL)
    had = sum(len(city.results) for city in read_log(root / "collect" / "tiny.jsonl")[0].cities.values())
    run(source, root, COUNT)
    assert same(root, undisturbed)
    assert sum(source.fetched.values()) <= len(read_table(root / "imported.parquet")) - had + AT_ONCE


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="no limit for files here")
def test_a_full_disk_is_told_in_one_line_and_made_up_for(undisturbed, tmp_path):
    root = tmp_path / "d"
    for size in (900, 9_000):
        # A file cannot grow beyond this: EFBIG instead of ENOSPC, at the same places.
        process = start(root, preexec_fn=lambda size=size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)))
        _, talk = process.communicate()
        assert process.returncode == 1
        assert b"cannot be written (File too large). Mend that; the same command then goes on." in talk
    run(TinySource(refused=0.25), root, COUNT)
    assert same(root, undisturbed)


def after_two_pictures(home):
    def come(_: float) -> bool:
        return sum(path.read_bytes().count(b'"is":"result"') for path in home.journals) >= 2

    return Moment("two pictures stored", come)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_polite_stop_leaves_a_dataset_and_says_that_the_same_command_goes_on(tmp_path, number):
    with mapillary(tmp_path, places=12, share=0.0) as home:
        began = time.monotonic()
        assert strike(home, after_two_pictures(home), number) == 130
        assert time.monotonic() - began < 60
        (said,) = (line for line in home.talk[-1].splitlines() if line.startswith("flaneur:"))
        assert said == "flaneur: stopped. What was had is in the dataset; the same command goes on."
        had = {photo.id for photo in open_dataset(home.dataset).photos}
        assert had
        home.finish()
        assert had < {photo.id for photo in open_dataset(home.dataset).photos}
        pictures = {address: times for address, times in home.server.delivered.items() if "/picture/" in address}
        assert sum(pictures.values()) - len(pictures) <= AT_ONCE
        assert os.environ.get("MAPILLARY_TOKEN", "MLY|") not in home.talk[-1]
