"""The API's own description in; requests made up from it, and answers that it does not allow, out."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.measure import need
from benchmarks.server_reliability.server import Claims, watched
from made_up_requests import HOOKS


def fuzz(chosen: Any) -> tuple[dict[str, Any], Claims]:
    """Requests made up from the API's own description, good and bad, all checks."""
    with watched() as server, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "hooks.py").write_text(HOOKS)
        tests = str(Path(__file__).parents[2] / "tests")
        surroundings = os.environ | {"SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": f"{folder}:{tests}"}
        asked = server.metric("flaneur_requests_total")
        words = [
            "run", f"{server.address}/openapi.json", "-n", str(chosen.examples), "--max-time", str(chosen.seconds),
            "--seed", str(chosen.seed), "--generation-database", "none", "--no-shrink", "--continue-on-failure",
            "--request-timeout", "60", "--no-color", "--exclude-path-regex", "^/v1/games",
        ]  # fmt: skip
        done = subprocess.run(
            [str(Path(sys.executable).with_name("st")), *words],
            cwd=folder, env=surroundings, capture_output=True, text=True, check=False,
        )  # fmt: skip
        print("\n".join(line[:1000] for line in done.stdout.splitlines()), file=sys.stderr)
        asked = server.metric("flaneur_requests_total") - asked
        failures = int(found.group(1)) if (found := re.search(r"(\d+) unique failure", done.stdout)) else 0
        errors = server.metric(r'flaneur_requests_total\{.*status="5')
    claims = [
        need("fuzz: requests made up from the description", asked, at_least=5000),
        need("fuzz: answers with a server error", errors, at_most=0),
        need("fuzz: answers that the description does not allow", failures, at_most=0),
    ]
    return {"requests": asked, "seed": chosen.seed}, claims
