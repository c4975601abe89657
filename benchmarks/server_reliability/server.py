"""A folder and flags in; a server in a process of its own, and all that it wrote and whom it reached, out."""

from __future__ import annotations

import os
import re
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2  # noqa: TID251 - it asks a server of its own

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

from bundles import CITIES, tiny_bundle
from photos import drawn, jpeg
from worlds import make_dataset

WATCH = """
import os, sys
_log = os.open({log!r}, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
def _noted(event, given):
    if event == "open" and isinstance(given[2], int) and given[2] & (os.O_WRONLY | os.O_RDWR):
        if not isinstance(given[0], int) and str(given[0]) != os.devnull:  # a number is a pipe that stands
            os.write(_log, f"wrote {given[0]}\\n".encode())
    elif event in ("socket.connect", "socket.sendto") or event == "socket.getaddrinfo" and given[0] != "127.0.0.1":
        os.write(_log, f"reached {given}\\n".encode())
    elif event in ("subprocess.Popen", "os.exec", "os.posix_spawn", "os.system"):
        os.write(_log, f"ran {given[0]}\\n".encode())
sys.addaudithook(_noted)
"""
STREET = jpeg(drawn(1))
FORM = b'--x\r\nContent-Disposition: form-data; name="photo"\r\n\r\n' + STREET + b"\r\n--x--\r\n"
HEAD = b"POST /v1/predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: multipart/form-data; boundary=x\r\n"
PATIENT = httpx2.Client(timeout=120, limits=httpx2.Limits(max_keepalive_connections=0))
Claims = list[dict[str, Any]]


class Watched:
    """A server in a process of its own, which may have so many files open, and what was noted of it."""

    def __init__(self, folder: Path, *flags: str, port: int = 0, files: int = 8192) -> None:
        self.log = folder / "watched.txt"
        (folder / "sitecustomize.py").write_text(WATCH.replace("{log!r}", repr(str(self.log))))  # children keep no more
        surroundings = os.environ | {"PYTHONPATH": str(folder), "PYTHONUNBUFFERED": "1"}
        surroundings["FLANEUR_HOME"] = str(folder / "home")
        words = ["-m", "flaneur", "--debug", "serve", str(folder / "tiny"), "--port", str(port), *flags]
        self.said = folder / "said.txt"
        self.process = subprocess.Popen(
            [sys.executable, *words], env=surroundings, stdout=subprocess.PIPE, stderr=self.said.open("wb"), text=True,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (files, files)),
        )  # fmt: skip
        line = self.process.stdout.readline()
        self.address = re.search(r"http://[\d.:]+", line).group()
        self.port = int(self.address.rpartition(":")[2])

    def rss_mb(self, *, children: bool = True) -> float:
        """Resident memory of the server and its children, or of it alone, in MB."""
        pids = [self.process.pid, *(_children(self.process.pid) if children else ())]
        return sum(_status_kb(pid, "VmRSS") for pid in pids) * 1024 / 1e6

    def peak_mb(self) -> float:
        """The most that the server itself ever held."""
        return _status_kb(self.process.pid, "VmHWM") * 1024 / 1e6

    def noted(self, what: str) -> list[str]:
        """Lines of the audit that begin so."""
        return [line for line in self.log.read_text().splitlines() if line.startswith(what)]

    def speak(self, data: bytes) -> socket.socket:
        """A connection on which something was said."""
        connected = socket.create_connection(("127.0.0.1", self.port), timeout=60)
        connected.sendall(data)
        return connected

    def metric(self, pattern: str) -> float:
        """Sum of the series that match."""
        text = PATIENT.get(f"{self.address}/metrics").text
        return sum(float(line.rpartition(" ")[2]) for line in text.splitlines() if re.match(pattern, line))


@contextmanager
def watched(*flags: str, games: bool = False, files: int = 8192) -> Iterator[Watched]:
    """A server, ended with SIGTERM.

    Args:
        flags: of ``flaneur serve``.
        games: whether there is a small dataset of drawn photos to make games of.
        files: that it may have open.
    """
    with tempfile.TemporaryDirectory() as name:
        tiny_bundle(Path(name) / "tiny", CITIES)
        if games:
            make_dataset(Path(name) / "home" / "datasets", [city.slug for city in CITIES])
        server = Watched(Path(name), *flags, files=files)
        try:
            yield server
        finally:
            server.process.send_signal(signal.SIGTERM)
            server.process.wait(60)
            server.process.stdout.close()


def _children(pid: int) -> list[int]:
    threads = Path(f"/proc/{pid}/task").iterdir()
    return [int(one) for thread in threads for one in (thread / "children").read_text().split()]


def _status_kb(pid: int, name: str) -> int:
    text = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(rf"^{name}:\s+(\d+)", text, flags=re.MULTILINE).group(1))


def until(true: Callable[[], bool]) -> float:
    """Seconds until something is so, a minute at most."""
    began_s = time.monotonic()
    while not true() and time.monotonic() - began_s < 60:
        time.sleep(0.05)
    return time.monotonic() - began_s
