"""A tutorial's text in; its commands and programs, run in order as a reader would, each with the output it promises."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "docs" / "tutorial"
_BLOCK = re.compile(r"^```(console|python|text|toml)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Step:
    kind: str
    program: str
    expected: list[str]


def steps(text: str) -> list[Step]:
    """Commands (with the lines below them), programs (with the text block after them) and files, in order."""
    found: list[Step] = []
    for kind, body in _BLOCK.findall(text):
        if kind in ("python", "toml"):
            found.append(Step(kind, body, []))
        elif kind == "text":
            found[-1].expected.extend(line for line in body.splitlines() if line)
        else:
            for line in body.splitlines():
                if line.startswith("$ "):
                    found.append(Step("console", line[2:], []))
                elif line:
                    found[-1].expected.append(line)
    return found


def promised(line: str, shown: str) -> bool:
    """Whether a line of output is as promised; an ellipsis stands for anything."""
    return re.fullmatch(".*?".join(map(re.escape, line.strip().split("…"))) + r"\s*", shown.strip()) is not None


def lacking(expected: Iterable[str], shown: Iterable[str]) -> str:
    """The first promised line that is not shown after those before it; empty if all are."""
    rest = iter(shown)
    return next((line for line in expected if not any(promised(line, own) for own in rest)), "")


def take(step: Step, work: Path, environment: Mapping[str, str]) -> None:
    """Run one command or program, which must succeed and show what is promised: on stdout, else on stderr."""
    command = [sys.executable, "-c", step.program] if step.kind == "python" else ["sh", "-c", step.program]
    done = subprocess.run(
        command, cwd=work, env=dict(environment), capture_output=True, text=True, encoding="utf-8", timeout=300
    )
    said = f"{step.program}\n{done.stdout}\n{done.stderr}"
    assert done.returncode == 0, said
    assert "Traceback" not in done.stderr, said
    missing = lacking(step.expected, [*done.stderr.splitlines(), *done.stdout.splitlines()])
    assert not missing, f"lacks: {missing}\n{said}"
