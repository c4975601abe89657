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

HOOKS = """
import schemathesis
from hypothesis import strategies
from photos import drawn, jpeg
for kind in ("image/jpeg", "image/png", "image/webp"):
    schemathesis.openapi.media_type(kind, strategies.sampled_from([jpeg(drawn(seed)) for seed in range(3)]))

@schemathesis.hook
def filter_case(context, case):
    if not isinstance(case.body, dict):
        return True
    if case.meta.generation.mode.is_positive:  # a city is not held against itself, nor against a photo's first choice
        return "against" not in case.body
    # In a form, a list of one word is that word: nobody can tell that it breaks the description.
    return not any(isinstance(value, (list, dict)) for name, value in case.body.items() if name != "photo")
"""


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
