"""Addresses that a server must not fetch in; connections that it made out."""

from __future__ import annotations

from collections import Counter
from typing import Any

import httpx2  # noqa: TID251 - it asks a server of its own

from benchmarks.measure import need
from benchmarks.server_reliability.server import STREET, Claims, watched

METADATA = [
    "169.254.169.254", "100.100.100.200", "[::ffff:169.254.169.254]", "[64:ff9b::a9fe:a9fe]", "[fd00:ec2::254]",
    "0xA9FEA9FE", "0251.0376.0251.0376", "2852039166", "127.1", "0", "localhost", "[::1]", "169.254.169.254.nip.io",
    "metadata.google.internal", "127.0.0.1:22",
]  # fmt: skip
SCHEMES = ["http://{}/latest/meta-data/", "https://{}/", "file://{}/etc/passwd", "//{}/x.jpg"]


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
