"""Bodies that no server should take in; what it does, and in how much memory, out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx2  # noqa: TID251 - it asks a server of its own

from benchmarks.measure import need
from benchmarks.server_reliability.server import FORM, HEAD, PATIENT, STREET, Claims, watched


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
