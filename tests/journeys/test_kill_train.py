"""``kill -9`` in the middle of ``flaneur train``: the same command finishes, with the files of an undisturbed run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from bundles import tiny_bundle
from flaneur.dataset.audit import split_dataset
from flaneur.dataset.split import SplitRule
from flaneur.dataset.store import import_photos, open_dataset
from flaneur.files import sha256_file
from flaneur.importers import folder

KILLS, TRIES = 6, 30


@pytest.fixture(scope="module")
def home(tmp_path_factory, toy_csv):
    """A home with an imported and split toy dataset and a tiny encoder. ``flaneur train`` will write into it."""
    home = tmp_path_factory.mktemp("home")
    import_photos(folder.find(toy_csv), home / "datasets" / "toy", name="toy", source="folder")
    split_dataset(open_dataset(home / "datasets" / "toy"), SplitRule(cell_m=0, gap_m=0))
    tiny_bundle(home / "models" / "tiny")
    return home


# Small pieces, slowly, so that a kill meets every stage: as with a larger dataset, in less time.
SLOWED = """
import sys, time
from flaneur.training.heads import features
features._PIECE = 8
embed = features.embed_paths
def slowly(*arguments):
    time.sleep(0.1)
    return embed(*arguments)
features.embed_paths = slowly
from flaneur.cli.main import run
sys.exit(run(["train", "--dataset", "toy", "--name", sys.argv[1], "--encoder", "tiny", "--replace"]))
"""


def _start(home: Path, name: str) -> subprocess.Popen[bytes]:
    environment = os.environ | {"FLANEUR_HOME": str(home), "SOURCE_DATE_EPOCH": "0", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", SLOWED, name]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def _finish(home: Path, name: str) -> float:
    began = time.monotonic()
    process = _start(home, name)
    _, talk = process.communicate(timeout=120)
    assert process.returncode == 0, talk.decode()
    return time.monotonic() - began


def _files(model: Path) -> dict[str, str]:
    return {str(path.relative_to(model)): sha256_file(path) for path in sorted(model.rglob("*")) if path.is_file()}


def _forget(home: Path) -> None:
    for path in sorted((home / "datasets" / "toy" / "features").rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()


def test_killed_at_any_moment_it_goes_on_to_the_same_model(home):
    seconds = _finish(home, "mine")
    expected = _files(home / "models" / "mine")
    assert {"card.json", "model.onnx", "README.md"} <= set(expected)
    rng = np.random.default_rng(7)
    killed = 0
    for _ in range(TRIES):
        # Every other time from nothing, else from what the last kill left: both must end alike.
        if killed % 2 == 0:
            _forget(home)
        began, process = time.monotonic(), _start(home, "mine")
        try:
            process.wait(timeout=rng.uniform(0.1, 1.0) * seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
        else:
            seconds = min(seconds, time.monotonic() - began)  # the machine has become quicker
        process.communicate()
        killed += process.returncode == -signal.SIGKILL
        if (home / "models" / "mine").exists():
            assert _files(home / "models" / "mine") == expected  # the old model or the new one, never half of one
        if killed == KILLS:
            break
    assert killed == KILLS
    _finish(home, "mine")
    assert _files(home / "models" / "mine") == expected
    left = [path.name for path in (home / "models").iterdir() if not path.name.startswith(".")]
    assert sorted(left) == ["mine", "tiny"]


@pytest.mark.parametrize("share", [0.6])
def test_a_first_run_that_is_killed_leaves_no_half_model(home, share):
    name = f"first-{share}"
    _forget(home)
    seconds = _finish(home, "reference")
    _forget(home)
    process = _start(home, name)
    try:
        process.wait(timeout=share * seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
    process.communicate()
    folder_of_model = home / "models" / name
    assert not folder_of_model.exists() or (folder_of_model / "card.json").is_file()
    _finish(home, name)
    model, reference = _files(folder_of_model), _files(home / "models" / "reference")
    assert model["model.onnx"] == reference["model.onnx"]
