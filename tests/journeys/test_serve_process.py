"""``flaneur serve`` as it is started: what it says, writes and keeps, how it ends; and the client of the how-to."""

import os
import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import httpx2  # noqa: TID251 - it asks a server of its own
import pytest

from bundles import tiny_bundle
from photos import drawn, jpeg, save

ROOT = Path(__file__).parents[2]
TOKEN = "a-token-of-some-length"
HEADS = {"Authorization": f"Bearer {TOKEN}"}
TELLING = jpeg(drawn(3), lat=38.7223, lon=-9.1393)
PATIENCE_S = 120
# Notes every file that is written, in this process and in those that it starts.
WATCH = """
import os, sys
_log = os.open(os.environ["WATCHED"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
def _noted(event, given):
    if event == "open" and isinstance(given[2], int) and given[2] & (os.O_WRONLY | os.O_RDWR):
        if not isinstance(given[0], int) and str(given[0]) != os.devnull:  # a number is a pipe that stands
            os.write(_log, f"wrote {given[0]}\\n".encode())
    elif event == "socket.connect":
        os.write(_log, f"reached {given}\\n".encode())
sys.addaudithook(_noted)
"""


@contextmanager
def started(folder, *words):
    """A server in a process of its own, with its address and what it says; ended by the caller or here."""
    (folder / "watch").mkdir()
    (folder / "watch" / "sitecustomize.py").write_text(WATCH)
    surroundings = os.environ | {"PYTHONPATH": str(folder / "watch"), "WATCHED": str(folder / "watched.txt")}
    surroundings |= {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1", "FLANEUR_HOME": str(folder / "home")}
    command = [sys.executable, "-m", "flaneur", "--debug", "serve", str(folder / "tiny"), "--port", "0", *words]
    with (folder / "log.txt").open("wb") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=surroundings)
    with process:
        try:
            yield process, process.stdout.readline()
        finally:
            process.terminate()
            process.wait(PATIENCE_S)


def address_in(line):
    return re.search(r"http://[\d.]+:\d+", line).group()


def snippet():
    """The client of the how-to."""
    text = (ROOT / "docs" / "how-to" / "serve.md").read_text("utf-8")
    return re.search(r"```python\n(.*?)```", text, flags=re.DOTALL).group(1)


def test_a_server_answers_the_client_of_the_how_to_keeps_nothing_and_ends_well(tmp_path, monkeypatch, capsys):
    tiny_bundle(tmp_path / "tiny")
    for seed in (1, 2):
        save(tmp_path / "photos" / f"{seed}.jpg", seed)
    (tmp_path / "token").write_text(TOKEN + "\n")
    monkeypatch.chdir(tmp_path)
    assert len(snippet().strip().splitlines()) <= 10
    with started(tmp_path, "--token-file", "token") as (process, line):
        assert TOKEN not in line
        asked = snippet().replace('"http://127.0.0.1:8420"', f'"{address_in(line)}"').replace("=60", f"={PATIENCE_S}")
        with pytest.raises(httpx2.HTTPStatusError, match="401"):
            exec(compile(asked, "serve.md", "exec"), {})
        exec(compile(asked.replace(") as", f", headers={HEADS}) as"), "serve.md", "exec"), {})
        for data in (TELLING, TELLING[:500], b"", b"\x89PNG" * 9):
            for route in ("predict", "explain"):
                sent = {"photo": ("lisbon-at-home.jpg", data)}
                address = f"{address_in(line)}/v1/{route}"
                answer = httpx2.post(address, files=sent, headers=HEADS, timeout=PATIENCE_S)
                assert (answer.status_code == 200) == (data == TELLING)
                assert answer.status_code < 500
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0
        assert process.stdout.read() == ""
    assert [one.split("]")[0] for one in capsys.readouterr().out.splitlines()] == ["[0", "[1"]
    assert (tmp_path / "watched.txt").read_text() == ""
    assert not (tmp_path / "home").exists()
    assert not re.search(rf"lisbon|38\.72|9\.13|{TOKEN}", (tmp_path / "log.txt").read_text("utf-8", "replace"))
