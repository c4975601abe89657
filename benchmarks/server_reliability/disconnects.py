"""Clients that leave in; what a server still holds of them out."""

from __future__ import annotations

import random
from typing import Any

from benchmarks.measure import need
from benchmarks.server_reliability.server import FORM, HEAD, PATIENT, STREET, Claims, until, watched


def disconnects(_chosen: Any) -> tuple[dict[str, Any], Claims]:
    """A thousand clients that leave, some before their body is sent; then the queue is empty and answers come."""
    with watched() as server:
        draw = random.Random(1)
        for _ in range(1000):
            whole = HEAD + b"Content-Length: %d\r\n\r\n" % len(FORM) + FORM
            server.speak(whole if draw.random() < 0.7 else whole[: draw.randrange(20, len(whole))]).close()
        waited_s = until(lambda: server.metric("flaneur_requests_open") <= 1 and not server.metric("flaneur_photos{"))
        held = server.metric("flaneur_held_bytes")
        cancelled = server.metric(r'flaneur_photos_done_total\{outcome="cancelled"')
        answer = PATIENT.post(f"{server.address}/v1/predict", files={"photo": STREET})
    claims = [
        need("disconnects: seconds until nothing is under way", waited_s, at_most=10),
        need("disconnects: bytes still held", held, at_most=0),
        need("disconnects: status of the next request", answer.status_code, at_least=200, at_most=200),
    ]
    return {"cancelled": cancelled}, claims
