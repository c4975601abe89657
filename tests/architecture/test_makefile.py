"""What ``make model`` would run."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_a_dataset_of_unknown_cities_is_measured_where_one_is_named():
    def evaluate(*words: str) -> str:
        shown = subprocess.run(["make", "-n", "model", *words], cwd=ROOT, capture_output=True, text=True, check=True)
        (line,) = (line for line in shown.stdout.splitlines() if "flaneur evaluate" in line)
        return line.strip()

    assert evaluate("UNKNOWN=elsewhere").endswith("evaluate base cities --split test --unknown elsewhere")
    assert evaluate("UNKNOWN=").endswith("evaluate base cities --split test")
