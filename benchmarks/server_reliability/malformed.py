"""Files that are no photos, by the ten thousand, in; what each was answered, and how the server fared, out."""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

import httpx2  # noqa: TID251 - it asks a server of its own

from benchmarks.measure import need
from benchmarks.server_reliability.server import STREET, Claims, Watched, watched
from malformed_kinds import bombs, malformed_files

_DOCS = Path(__file__).parents[2] / "docs" / "reference"
_TOGETHER = (8, 8, *[1] * 24)
"""Files of each of the requests that are sent in one go."""


def malformed(chosen: Any) -> tuple[dict[str, Any], Claims]:
    """Broken and hostile files, one a request and several, to predict and explain, with good photos between them."""
    with watched() as server, httpx2.Client(base_url=server.address, timeout=300) as client:
        asking = _Asking(client)
        before, programs = _memory(server), len(server.noted("ran"))
        decoders, restarts = server.metric("flaneur_decoders"), server.metric("flaneur_restarts_total")
        files = malformed_files(chosen.files, chosen.seed)
        with ThreadPoolExecutor(4) as pool:
            while any(batches := [list(islice(files, count)) for count in _TOGETHER]):
                list(pool.map(asking.ask, filter(None, batches)))
        after = _memory(server)
        bombs_s = {name: asking.fastest_s(name, data) for name, data in bombs().items()}
        restarts = server.metric("flaneur_restarts_total") - restarts
        programs = len(server.noted("ran")) - programs - int(restarts)
        ended = server.metric(r'flaneur_photos_done_total\{outcome="too_slow"')
        errors = server.metric(r'flaneur_requests_total\{.*status="5')
        lost = decoders - server.metric("flaneur_decoders")
        touched = len(server.noted("wrote") + server.noted("reached"))
    claims = [
        need("malformed: files", asking.outcomes.total(), at_least=chosen.files),
        need("malformed: answers that no document describes", len(asking.undescribed), at_most=0),
        need("malformed: answers with a server error", errors, at_most=0),
        need(f"malformed: of {asking.good} good photos between, not answered as before", asking.wrong, at_most=0),
        need("malformed: decoders missing afterwards", lost, at_most=0),
        need(f"malformed: decoders that died, beside {ended:g} ended as too slow", restarts - ended, at_most=0),
        need("malformed: MB more of the server itself", after["server"] - before["server"], at_most=50),
        need("malformed: MB more of it and its children", after["all"] - before["all"], at_most=100),
        need("malformed: seconds of the slowest bomb", max(bombs_s.values()), at_most=1),
        need("malformed: programs run, files written, connections made", programs + touched, at_most=0),
    ]
    figures = {
        "outcomes": dict(asking.totals().most_common()), "bombs_s": bombs_s, "MB before": before, "MB after": after,
        "undescribed": asking.undescribed[:5], "seed": chosen.seed,
        "by kind": {" -> ".join(key): count for key, count in sorted(asking.outcomes.items())},
    }  # fmt: skip
    return figures, claims


class _Asking:
    """Sends files and judges the answers. Any thread may ask.

    Args:
        client: of the server; asked for a good photo on both ways first.
    """

    def __init__(self, client: httpx2.Client) -> None:
        self._client, self._lock = client, threading.Lock()
        self._photo_codes = _codes("errors.md", "Photo error codes")
        self._codes = (self._photo_codes | _codes("http.md", "Errors")) - {"bug"}
        self.outcomes: Counter[tuple[str, str]] = Counter()
        self.undescribed: list[str] = []
        self.good = self.wrong = 0
        for _ in range(20):
            self._explain(STREET)
            self._ranking = self._predict([STREET]).json()["answers"][0]["ranking"]

    def ask(self, files: Sequence[tuple[str, bytes]]) -> None:
        """One file to one of both ways; several with a good photo last, which must be answered."""
        kinds, photos = [kind for kind, _ in files], [data for _, data in files]
        if len(files) == 1 and len(photos[0]) % 16 == 0:
            self._count(kinds, [self._outcome(self._explain(photos[0]))])
            return
        reply = self._predict(photos if len(photos) == 1 else [*photos, STREET])
        found = [self._outcome(reply)] if len(photos) == 1 else self._told(reply)
        self._count(kinds, found[: len(kinds)])
        if len(photos) > 1:
            self._check(reply)
        elif len(photos[0]) % 16 == 1:
            self._check(self._predict([STREET]))

    def fastest_s(self, name: str, data: bytes) -> float:
        """Seconds of the fastest of three requests with a file."""
        took_s = []
        for _ in range(3):
            began_s = time.monotonic()
            self._count([name], [self._outcome(self._predict([data]))])
            took_s.append(time.monotonic() - began_s)
        return min(took_s)

    def totals(self) -> Counter[str]:
        """How often there was which outcome."""
        found: Counter[str] = Counter()
        for (_, outcome), count in self.outcomes.items():
            found[outcome] += count
        return found

    def _predict(self, photos: Sequence[bytes]) -> httpx2.Response:
        return self._client.post("/v1/predict", files=[("photo", ("photo.jpg", data)) for data in photos])

    def _explain(self, photo: bytes) -> httpx2.Response:
        fields = {"quick": "true", "check": "false"}
        return self._client.post("/v1/explain", files={"photo": ("photo.jpg", photo)}, data=fields)

    def _check(self, reply: httpx2.Response) -> None:
        held = reply.status_code == 200 and reply.json()["answers"][-1].get("ranking") == self._ranking
        with self._lock:
            self.good += 1
            self.wrong += not held

    def _count(self, kinds: Sequence[str], outcomes: Sequence[str]) -> None:
        with self._lock:
            self.outcomes.update(zip(kinds, outcomes, strict=True))

    def _told(self, reply: httpx2.Response) -> list[str]:
        if reply.status_code != 200:
            return [self._outcome(reply)] * 99
        return [self._judged(answer, self._photo_codes, reply) for answer in reply.json()["answers"]]

    def _outcome(self, reply: httpx2.Response) -> str:
        """``answered``, or the code of an error that the documents know."""
        said = reply.json()
        if reply.status_code == 200:
            return self._told(reply)[0] if "answers" in said else "explained"
        return self._judged(said["error"], self._codes, reply, key="code")

    def _judged(self, told: dict[str, Any], codes: set[str], reply: httpx2.Response, key: str = "error") -> str:
        if "ranking" in told:
            return "answered"
        code, message = told.get(key), str(told.get("message", ""))
        if code not in codes or not message or not message.isprintable():
            with self._lock:
                self.undescribed.append(f"{reply.status_code} {told}"[:300])
        return str(code)


def _codes(page: str, title: str) -> set[str]:
    """What stands as code in the first two columns of the tables under a title."""
    text = (_DOCS / page).read_text("utf-8").partition(f"## {title}\n")[2].partition("\n## ")[0]
    rows = [line.split("|")[1:3] for line in text.splitlines() if line.startswith("| ")]
    return {code for row in rows for column in row for code in re.findall(r"`([a-z_]+)`", column)}


def _memory(server: Watched) -> dict[str, float]:
    return {"server": server.rss_mb(children=False), "all": server.rss_mb()}
