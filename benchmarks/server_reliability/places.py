"""Pictures, each with its place, with another's and with none, in; whether answers differ, and logs tell, out."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from typing import Any

import httpx2  # noqa: TID251 - it asks a server of its own

from benchmarks.measure import need
from benchmarks.server_reliability.server import Claims, watched
from photos import drawn, jpeg

_PICTURES = 1000
_OF_THE_FILE = {"photo", "index", "sha256", "gps_in_file"}
_NAMES = ("lisbon-canary.jpg", "tokyo-canary.jpg", "IMG_canary.jpg")


def places(_chosen: Any) -> tuple[dict[str, Any], Claims]:
    """The same pixels under a telling name with one position, with another, and with neither: the same answers."""
    with watched() as server, httpx2.Client(base_url=server.address, timeout=300) as client:

        def same(seed: int) -> bool:
            answers = []
            for name, data in zip(_NAMES, _tagged(seed), strict=True):  # one by one: a batch may change a last digit
                reply = client.post("/v1/predict", files={"photo": (name, data)}).raise_for_status()
                answers += reply.json()["answers"]
            assert [answer["gps_in_file"] is None for answer in answers] == [False, False, True]
            seen = [{key: answer[key] for key in answer.keys() - _OF_THE_FILE} for answer in answers]
            return seen[0] == seen[1] == seen[2]

        differing = _PICTURES - sum(same(seed) for seed in range(_PICTURES))
        told = len(re.findall(r"canary|Telltale|\.3456", server.said.read_text("utf-8", "replace")))
        wrote = server.noted("wrote")
    claims = [
        need(f"places: of {_PICTURES} pictures, answered otherwise for a position or name", differing, at_most=0),
        need("places: names, makers and positions in a debug log", told, at_most=0),
        need("places: files written by the server and its children", len(wrote), at_most=0),
    ]
    return {"wrote": wrote[:5]}, claims


def _tagged(seed: int) -> Sequence[bytes]:
    """One picture with two positions and with none; the files' pixels are the same bytes."""
    draw, image = random.Random(seed), drawn(seed)
    positions = [(draw.randrange(-80, 80) + 0.3456, draw.randrange(-179, 179) + 0.3456) for _ in range(2)]
    return [jpeg(image, lat=lat, lon=lon) for lat, lon in positions] + [jpeg(image)]
