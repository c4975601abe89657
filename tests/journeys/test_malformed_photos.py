"""300 malformed files through the command line: one line each, exit 3, the good ones answered."""

import json
import subprocess
import sys

import pytest

from bundles import tiny_bundle
from malformed import write_malformed


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    folder = tmp_path_factory.mktemp("malformed")
    tiny_bundle(folder / "tiny")
    files = write_malformed(folder / "files")
    command = [sys.executable, "-m", "flaneur", "predict", "--model", str(folder / "tiny"), "--json", "--top", "1"]
    names = [str(path) for path in (*files.bad, *files.good)]
    done = subprocess.run([*command, *names], capture_output=True, text=True, check=False, timeout=300)
    return files, names, done


def test_every_file_gets_one_line_in_order(asked):
    _, names, done = asked
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["photo"] for line in lines] == names
    for line in lines:
        assert ("error" in line) != ("ranking" in line)
        if "error" in line:
            assert line["message"]
            assert "\n" not in line["message"]


def test_there_is_no_traceback_and_no_other_word(asked):
    assert asked[2].stderr == ""
    assert asked[2].returncode == 3


def test_good_files_are_answered(asked):
    files, _, done = asked
    answered = {line["photo"] for line in map(json.loads, done.stdout.splitlines()) if "ranking" in line}
    assert {str(path) for path in files.good} <= answered
    assert len(answered) < len(files.good) + len(files.bad) / 2
