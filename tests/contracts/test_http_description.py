"""Requests made up from the API's own description, good and bad: every answer is one that the description allows."""

import re
import threading

import pytest

from bundles import tiny_bundle
from fake_engine import FakeEngine
from flaneur.predict import Model
from flaneur.serve.http.settings import ServeSettings
from flaneur.serve.run import Server, address_of, listen
from made_up_requests import ask
from worlds import make_dataset


def test_every_answer_is_as_described(tmp_path, monkeypatch):
    pytest.importorskip("schemathesis", reason="makes requests up; in the dev extra")
    model = Model(tiny_bundle(tmp_path / "tiny"))
    make_dataset(tmp_path / "datasets", ["paris", "rome", "sao-paulo"])
    monkeypatch.setenv("FLANEUR_HOME", str(tmp_path))
    settings = ServeSettings(port=0)
    with listen(settings) as listener, FakeEngine([model]) as engine:
        server = Server(engine, settings)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            wishes = "-n", "10", "--phases", "fuzzing", "--seed", "1", "--request-timeout", "120"
            done = ask(address_of(listener), tmp_path, *wishes, "--exclude-path-regex", "^/v1/(models/|explain)")
        finally:
            server.should_exit = True
            thread.join()
    assert done.returncode == 0, done.stdout
    assert int(re.search(r"(\d+) generated", done.stdout).group(1)) > 12
