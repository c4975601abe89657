"""``kill -9`` and Ctrl-C in the middle of ``flaneur train RECIPE``: the same command ends with the very same bits.

Twenty moments by chance take minutes: ``python -m benchmarks.kill_training``.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

if find_spec("torch") is None or find_spec("timm") is None:
    pytest.skip("needs the train extra", allow_module_level=True)
if not hasattr(os, "fork"):
    pytest.skip("needs processes that can be copied", allow_module_level=True)

from benchmarks.kill_training import RECIPE, Home, toy_home

from copies import Copies

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, toy_csv: Path) -> Home:
    """Toy cities, a recipe, random weights."""
    return toy_home(tmp_path_factory.mktemp("home"), toy_csv, RECIPE.replace("epochs = 4", "epochs = 2"))


@pytest.fixture(scope="module")
def copies() -> Iterator[Copies]:
    """Processes that need not import torch."""
    late = ("torch._dynamo", "onnxscript.function_libs.torch_lib.ops", "sklearn.linear_model", "matplotlib.pyplot")
    with Copies("held_train", *late) as started:
        yield started


def train(copies: Copies, home: Home, name: str, moment: str = "", count: int = 0) -> int:
    """``flaneur train tiny.toml`` in a process of its own, to its end or so far; its number."""
    environment = {"FLANEUR_HOME": str(home.root), "SOURCE_DATE_EPOCH": "0"}
    words = [str(home.recipe), "--name", name, "--weights", str(home.weights), "--device", "cpu"]
    held, said = home.root / "held", home.root / "said.txt"
    held.unlink(missing_ok=True)
    return copies.start("held_train:train", str(held), moment, str(count), *words, said=said, environment=environment)


def struck(copies: Copies, home: Home, moment: str, count: int, number: int = signal.SIGKILL) -> tuple[int, str]:
    """Exit code and words of a training that got a signal where it stood."""
    copy = train(copies, home, "killed", moment, count)
    while not (home.root / "held").exists():
        assert copies.ended(copy) is None, (home.root / "said.txt").read_text()
        time.sleep(0.02)
    os.kill(copy, number)
    return copies.wait(copy), (home.root / "said.txt").read_text()


def test_killed_again_and_again_it_ends_with_the_same_weights_and_model(home: Home, copies: Copies) -> None:
    run = home.run("killed")
    code, talk = struck(copies, home, "checkpoint", 2)
    assert code == -signal.SIGKILL, talk
    assert not (run / "weights.safetensors").exists()

    code, talk = struck(copies, home, "step", 14, signal.SIGINT)
    assert code == 130, talk
    said = [line for line in talk.splitlines() if line.startswith("flaneur:")]
    assert len(said) == 1, talk
    assert "The same command goes on" in said[0]
    assert "Traceback" not in talk

    for moment, count in (("step", 14), ("weights", 1)):
        code, talk = struck(copies, home, moment, count)
        assert code == -signal.SIGKILL, f"{moment}: {talk}"
        assert not (home.root / "models" / "killed").exists()
    for name in ("killed", "whole"):
        assert copies.wait(train(copies, home, name)) == 0, (home.root / "said.txt").read_text()
    assert home.results("killed") == home.results("whole")
