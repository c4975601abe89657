"""Ten thousand requests of all kinds in; counters against what clients saw, and what is left behind, out."""

from __future__ import annotations

import random
import re
import tempfile
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2  # noqa: TID251 - it asks a server of its own

from benchmarks.measure import need
from benchmarks.server_reliability.server import PATIENT, Claims, watched
from malformed import write_malformed
from photos import drawn, jpeg


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
