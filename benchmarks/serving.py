"""The server under load, over HTTP, on the cores that it shares with its callers.

throughput: 16 callers, one photo a request, against predict_many over the same files.
overload: ten times as many callers as keep it busy, who ask again when they are told to; the same, who ask again after
0.1 s whatever they are told; one greedy client beside seven modest ones.
deaths: decoding processes killed under load.
memory: resident memory over many requests.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from benchmarks.callers import Caller, Told, call, get, photos_of
from benchmarks.measure import drawn_photos, interleaved, need, parser, ratio, repeated, report, seconds, summary
from flaneur.dataset.store import open_dataset
from flaneur.predict import Model, load
from flaneur.serve.limits import Limits

CALLERS = 16
_PARTS = ("throughput", "overload", "deaths", "memory")
_CROWDED = {"queue_photos": 64, "client_photos": 32, "request_photos": 8}
_SAMPLES = 50
_REFUSED = (429, 503)
_RUDE_S = 0.1
_FIRST = -10


def as_server(model: str, limits: str) -> None:
    """What the server's own process runs."""
    from flaneur.serve.http.settings import ServeSettings
    from flaneur.serve.run import serve

    settings = ServeSettings(port=0, limits=Limits(**json.loads(limits)))
    serve([load(model)], settings, told=lambda address: print(address, flush=True))


class Server:
    """A server in a process of its own."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.pid, self.port, self._process = process.pid, port, process

    def metric(self, name: str) -> float:
        """Sum over its labels."""
        caller = Caller(self.port)
        _, _, text = caller.send(get("/metrics"))
        caller.close()
        found = re.findall(rf"^{name}(?:{{.*}})? ([0-9.e+]+)$", text.decode(), flags=re.MULTILINE)
        return sum(float(value) for value in found)

    def cpu_s(self) -> float:
        """Time on cores that all its processes were given."""
        return sum(_cpu_s(pid) for pid in (self.pid, *self.children()))

    def rss_mb(self) -> tuple[float, float]:
        """Resident memory of the server itself, and with all its processes (MB of 10^6 bytes)."""
        own = _rss_mb(self.pid)
        return own, own + sum(_rss_mb(pid) for pid in self.children())

    def children(self) -> list[int]:
        """Processes that decode and explain; each belongs to the thread that started it."""
        found = []
        for task in Path(f"/proc/{self.pid}/task").iterdir():
            found += [int(pid) for pid in (task / "children").read_text().split()]
        return found


def _cpu_s(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:  # it has ended meanwhile
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _rss_mb(pid: int) -> float:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:  # it has ended meanwhile
        return 0.0
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    return int(found[1]) * 1024 / 1e6 if found else 0.0


@contextmanager
def serving(model: str, **limits: Any) -> Iterator[Server]:
    """Start a server and end it."""
    command = [sys.executable, "-m", "benchmarks.serving", "--as-server", json.dumps(limits), "--model", model]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = process.stdout.readline()
        if not address:
            raise SystemExit("the server does not start; its own words are above")
        try:
            yield Server(process, int(address.rsplit(":", 1)[1]))
        finally:
            process.send_signal(signal.SIGTERM)


TOGETHER = 4
"""Photos in one request of those who send several."""


def throughput(model: Model, name: str, paths: Sequence[Path], count: int, repeats: int) -> list[dict[str, Any]]:
    """Photos a second of both, in turns; one photo a request, and several."""
    chosen, found = repeated(paths, count), dict[int, list[Told]]({1: [], TOGETHER: []})
    core_s: dict[str, list[float]] = {"predict_many": [], "1": [], str(TOGETHER): []}
    photos = photos_of(chosen)
    clients = [f"client {number}" for number in range(CALLERS)]
    with serving(name) as server:

        def served(together: int) -> float:
            before = server.cpu_s()
            told = call(server.port, photos, clients, lambda number: number * together < count, together=together)
            found[together].append(told)
            core_s[str(together)].append(server.cpu_s() - before)
            return told.count(200) * together / told.took_s

        def bulk() -> float:
            before = time.process_time()
            rate = count / seconds(lambda: list(model.predict_many((str(path), [path]) for path in chosen)))
            core_s["predict_many"].append(time.process_time() - before)
            return rate

        ways = {"predict_many": bulk, "1": lambda: served(1), str(TOGETHER): lambda: served(TOGETHER)}
        rates = interleaved(ways, repeats)
    lines = [need("photos a second, predict_many", summary(rates["predict_many"])["median"])]
    for together, told in found.items():
        way, said = str(together), f"{together} a request: "
        lines += [
            need(f"{said}photos a second over HTTP, {CALLERS} callers", summary(rates[way])["median"]),
            need(f"{said}of that share", ratio(rates[way], rates["predict_many"])["median"], at_least=0.8),
            need(f"{said}core-milliseconds a photo", 1000 * summary(core_s[way])["median"] / count),
            need(f"{said}median seconds of an answer", summary([one.at(0.5, 200) for one in told])["median"]),
            need(f"{said}p95 seconds of an answer", summary([one.at(0.95, 200) for one in told])["median"]),
            need(f"{said}answers other than 200", sum(_others(one) for one in told), at_most=0),
        ]
    return lines


def _others(told: Told) -> int:
    return sum(map(len, told.seconds.values())) - told.count(200)


def overload(name: str, photos: Sequence[bytes], lasting_s: float) -> list[dict[str, Any]]:
    """Ten times the callers; they come first on the cores, as if they had others, so that their own delays are none."""
    with serving(name, **_CROWDED) as server, _first():
        clients = [f"client {number}" for number in range(CALLERS)]
        peaks = [_rate(call(server.port, photos, clients, _until(lasting_s)))]
        crowds, probes = dict[str, Told](), dict[str, list[float]]()
        for kind, pause_s in (("told", None), ("rude", _RUDE_S)):
            with _probed(server.port, probes.setdefault(kind, [])):
                crowds[kind] = call(server.port, photos, clients * 10, _until(lasting_s), pause_s, arriving_s=1.0)
            peaks.append(_rate(call(server.port, photos, clients, _until(lasting_s))))
        greedy = ["greedy"] * 60 + [f"modest {number}" for number in range(7)] * 8
        shared = call(server.port, photos, greedy, _until(lasting_s), _RUDE_S)
        held = server.metric("flaneur_photos")
    least = min(shared.by_client[f"modest {number}"] for number in range(7)) / (shared.count(200) / 8)
    everybody = [*crowds.values(), shared]
    return [
        need("photos a second at the peak", summary(peaks)["median"]),
        *_crowd("told, ", crowds["told"], probes["told"], peaks[:2]),
        *_crowd("rude, ", crowds["rude"], probes["rude"], peaks[1:]),
        need("answers of other kinds", sum(_others(one) - one.count(*_REFUSED) for one in everybody), at_most=0),
        need("connections lost", sum(one.lost for one in everybody), at_most=0),
        need("refusals without Retry-After", sum(one.without_retry for one in everybody), at_most=0),
        need("least of a modest client beside a greedy one, of its fair share", least, at_least=0.8),
        need("photos held afterwards", held, at_most=0),
    ]


def _rate(told: Told) -> float:
    return told.count(200) / told.took_s


def _crowd(who: str, crowd: Told, probes: list[float], peaks: list[float]) -> list[dict[str, Any]]:
    """How a crowd fared; peaks: photos a second just before and after it."""
    share = 2 * _rate(crowd) / sum(peaks)
    return [
        need(f"{who}refused a second", crowd.count(*_REFUSED) / crowd.took_s),
        need(f"{who}p99 seconds of a refusal", crowd.at(0.99, *_REFUSED), at_most=0.05),
        need(f"{who}p99 seconds of a probe", sorted(probes)[int(0.99 * len(probes))], at_most=0.1),
        need(f"{who}answered, share of the peak", share, at_least=0.9),
        need(f"{who}p95 seconds of an answer", crowd.at(0.95, 200)),
    ]


@contextmanager
def _first() -> Iterator[None]:
    """Come first on the cores, where that is allowed."""
    try:
        os.setpriority(os.PRIO_PROCESS, 0, _FIRST)
    except PermissionError:
        print("  not allowed to come first: delays of the callers count as the server's", file=sys.stderr)
    try:
        yield
    finally:
        with suppress(PermissionError):
            os.setpriority(os.PRIO_PROCESS, 0, 0)


def _until(lasting_s: float) -> Any:
    end = time.perf_counter() + lasting_s
    return lambda _number: time.perf_counter() < end


@contextmanager
def _probed(port: int, into: list[float]) -> Iterator[None]:
    """Have its health asked for, by a process that does nothing else."""
    command = [sys.executable, "-m", "benchmarks.callers", str(port)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield
        said, _ = process.communicate("")
    into += json.loads(said)


def deaths(name: str, photos: Sequence[bytes], count: int = 1000, kills: int = 20) -> list[dict[str, Any]]:
    """Decoding processes abort while requests run; which photo they hold is chance."""
    with serving(name) as server:
        killed = 0

        def go_on(number: int) -> bool:
            nonlocal killed
            if number and number % (count // kills) == 0 and number < count:
                decoders = [pid for pid in server.children() if b"decoding" in _command(pid)]
                os.kill(decoders[killed % len(decoders)], signal.SIGABRT)
                killed += 1
            return number < count

        told = call(server.port, photos, [f"client {number}" for number in range(CALLERS)], go_on)
        replaced = server.metric("flaneur_restarts_total")
    return [
        need("decoding processes killed", killed),
        need("replaced", replaced, at_least=killed - 1),
        need("answers other than 200", count - told.count(200), at_most=0),
        need("slowest answer, seconds", told.at(1.0, 200)),
    ]


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def memory(name: str, photos: Sequence[bytes], count: int) -> list[dict[str, Any]]:
    """Resident memory after the first tenth of the requests, and at their end."""
    with serving(name) as server:
        seen = list[tuple[float, float]]()

        def go_on(number: int) -> bool:
            if number % (count // _SAMPLES) == 0:
                seen.append(server.rss_mb())
            return number < count

        told = call(server.port, photos, [f"client {number}" for number in range(20)], go_on)
    warm, last = seen[_SAMPLES // 10], seen[-1]
    print("  MB, all processes:", " ".join(f"{whole:.0f}" for _, whole in seen), file=sys.stderr)
    return [
        need("requests answered", told.count(200), at_least=count),
        need("MB at the end, server", last[0]),
        need("MB at the end, all processes", last[1]),
        need("MB more than after a tenth, server", last[0] - warm[0], at_most=100),
        need("MB more than after a tenth, all processes", last[1] - warm[1], at_most=100),
        need("MB more than half way, all processes", last[1] - seen[_SAMPLES // 2][1]),
    ]


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--dataset", help="photos of this dataset rather than drawn ones")
    options.add_argument("--part", choices=_PARTS, action="append", help="only this; may be given again")
    options.add_argument("--count", type=int, default=600, help="photos of a round of throughput (600)")
    options.add_argument("--requests", type=int, default=20_000, help="of the memory part (20,000)")
    options.add_argument("--seconds", type=float, default=20.0, help="of each stretch of overload (20)")
    options.add_argument("--as-server", help="limits as JSON: be the server")
    chosen = options.parse_args()
    if chosen.as_server is not None:
        as_server(chosen.model, chosen.as_server)
        return
    paths, claims = _paths(chosen.dataset, chosen.photos), list[dict[str, Any]]()
    photos = photos_of(paths[:200])
    for part in chosen.part or _PARTS:
        print(f"  {part}", file=sys.stderr)
        match part:
            case "throughput":
                claims += throughput(load(chosen.model), chosen.model, paths, chosen.count, chosen.repeats)
            case "overload":
                claims += overload(chosen.model, photos, chosen.seconds)
            case "deaths":
                claims += deaths(chosen.model, photos)
            case _:
                claims += memory(chosen.model, photos, chosen.requests)
    size_kb = sum(map(len, photos)) / len(photos) / 1000
    report("serving", {"kilobytes_a_photo": size_kb, "callers": CALLERS}, claims, chosen.out)


def _paths(dataset: str | None, folder: Path) -> list[Path]:
    if dataset is None:
        return drawn_photos(folder)
    found = open_dataset(dataset)
    return [found.image_path(photo) for photo in found.photos[:: max(1, len(found.photos) // 600)]]


if __name__ == "__main__":
    main()
