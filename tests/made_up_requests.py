"""The address of a server in; what schemathesis says of requests that it makes up from the description out."""

import os
import subprocess
import sys
from pathlib import Path

import httpx2  # noqa: TID251 - it asks a server of its own

SETTINGS = """
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "401", "403", "404", "408", "409", "429"]  # 408: where the computer has much else to do
[checks.negative_data_rejection]
expected-statuses = ["400", "401", "403", "404", "405", "408", "409", "413", "415", "422", "429"]
"""


def ask(address: str, folder: Path, *wishes: str) -> "subprocess.CompletedProcess[str]":
    """Have schemathesis make requests up, with the hooks of :mod:`made_up_hooks`.

    Args:
        address: of the server.
        folder: to run it in.
        wishes: further words of its command line.
    """
    description = folder / "description.json"
    description.write_bytes(httpx2.get(f"{address}/openapi.json", timeout=120).content)  # st itself waits for 10 s
    (folder / "schemathesis.toml").write_text(SETTINGS)
    told = {"FUZZED": address, "SCHEMATHESIS_HOOKS": "made_up_hooks", "PYTHONPATH": str(Path(__file__).parent)}
    words = [
        "run", str(description), "--url", address, "--generation-database", "none", "--no-shrink", "--no-color",
        "--continue-on-failure", *wishes,
    ]  # fmt: skip
    return subprocess.run(
        [str(Path(sys.executable).with_name("st")), *words],
        cwd=folder, env=os.environ | told, capture_output=True, text=True, errors="replace", check=False,
    )  # fmt: skip
