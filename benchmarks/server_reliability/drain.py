"""Servers that end while they are asked in; requests that were lost out."""

from __future__ import annotations

import signal
import threading
import time
from collections import Counter
from typing import Any

import httpx2  # noqa: TID251 - it asks a server of its own

from benchmarks.measure import need
from benchmarks.server_reliability.server import HEAD, PATIENT, STREET, Claims, Watched, until, watched


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
            unready_s.append(until(lambda server=server: not _ready(server)))
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
