"""Heads that only another page sends in; whether one is let through out."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from benchmarks.measure import need
from benchmarks.server_reliability.server import PATIENT, STREET, Claims, watched


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
