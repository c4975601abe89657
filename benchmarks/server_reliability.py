"""A server that is fuzzed, left, misused and ended: what it answers, what it counts, what it leaves behind.

Every scene starts ``flaneur serve`` anew, with a small drawn model, in a process whose files written and connections
made are noted, those of its children too. ``--scenes`` names some of: fuzz, ledger, disconnects, bodies, hostile,
addresses, drain.
"""

from __future__ import annotations

import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2  # noqa: TID251 - it asks a server of its own

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from benchmarks.measure import need, parser, report
from bundles import CITIES, tiny_bundle
from made_up_requests import HOOKS
from malformed import write_malformed
from photos import drawn, jpeg

WATCH = """
import os, sys
_log = os.open(os.environ["WATCHED"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
def _noted(event, given):
    if event == "open" and isinstance(given[2], int) and given[2] & (os.O_WRONLY | os.O_RDWR):
        if not isinstance(given[0], int) and str(given[0]) != os.devnull:  # a number is a pipe that stands
            os.write(_log, f"wrote {given[0]}\\n".encode())
    elif event in ("socket.connect", "socket.sendto") or event == "socket.getaddrinfo" and given[0] != "127.0.0.1":
        os.write(_log, f"reached {given}\\n".encode())
sys.addaudithook(_noted)
"""
METADATA = [
    "169.254.169.254", "100.100.100.200", "[::ffff:169.254.169.254]", "[64:ff9b::a9fe:a9fe]", "[fd00:ec2::254]",
    "0xA9FEA9FE", "0251.0376.0251.0376", "2852039166", "127.1", "0", "localhost", "[::1]", "169.254.169.254.nip.io",
    "metadata.google.internal", "127.0.0.1:22",
]  # fmt: skip
SCHEMES = ["http://{}/latest/meta-data/", "https://{}/", "file://{}/etc/passwd", "//{}/x.jpg"]
STREET = jpeg(drawn(1))
FORM = b'--x\r\nContent-Disposition: form-data; name="photo"\r\n\r\n' + STREET + b"\r\n--x--\r\n"
HEAD = b"POST /v1/predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: multipart/form-data; boundary=x\r\n"
PATIENT = httpx2.Client(timeout=120, limits=httpx2.Limits(max_keepalive_connections=0))
Claims = list[dict[str, Any]]


class Watched:
    """A server in a process of its own, and what was noted of it."""

    def __init__(self, folder: Path, *flags: str, port: int = 0) -> None:
        (folder / "sitecustomize.py").write_text(WATCH)
        self.log = folder / "watched.txt"
        surroundings = os.environ | {"WATCHED": str(self.log), "PYTHONPATH": str(folder), "PYTHONUNBUFFERED": "1"}
        surroundings["FLANEUR_HOME"] = str(folder / "home")
        words = ["-m", "flaneur", "--debug", "serve", str(folder / "tiny"), "--port", str(port), *flags]
        self.said = folder / "said.txt"
        self.process = subprocess.Popen(
            [sys.executable, *words], env=surroundings, stdout=subprocess.PIPE, stderr=self.said.open("wb"), text=True
        )
        line = self.process.stdout.readline()
        self.address = re.search(r"http://[\d.:]+", line).group()
        self.port = int(self.address.rpartition(":")[2])

    def rss_mb(self) -> float:
        """Resident memory of the server and its children, in MB."""
        pids = [self.process.pid, *_children(self.process.pid)]
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
def watched(*flags: str) -> Iterator[Watched]:
    """A server, ended with SIGTERM."""
    with tempfile.TemporaryDirectory() as name:
        tiny_bundle(Path(name) / "tiny", CITIES)
        server = Watched(Path(name), *flags)
        try:
            yield server
        finally:
            server.process.send_signal(signal.SIGTERM)
            server.process.wait(60)
            server.process.stdout.close()


def _children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(one) for one in found]


def _status_kb(pid: int, name: str) -> int:
    text = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(rf"^{name}:\s+(\d+)", text, flags=re.MULTILINE).group(1))


def fuzz(chosen: Any) -> tuple[dict[str, Any], Claims]:
    """Requests made up from the API's own description, good and bad, all checks."""
    with watched() as server, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "hooks.py").write_text(HOOKS)
        tests = str(Path(__file__).parents[1] / "tests")
        surroundings = os.environ | {"SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": f"{folder}:{tests}"}
        asked = server.metric("flaneur_requests_total")
        words = [
            "run", f"{server.address}/openapi.json", "-n", str(chosen.examples), "--max-time", str(chosen.seconds),
            "--seed", str(chosen.seed), "--generation-database", "none", "--no-shrink", "--continue-on-failure",
            "--request-timeout", "60", "--no-color", "--exclude-path-regex", "^/v1/games",
        ]  # fmt: skip
        done = subprocess.run(
            [str(Path(sys.executable).with_name("st")), *words],
            cwd=folder, env=surroundings, capture_output=True, text=True, check=False,
        )  # fmt: skip
        print("\n".join(line[:1000] for line in done.stdout.splitlines()), file=sys.stderr)
        asked = server.metric("flaneur_requests_total") - asked
        failures = int(found.group(1)) if (found := re.search(r"(\d+) unique failure", done.stdout)) else 0
        errors = server.metric(r'flaneur_requests_total\{.*status="5')
    claims = [
        need("fuzz: requests made up from the description", asked, at_least=5000),
        need("fuzz: answers with a server error", errors, at_most=0),
        need("fuzz: answers that the description does not allow", failures, at_most=0),
    ]
    return {"requests": asked, "seed": chosen.seed}, claims


def ledger(chosen: Any) -> tuple[dict[str, Any], Claims]:
    """Counters against what the clients saw, and what a server leaves behind."""
    telling = jpeg(drawn(7), lat=38.7223, lon=-9.1393)
    with watched() as server, tempfile.TemporaryDirectory() as name:
        bad = [path.read_bytes() for path in write_malformed(Path(name)).bad]
        seen: Counter[tuple[str, str]] = Counter()

        def visit(number: int) -> None:
            draw = random.Random(number)
            with httpx2.Client(base_url=server.address, timeout=120) as client:
                for _ in range(chosen.requests // 8):
                    seen[_visit(client, draw, bad, telling)] += 1

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(visit, range(8)))
        text = PATIENT.get(f"{server.address}/metrics").text
        counted: Counter[tuple[str, str]] = Counter()
        for line in re.findall(r"^flaneur_requests_total\{(.*)$", text, flags=re.MULTILINE):
            route, status = (re.search(rf'{name}="([^"]*)"', line).group(1) for name in ("route", "status"))
            counted[route, status] += int(float(line.rpartition(" ")[2]))
        series = len([line for line in text.splitlines() if not line.startswith("#")])
        wrote, reached = server.noted("wrote"), server.noted("reached")
        told = len(re.findall(r"lisbon|38\.72|9\.13", server.said.read_text("utf-8", "replace")))
        differing = sum(abs(counted[key] - seen[key]) for key in counted.keys() | seen.keys())
    claims = [
        need("ledger: requests", seen.total(), at_least=chosen.requests // 8 * 8),
        need("ledger: requests counted otherwise than clients saw", differing, at_most=0),
        need("ledger: series of metrics", series, at_most=499),
        need(
            "ledger: answers with 500", sum(count for (_, status), count in seen.items() if status == "500"), at_most=0
        ),
        need("ledger: files written by the server and its children", len(wrote), at_most=0),
        need("ledger: connections they made", len(reached), at_most=0),
        need("ledger: names and positions of photos in a debug log", told, at_most=0),
    ]
    return {"seen": {" ".join(key): count for key, count in sorted(seen.items())}, "wrote": wrote[:5]}, claims


def _visit(client: httpx2.Client, draw: random.Random, bad: list[bytes], telling: bytes) -> tuple[str, str]:
    """One request of any kind; its route as it is counted, and its status."""
    sound, foreign = {"photo": ("lisbon-at-home.jpg", telling)}, {"Host": "evil.example"}
    kinds: dict[str, Callable[[], httpx2.Response]] = {
        "/v1/predict": lambda: client.post("/v1/predict", files=draw.choice([sound, {"photo": draw.choice(bad)}])),
        "/v1/predict ": lambda: client.put("/v1/predict"),
        "other": lambda: client.get(f"/{draw.random()}"),
        "other ": lambda: client.post("/v1/predict", files=sound, headers=foreign),
        "page": lambda: client.get("/"),
        "/v1/models": lambda: client.get("/v1/models"),
    }
    kind = draw.choice(list(kinds))
    return kind.strip(), str(kinds[kind]().status_code)


def disconnects(_chosen: Any) -> tuple[dict[str, Any], Claims]:
    """A thousand clients that leave, some before their body is sent; then the queue is empty and answers come."""
    with watched() as server:
        draw = random.Random(1)
        for _ in range(1000):
            whole = HEAD + b"Content-Length: %d\r\n\r\n" % len(FORM) + FORM
            server.speak(whole if draw.random() < 0.7 else whole[: draw.randrange(20, len(whole))]).close()
        waited_s = _until(lambda: server.metric("flaneur_requests_open") <= 1 and not server.metric("flaneur_photos{"))
        held = server.metric("flaneur_held_bytes")
        cancelled = server.metric(r'flaneur_photos_done_total\{outcome="cancelled"')
        answer = PATIENT.post(f"{server.address}/v1/predict", files={"photo": STREET})
    claims = [
        need("disconnects: seconds until nothing is under way", waited_s, at_most=10),
        need("disconnects: bytes still held", held, at_most=0),
        need("disconnects: status of the next request", answer.status_code, at_least=200, at_most=200),
    ]
    return {"cancelled": cancelled}, claims


def _until(true: Callable[[], bool]) -> float:
    began_s = time.monotonic()
    while not true() and time.monotonic() - began_s < 60:
        time.sleep(0.05)
    return time.monotonic() - began_s


def bodies(_chosen: Any) -> tuple[dict[str, Any], Claims]:
    """Bodies that are too large, of too many parts, packed, endless or nameless: refused, in little memory."""
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    limit, part = 64_000_000, b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'

    def pieces(total: int) -> Iterator[bytes]:
        yield FORM[:60]
        for _ in range(total // 65536):
            yield b"x" * 65536

    attacks: dict[str, tuple[Any, dict[str, str]]] = {
        "chunked, 200 MB": (pieces(200_000_000), kind),
        "gzip": (b"\x1f\x8b" + b"\0" * 100_000, kind | {"Content-Encoding": "gzip"}),
        "1,001 parts": (b"".join(part % (b"f%d" % number, b"x") for number in range(1001)) + b"--x--\r\n", kind),
        "40 MB nameless": (part % (b"", b"x" * 40_000_000) + b"--x--\r\n", kind),
        "40 MB field": (part % (b"model", b"x" * 40_000_000) + b"--x--\r\n", kind),
        "8 MB of heads of a part": (b"--x\r\n" + b"a: b\r\n" * 1_400_000, kind),
        "70 MB": (part % (b"photo", b"x" * (limit + 6_000_000)), kind),
    }
    found: dict[str, Any] = {}
    with watched() as server:
        PATIENT.post(f"{server.address}/v1/predict", files={"photo": STREET})
        before = server.peak_mb()
        for name, (content, heads) in attacks.items():
            try:
                answer = PATIENT.post(f"{server.address}/v1/predict", content=content, headers=heads)
                found[name] = answer.status_code
            except httpx2.TransportError as error:
                found[name] = type(error).__name__  # hung up on while it still sent
        with server.speak(HEAD + b"Content-Length: 10000000000\r\n\r\n" + FORM) as said:
            found["says 10 GB"] = int(said.makefile("rb").readline().split()[1])
        growth = server.peak_mb() - before
        alive = PATIENT.get(f"{server.address}/readyz").status_code
    odd = [name for name, status in found.items() if status not in (400, 413, 415) and not isinstance(status, str)]
    claims = [
        need("bodies: attacks that were not refused", len(odd), at_most=0),
        need("bodies: MB more at the peak", growth, at_most=50),
        need("bodies: readiness afterwards", alive, at_least=200, at_most=200),
    ]
    return found, claims


def hostile(_chosen: Any) -> tuple[dict[str, Any], Claims]:
    """What another page in the browser, or one whose name was changed to this address, can send."""
    heads: list[dict[str, str]] = [
        {"Origin": origin} for origin in ("https://evil.example", "null", "http://127.0.0.1")
    ]
    heads += [{"Sec-Fetch-Site": site} for site in ("cross-site", "same-site")]
    heads += [{"Host": host} for host in ("evil.example", "127.0.0.1.nip.io", "192.168.0.7", "x@127.0.0.1", "")]
    passed, cors, asked = 0, 0, 0
    with watched() as server:
        for head in heads:
            for method, path in [
                ("GET", "/"),
                ("GET", "/v1/models"),
                ("POST", "/v1/predict"),
                ("OPTIONS", "/v1/predict"),
            ]:
                sent = {"photo": STREET} if method == "POST" else None
                answer = PATIENT.request(method, server.address + path, headers=head, files=sent)
                asked += 1
                passed += answer.status_code not in (400, 403)
                cors += any(name.startswith("access-control") for name in answer.headers)
    closed = subprocess.run(
        [sys.executable, "-m", "flaneur", "serve", "--host", "0.0.0.0", "--port", "0"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    claims = [
        need(f"hostile: of {asked} requests, let through", passed, at_most=0),
        need("hostile: answers with a CORS head", cors, at_most=0),
        need("hostile: exit code off loopback without a token", closed.returncode, at_least=2, at_most=2),
    ]
    return {"said": closed.stderr.strip()}, claims


def addresses(_chosen: Any) -> tuple[dict[str, Any], Claims]:
    """Sixty addresses that a server must not fetch, wherever a client may put words."""
    urls = [scheme.format(host) for scheme in SCHEMES for host in METADATA]
    statuses: Counter[int] = Counter()
    with watched() as server, httpx2.Client(base_url=server.address, timeout=60) as client:
        for url in urls:
            sent = [("photo", (url, url.encode()))]
            statuses[client.post("/v1/predict", files=sent).status_code] += 1
            for name in ("url", "photo_url", "model", "cities"):
                statuses[client.post("/v1/predict", files=[("photo", STREET)], data={name: url}).status_code] += 1
            svg = f'<svg xmlns:x="x"><image x:href="{url}"/></svg>'.encode()
            statuses[client.post("/v1/explain", files={"photo": svg}).status_code] += 1
        reached = server.noted("reached")
    claims = [
        need(f"addresses: connections made for {len(urls)} vectors", len(reached), at_most=0),
        need("addresses: requests answered with 200", statuses[200], at_most=0),
    ]
    return {"statuses": dict(statuses)}, claims


def drain(chosen: Any) -> tuple[dict[str, Any], Claims]:
    """SIGTERM while eight clients ask without pause: whoever was accepted is answered."""
    lost, answered, unready_s, ended_s = 0, 0, [], []
    for number in range(chosen.drains):
        with watched() as server:
            fates: Counter[str] = Counter()
            clients = [threading.Thread(target=_ask_until_refused, args=(server, fates)) for _ in range(8)]
            for client in clients:
                client.start()
            time.sleep(0.3 + 0.1 * number)
            began_s = time.monotonic()
            server.process.send_signal(signal.SIGTERM)
            unready_s.append(_until(lambda server=server: not _ready(server)))
            server.process.wait(60)
            ended_s.append(time.monotonic() - began_s)
            for client in clients:
                client.join()
            lost += fates["lost"] + fates["500"]
            answered += fates["200"]
    with watched() as server:
        held = server.speak(HEAD + b"Content-Length: 1000\r\n\r\n")  # would be waited for
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        began_s = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        server.process.wait(60)
        second_s = time.monotonic() - began_s
        held.close()
    claims = [
        need(f"drain: of {answered} requests, lost after they were sent", lost, at_most=0),
        need("drain: seconds until not ready", max(unready_s), at_most=1),
        need("drain: seconds until the end", max(ended_s), at_most=30),
        need("drain: seconds after a second signal", second_s, at_most=1),
    ]
    return {"ended_s": ended_s}, claims


def _ready(server: Watched) -> bool:
    try:
        return PATIENT.get(f"{server.address}/readyz").status_code == 200
    except httpx2.TransportError:
        return False


def _ask_until_refused(server: Watched, fates: Counter[str]) -> None:
    """One request after another; lost is what was sent on a connection that stood, and got no answer."""
    with httpx2.Client(base_url=server.address, timeout=60) as client:
        while True:
            try:
                fates[str(client.post("/v1/predict", files={"photo": STREET}).status_code)] += 1
            except httpx2.ConnectError:
                return
            except httpx2.TransportError:
                fates["lost"] += 1
                return


SCENES = {scene.__name__: scene for scene in (fuzz, ledger, disconnects, bodies, hostile, addresses, drain)}


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--scenes", nargs="+", choices=SCENES, default=list(SCENES))
    options.add_argument("--examples", type=int, default=1000, help="of the fuzz, an address (1000)")
    options.add_argument("--seconds", type=int, default=600, help="the fuzz may take (600)")
    options.add_argument("--seed", type=int, default=1, help="of the fuzz (1)")
    options.add_argument("--requests", type=int, default=10_000, help="of the ledger (10000)")
    options.add_argument("--drains", type=int, default=10, help="servers ended under load (10)")
    chosen = options.parse_args()
    figures, claims = {}, []
    for name in chosen.scenes:
        figures[name], more = SCENES[name](chosen)
        claims += more
        print(json.dumps({name: figures[name]})[:600], file=sys.stderr)
    report("server_reliability", figures, claims, chosen.out)


if __name__ == "__main__":
    main()
