"""The API's own description in; requests made up from it, and answers that it does not allow, out."""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.measure import need
from benchmarks.server_reliability.server import Claims, watched
from made_up_requests import ask


def fuzz(chosen: Any) -> tuple[dict[str, Any], Claims]:
    """Requests made up from the API's own description, good and bad, all checks."""
    with watched(games=True) as server, tempfile.TemporaryDirectory() as name:
        asked = server.metric("flaneur_requests_total")
        done = ask(
            server.address, Path(name), "-n", str(chosen.examples), "--max-time", str(chosen.seconds),
            "--seed", str(chosen.seed), "--request-timeout", "60",
        )  # fmt: skip
        print("\n".join(line[:1000] for line in done.stdout.splitlines()), file=sys.stderr)
        asked = server.metric("flaneur_requests_total") - asked
        failures = int(found.group(1)) if (found := re.search(r"(\d+) unique failure", done.stdout)) else 0
        errors = server.metric(r'flaneur_requests_total\{.*status="5')
        about_games = server.metric(r'flaneur_requests_total\{.*route="/v1/games')
        played = server.metric(r'flaneur_requests_total\{.*route="/v1/games.*status="20')
    claims = [
        need("fuzz: requests made up from the description", asked, at_least=5000),
        need("fuzz: of them about games", about_games, at_least=1000),
        need("fuzz: of those, answered as asked", played, at_least=300),
        need("fuzz: answers with a server error", errors, at_most=0),
        need("fuzz: answers that the description does not allow", failures, at_most=0),
    ]
    return {"requests": asked, "about games": about_games, "played": played, "seed": chosen.seed}, claims
