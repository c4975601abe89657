"""``kill -9`` and Ctrl-C in the middle of ``flaneur train RECIPE``: the same command ends with the very same bits.

Twenty moments take minutes: ``python -m benchmarks.kill_training``.
"""

from __future__ import annotations

import signal
from importlib.util import find_spec
from pathlib import Path

import pytest

if find_spec("torch") is None or find_spec("timm") is None:
    pytest.skip("needs the train extra", allow_module_level=True)

from benchmarks.kill_training import Home, at_progress, at_write, finish, kill_at, toy_home

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, toy_csv: Path) -> Home:
    """Toy cities, a recipe, random weights."""
    return toy_home(tmp_path_factory.mktemp("home"), toy_csv)


def test_killed_again_and_again_it_ends_with_the_same_weights_and_model(home: Home) -> None:
    run = home.run("killed")
    code, talk = kill_at(home, "killed", at_write(run, "checkpoint", 2))
    assert code == -signal.SIGKILL, talk.decode()
    assert not (run / "weights.safetensors").exists()

    code, talk = kill_at(home, "killed", at_progress(run, 1, 0.0), signal.SIGINT)
    assert code == 130, talk.decode()
    said = [line for line in talk.decode().splitlines() if line.startswith("flaneur:")]
    assert len(said) == 1, talk.decode()
    assert "The same command goes on" in said[0]
    assert "Traceback" not in talk.decode()

    for moment in (at_progress(run, 1, 0.1), at_write(run, "weights.safetensors", 1)):
        code, talk = kill_at(home, "killed", moment)
        assert code == -signal.SIGKILL, f"{moment.what}: {talk.decode()}"
        assert not (home.root / "models" / "killed").exists()
    finish(home, "killed")
    finish(home, "whole")
    assert home.results("killed") == home.results("whole")
