"""Requests made up from the API's own description, good and bad: every answer is one that the description allows."""

import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from bundles import tiny_bundle
from fake_engine import FakeEngine
from flaneur.predict import Model
from flaneur.serve.http.settings import ServeSettings
from flaneur.serve.run import Server, address_of, listen
from made_up_requests import HOOKS


def test_every_answer_is_as_described(tmp_path, monkeypatch):
    pytest.importorskip("schemathesis", reason="makes requests up; in the dev extra")
    model = Model(tiny_bundle(tmp_path / "tiny"))
    (tmp_path / "hooks.py").write_text(HOOKS)
    monkeypatch.setenv("FLANEUR_HOME", str(tmp_path))  # no dataset: no game is made up, and each is asked for
    settings = ServeSettings(port=0)
    with listen(settings) as listener, FakeEngine([model]) as engine:
        server = Server(engine, settings)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            done = ask(f"{address_of(listener)}/openapi.json", tmp_path)
        finally:
            server.should_exit = True
            thread.join()
    assert done.returncode == 0, done.stdout
    assert int(re.search(r"(\d+) generated", done.stdout).group(1)) > 12


def ask(address, folder):
    tests = Path(__file__).parents[1]
    surroundings = os.environ | {"SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": f"{folder}{os.pathsep}{tests}"}
    words = [
        "run",
        address,
        "-n",
        "10",
        "--phases",
        "fuzzing",
        "--seed",
        "1",
        "--generation-database",
        "none",
        "--no-shrink",
        "--no-color",
    ]
    chosen = ["--exclude-path-regex", "^/v1/(models/|explain)", "--request-timeout", "120", "--continue-on-failure"]
    return subprocess.run(
        [str(Path(sys.executable).with_name("st")), *words, *chosen],
        cwd=folder, env=surroundings, capture_output=True, text=True, errors="replace", check=False,
    )  # fmt: skip
