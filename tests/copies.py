"""A function's name and its words in; processes that run it out: copies of one process that has imported torch already.

Importing costs seconds, a copy none. Each copy has a memory, an environment and an end of its own, and can be killed.
Run as a program, this file is the process that is copied.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn

LIMIT_S = 300
TESTS = Path(__file__).parent


class Copies:
    """Starts copies of a process that has imported some modules; they end with it.

    Args:
        modules: to import, by name; also from the tests' folder.
    """

    def __init__(self, *modules: str) -> None:
        ours = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS.parent)])}
        self._process = subprocess.Popen(
            [sys.executable, __file__, *modules], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=ours
        )

    def __enter__(self) -> Copies:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.communicate(timeout=LIMIT_S)

    def start(self, target: str, *words: str, said: Path, environment: Mapping[str, str]) -> int:
        """Start ``module:function`` with words; what it prints goes into a file. The number of its process."""
        return int(self._ask({"target": target, "words": words, "said": str(said), "environment": dict(environment)}))

    def ended(self, copy: int) -> int | None:
        """The exit code, negative for a signal; ``None`` while it runs."""
        code = self._ask({"ended": copy})
        return None if code is None else int(code)

    def wait(self, copy: int) -> int:
        """The exit code, when it has ended; the copy ends itself when it takes too long."""
        while (code := self.ended(copy)) is None:
            time.sleep(0.02)
        return code

    def _ask(self, what: Mapping[str, Any]) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


def _copied() -> None:
    for name in sys.argv[1:]:
        import_module(name)
    for line in sys.stdin:
        asked = json.loads(line)
        if "ended" in asked:
            number, status = os.waitpid(asked["ended"], os.WNOHANG)
            answer = os.waitstatus_to_exitcode(status) if number else None
        elif not (answer := os.fork()):
            _run(asked)
        print(json.dumps(answer), flush=True)


def _run(asked: Mapping[str, Any]) -> NoReturn:
    """What a copy does."""
    signal.alarm(LIMIT_S)
    with Path(asked["said"]).open("wb") as said, Path(os.devnull).open("rb") as nothing:
        for stream, number in ((nothing, 0), (said, 1), (said, 2)):
            os.dup2(stream.fileno(), number)
    os.environ.update(asked["environment"])
    module, _, name = asked["target"].partition(":")
    code = 1
    try:
        code = getattr(import_module(module), name)(*asked["words"])
    except SystemExit as end:
        code = int(end.code or 0)
    except BaseException:  # noqa: BLE001  its last words; then it ends whatever the reason
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    _copied()
