"""The tutorial, run as a reader would: every command and program in order, and the output it promises."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from flaneur.bundle import bundled_base

TUTORIAL = Path(__file__).parents[2] / "docs" / "tutorial" / "first-cities.md"
_BLOCK = re.compile(r"^```(console|python|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Step:
    kind: str
    program: str
    expected: list[str]


def steps(text):
    """Commands (with the lines below them) and programs (with the text block after them), in order."""
    found = []
    for kind, body in _BLOCK.findall(text):
        if kind == "python":
            found.append(Step("python", body, []))
        elif kind == "text":
            found[-1].expected.extend(line for line in body.splitlines() if line)
        else:
            for line in body.splitlines():
                if line.startswith("$ "):
                    found.append(Step("console", line[2:], []))
                elif line:
                    found[-1].expected.append(line)
    return found


def test_the_parser_sees_every_block():
    found = steps("```console\n$ a\nout\n$ b\n```\n\n```python\nx\n```\n\n```text\nshown\n```\n")
    assert [(step.kind, step.program.strip(), step.expected) for step in found] == [
        ("console", "a", ["out"]), ("console", "b", []), ("python", "x", ["shown"]),
    ]  # fmt: skip


def test_the_tutorial_names_each_step_of_the_way():
    commands = " ".join(step.program for step in steps(TUTORIAL.read_text("utf-8")) if step.kind == "console")
    for name in ("import", "dataset curate", "dataset split", "dataset audit", "train", "evaluate", "predict"):
        assert f"flaneur {name}" in commands


def promised(line, shown):
    """Whether a line of output is as promised; an ellipsis stands for anything."""
    return re.fullmatch(".*?".join(map(re.escape, line.strip().split("…"))) + r"\s*", shown.strip()) is not None


@pytest.mark.skipif(not (bundled_base() / "card.json").is_file(), reason="this checkout has no bundled model yet")
def test_the_tutorial_does_what_it_says(tmp_path):
    environment = os.environ | {
        "FLANEUR_HOME": str(tmp_path / "home"), "PYTHONUTF8": "1", "COLUMNS": "200",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }  # fmt: skip
    work = tmp_path / "work"
    work.mkdir()
    for step in steps(TUTORIAL.read_text("utf-8")):
        command = [sys.executable, "-c", step.program] if step.kind == "python" else ["sh", "-c", step.program]
        done = subprocess.run(
            command, cwd=work, env=environment, capture_output=True, text=True, encoding="utf-8", timeout=300
        )
        assert done.returncode == 0, f"{step.program}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr, step.program
        shown = done.stdout.splitlines()
        for line in step.expected:
            assert any(promised(line, own) for own in shown), f"{step.program}\nlacks: {line}\n{done.stdout}"
    assert (work / "report" / "report.html").is_file()
    assert (work / "report" / "report.json").is_file()
