"""The first tutorial, run as a reader would: every command and program in order, and the output it promises."""

import os
import sys
from pathlib import Path

import pytest

from flaneur.bundle.folder import bundled_base
from tutorials import FOLDER, lacking, steps, take

TUTORIAL = FOLDER / "first-cities.md"


def test_the_parser_sees_every_block():
    found = steps("```console\n$ a\nout\n$ b\n```\n\n```python\nx\n```\n\n```text\nshown\n```\n\n```toml\ny = 1\n```\n")
    assert [(step.kind, step.program.strip(), step.expected) for step in found] == [
        ("console", "a", ["out"]), ("console", "b", []), ("python", "x", ["shown"]), ("toml", "y = 1", []),
    ]  # fmt: skip


def test_promises_are_kept_in_order():
    assert not lacking(["a …", "…c"], ["", "a 1", "b", "3 c "])
    assert lacking(["…c", "a …"], ["", "a 1", "b", "3 c "]) == "a …"


def test_the_tutorial_names_each_step_of_the_way():
    commands = " ".join(step.program for step in steps(TUTORIAL.read_text("utf-8")) if step.kind == "console")
    for name in ("import", "dataset curate", "dataset split", "dataset audit", "train", "evaluate", "predict"):
        assert f"flaneur {name}" in commands


@pytest.mark.skipif(not (bundled_base() / "card.json").is_file(), reason="this checkout has no bundled model yet")
def test_the_tutorial_does_what_it_says(tmp_path):
    environment = os.environ | {
        "FLANEUR_HOME": str(tmp_path / "home"), "PYTHONUTF8": "1", "COLUMNS": "200",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }  # fmt: skip
    work = tmp_path / "work"
    work.mkdir()
    for step in steps(TUTORIAL.read_text("utf-8")):
        take(step, work, environment)
    assert (work / "report" / "report.html").is_file()
    assert (work / "report" / "report.json").is_file()
