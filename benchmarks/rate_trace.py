"""A rate and a budget, kept for ten minutes: processes that are killed and started again, a server that misbehaves.

Three processes with four threads each ask one provider for all they can get, under one rate and one budget that they
share through SQLite; every few seconds one is killed without warning and another takes its place. A fifth of the
replies are faults of all kinds, ``Retry-After`` among them. What counts is what the server saw.
"""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from benchmarks.measure import parser, report
from provider.server import Asked, Faults, ProviderServer, Response, json_response

RATE = (20, 1.0)
PROCESSES = 3
ASKER = """
import sys, threading
from flaneur.errors import FlaneurError
from flaneur.net import open_client
from flaneur.protocols import Limit
limits = {"search": Limit(%d, %r), "image": Limit(%d, %r)}
with open_client("toy", key=None, limits=limits, bases={"api": "https://toy.example"},
                 budget=float(sys.argv[2]), price=lambda sku, used: 0.0 if used < 50 else 0.01) as client:
    def ask(start):
        for number in range(start, 1_000_000, 4):
            try:
                client.get_json("api", f"/free/{sys.argv[1]}/{number}")
                client.get_json("api", f"/paid/{sys.argv[1]}/{number}", group="image", billed="picture")
            except FlaneurError:
                pass
    for start in range(4):
        threading.Thread(target=ask, args=[start], daemon=True).start()
    sys.stdin.read()
""" % (*RATE, *RATE)  # noqa: UP031  # braces are the code's own


class Provider:
    """Answers all."""

    def handle(self, request: Asked) -> Response:
        return json_response([request.path])


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--minutes", type=float, default=10.0)
    options.add_argument("--budget", type=float, default=20.0, help="of requests at 0.01 each, after 50 free ones")
    options.add_argument("--seed", type=int, default=0)
    chosen = options.parse_args()
    with (
        tempfile.TemporaryDirectory() as home,
        ProviderServer([Provider()], Faults(share=0.2, seed=chosen.seed)) as server,
    ):
        surroundings = {"FLANEUR_HOME": home, "PATH": "/usr/bin:/bin", **server.environment("toy", "api")}
        killed = ask_on(surroundings, chosen.minutes * 60, chosen.budget, random.Random(chosen.seed))
        report("rate_trace", figures(server, killed), claims(server, chosen.minutes * 60, chosen.budget), chosen.out)


def ask_on(surroundings: dict[str, str], seconds: float, budget: float, draw: random.Random) -> int:
    """Keep three processes asking; how many were killed."""
    started, running = 0, []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        while len(running) < PROCESSES:
            command = [sys.executable, "-c", ASKER, str(started), str(budget)]
            running.append(subprocess.Popen(command, stdin=subprocess.PIPE, env=surroundings))
            started += 1
        time.sleep(min(draw.uniform(2, 15), max(0.0, end - time.monotonic())))
        finish(running.pop(draw.randrange(PROCESSES)))
    for process in running:
        finish(process)
    return started


def finish(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    if process.stdin is not None:
        process.stdin.close()


def claims(server: ProviderServer, seconds: float, budget: float) -> list[dict[str, Any]]:
    def claim(text: str, value: float, at_most: float | None = None) -> dict[str, Any]:
        held = at_most is None or value <= at_most
        return {"claim": text, "value": value, "at_least": None, "at_most": at_most, "held": held}

    paid = server.count("^/paid/")
    return [
        claim("most free requests in any second", most(server, "/free/"), RATE[0]),
        claim("most billed requests in any second", most(server, "/paid/"), RATE[0]),
        claim("calls before a Retry-After to the same address was over", len(server.too_early()), 0),
        claim("billed requests that arrived, against the budget", paid, 50 + budget / 0.01),
        claim("share of the rate that was used by free requests", server.count("^/free/") / (RATE[0] * seconds)),
    ]


def most(server: ProviderServer, start: str) -> int:
    return server.most_within(RATE[1], lambda one: one.path.startswith(start))


def figures(server: ProviderServer, started: int) -> dict[str, Any]:
    faults = sorted({one.fault for one in server.trace if one.fault})
    return {
        "requests": len(server.trace),
        "processes": started,
        "faults": {fault: server.count(fault=fault) for fault in faults},
    }


if __name__ == "__main__":
    main()
