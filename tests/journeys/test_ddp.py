"""``torchrun`` with two processes on a CPU against one process: the same weights within tolerance, the same answers."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

if find_spec("torch") is None:
    pytest.skip("needs the train extra", allow_module_level=True)

from benchmarks.kill_training import Home, toy_home

pytestmark = pytest.mark.train
# Batch norms see their own process's photos, and dropout and mixing draw by process: without them it must be the same.
RECIPE = """
name = "shared"
[data]
dataset = "toy"
[network]
backbone = "seed/small"
initial = "random"
size_px = 48
pooling = "flatten"
hidden = [16]
dropout = 0.0
standardise = false
head_start = "random"
[training]
epochs = 3
batch = 8
label_smoothing = 0.05
ema = 0.8
threads = 1
precision = "float32"
[novelty]
methods = ["energy"]
"""
TORCHRUN = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "flaneur")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, toy_csv: Path) -> Home:
    """Toy cities and the recipe."""
    return toy_home(tmp_path_factory.mktemp("home"), toy_csv, RECIPE)


def test_two_processes_learn_what_one_learns(
    home: Home, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from safetensors.numpy import load_file

    from flaneur import load
    from flaneur.cli.main import run

    for name, value in {"FLANEUR_HOME": str(home.root), "SOURCE_DATE_EPOCH": "0", "OMP_NUM_THREADS": "1"}.items():
        monkeypatch.setenv(name, value)
    words = ["train", str(home.recipe), "--device", "cpu", "--name"]
    two = subprocess.Popen([*TORCHRUN, *words, "two"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    code = run([*words, "one"])
    said, talk = two.communicate(timeout=600)
    assert code == 0, capfd.readouterr().err
    assert two.returncode == 0, talk
    assert said.count("Model: ") == 1, said  # the second process says nothing
    alone, shared = (load_file(home.run(name) / "weights.safetensors") for name in ("one", "two"))
    assert alone.keys() == shared.keys()
    for key, value in alone.items():
        np.testing.assert_allclose(shared[key], value, atol=2e-5, rtol=1e-4, err_msg=key)
    photos = sorted((home.root / "datasets" / "toy" / "images").rglob("*.*"))[:24]
    answers = [
        np.stack([scores.logits for _, scores in load(home.root / "models" / name).scores(photos)])
        for name in ("one", "two")
    ]
    np.testing.assert_allclose(answers[0], answers[1], atol=0.02)
    assert (answers[0].argmax(axis=1) == answers[1].argmax(axis=1)).mean() >= 0.95
