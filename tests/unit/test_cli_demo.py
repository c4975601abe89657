from __future__ import annotations

import contextlib
import os
from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image

from flaneur.cli import demo as module
from flaneur.cli.demo import Step, demo
from flaneur.dataset import toy_cities
from flaneur.errors import UsageError
from flaneur.files import write_json


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """The commands that the demo ran, while none is run."""
    ran: list[tuple[str, ...]] = []

    def run(words: tuple[str, ...]) -> int:
        assert "FLANEUR_HOME" in os.environ
        ran.append(words)
        return 3 if "broken" in words[-1] else 0

    # ToyWorld is imported inside the function, so patching the module it comes from reaches it.
    real = toy_cities.ToyWorld
    monkeypatch.setattr(
        toy_cities, "ToyWorld", lambda **s: real(**(s | {"places_per_city": 2, "views": 1, "size_px": 64}))
    )
    monkeypatch.setattr(module, "run", run)
    monkeypatch.setattr(module, "_test_views", lambda photos: [str(photos / "aldmoor" / "p000-0.jpg")])
    monkeypatch.delenv("FLANEUR_HOME", raising=False)
    return ran


def test_the_demo_runs_the_whole_way_and_leaves_nothing_elsewhere(
    tmp_path: Path, commands: list[tuple[str, ...]]
) -> None:
    result = CliRunner().invoke(demo, ["--out", str(tmp_path / "demo"), "--seed", "3"])
    assert result.exit_code == 0, result.output
    first = [words[0] if words[0] != "dataset" else words[1] for words in commands]
    assert first == [
        "import", "curate", "split", "train", "audit", "import", "curate", "evaluate", "predict", "predict", "predict",
    ]  # fmt: skip
    assert "DRAWN" in result.output.splitlines()[0]
    assert result.output.rstrip().endswith(str(tmp_path / "demo" / "report" / "report.html"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["demo"]
    assert "FLANEUR_HOME" not in os.environ
    with Image.open(tmp_path / "demo" / "scenes.png") as sheet:
        assert sheet.size[0] == 4 * 244 - 4
    for words in commands[-2:]:
        assert Path(words[-1]).is_file()


def test_a_failing_step_stops_the_demo_with_its_exit_code(
    tmp_path: Path, commands: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "run", lambda words: 6 if "split" in words else 0)
    result = CliRunner().invoke(demo, ["--out", str(tmp_path / "demo")])
    assert result.exit_code == 6
    assert commands == []


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    result = CliRunner().invoke(demo, ["--out", str(tmp_path)])
    assert isinstance(result.exception, UsageError)
    assert "not empty" in str(result.exception)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_demo_of_another_seed_is_left_alone(tmp_path: Path) -> None:
    write_json(tmp_path / "demo.json", {"seed": 1})
    result = CliRunner().invoke(demo, ["--out", str(tmp_path), "--seed", "2"])
    assert isinstance(result.exception, UsageError)
    assert "another seed" in str(result.exception)


def test_the_home_is_given_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLANEUR_HOME", "/somewhere")
    with contextlib.suppress(KeyError), module._home(tmp_path):
        assert os.environ["FLANEUR_HOME"] == str(tmp_path)
        raise KeyError
    assert os.environ["FLANEUR_HOME"] == "/somewhere"


def test_a_step_expects_success_unless_told_otherwise() -> None:
    assert Step("why", ("models",)).expected == (0,)
