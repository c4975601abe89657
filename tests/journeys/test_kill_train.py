"""``kill -9`` in the middle of ``flaneur train``: the same command finishes, with the files of an undisturbed run."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from bundles import tiny_bundle
from copies import Copies
from flaneur.dataset.audit import split_dataset
from flaneur.dataset.split import SplitRule
from flaneur.dataset.store import import_photos, open_dataset
from flaneur.files import sha256_file
from flaneur.importers import folder

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs processes that can be copied")
KILLS, TRIES = 5, 30


@dataclass
class Home:
    """A folder with an imported and split toy dataset and a tiny encoder, and processes that train in it."""

    root: Path
    copies: Copies

    def start(self, name: str) -> int:
        environment = {"FLANEUR_HOME": str(self.root), "SOURCE_DATE_EPOCH": "0"}
        return self.copies.start("slow_train:train", name, said=self.root / "said.txt", environment=environment)

    def finish(self, name: str) -> float:
        """Train to the end; seconds."""
        began = time.monotonic()
        assert self.copies.wait(self.start(name)) == 0, (self.root / "said.txt").read_text()
        return time.monotonic() - began

    def kill(self, name: str, seconds: float) -> int:
        """Train for so long; the exit code."""
        began, copy = time.monotonic(), self.start(name)
        while (code := self.copies.ended(copy)) is None:
            if time.monotonic() - began >= seconds:
                os.kill(copy, signal.SIGKILL)
                return self.copies.wait(copy)
            time.sleep(0.01)
        return code

    def files(self, name: str) -> dict[str, str]:
        model = self.root / "models" / name
        return {str(path.relative_to(model)): sha256_file(path) for path in sorted(model.rglob("*")) if path.is_file()}

    def forget(self) -> None:
        for path in sorted((self.root / "datasets" / "toy" / "features").rglob("*"), reverse=True):
            path.unlink() if path.is_file() else path.rmdir()


@pytest.fixture(scope="module")
def home(tmp_path_factory, toy_csv) -> Iterator[Home]:
    root = tmp_path_factory.mktemp("home")
    import_photos(folder.find(toy_csv), root / "datasets" / "toy", name="toy", source="folder")
    split_dataset(open_dataset(root / "datasets" / "toy"), SplitRule(cell_m=0, gap_m=0))
    tiny_bundle(root / "models" / "tiny")
    with Copies("slow_train", "sklearn.linear_model", "onnxruntime") as copies:
        yield Home(root, copies)


@pytest.fixture(scope="module")
def seconds(home) -> float:
    """What an undisturbed run takes. Its model is ``mine``."""
    return home.finish("mine")


def test_killed_at_any_moment_it_goes_on_to_the_same_model(home, seconds):
    expected = home.files("mine")
    assert {"card.json", "model.onnx", "README.md"} <= set(expected)
    rng = np.random.default_rng(7)
    killed = 0
    for _ in range(TRIES):
        # Every other time from nothing, else from what the last kill left: both must end alike.
        if killed % 2 == 0:
            home.forget()
        began = time.monotonic()
        killed += (code := home.kill("mine", rng.uniform(0.1, 1.0) * seconds)) == -signal.SIGKILL
        assert code in (0, -signal.SIGKILL), (home.root / "said.txt").read_text()
        if not code:
            seconds = min(seconds, time.monotonic() - began)  # the machine has become quicker
        if (home.root / "models" / "mine").exists():
            assert home.files("mine") == expected  # the old model or the new one, never half of one
        if killed == KILLS:
            break
    assert killed == KILLS
    home.finish("mine")
    assert home.files("mine") == expected
    left = [path.name for path in (home.root / "models").iterdir() if not path.name.startswith(".")]
    assert {"mine", "tiny"} <= set(left) <= {"mine", "tiny", "first"}


def test_a_first_run_that_is_killed_leaves_no_half_model(home, seconds):
    home.forget()
    home.kill("first", 0.6 * seconds)
    model = home.root / "models" / "first"
    assert not model.exists() or (model / "card.json").is_file()
    home.finish("first")
    assert home.files("first")["model.onnx"] == home.files("mine")["model.onnx"]
