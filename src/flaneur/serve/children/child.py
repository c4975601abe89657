"""A module's name in; a process of it that answers frames, is replaced when it dies and ended when slow, out."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import IO, Any, BinaryIO

from flaneur.serve.children.frames import Frame, read_frame, write_frame
from flaneur.serve.children.watchdog import Watchdog

_START_S = 60.0  # imports alone, on a machine that has much else to do
_LEAVE_S = 2.0
_PIPE_BYTES = 1 << 19
_PASSED_ON = (
    "PATH", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "TEMP",
    "TMPDIR", "HOME", "FLANEUR_HOME", "LANG", "LC_ALL",
)  # fmt: skip
# Arrays here are small: more threads would only reserve address space.
_ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


class ChildDied(Exception):  # noqa: N818 - it tells what happened; the caller says what that means
    """The process ended, or answered what is no frame, before it had answered."""


class ChildSlow(ChildDied):
    """It had not answered in time and was ended."""


class Child:
    """One process. One thread asks it; any thread may kill it.

    Args:
        module: run as ``python -m``; it reads frames from its standard input and answers on its standard output,
            having said hello with an empty frame.
        arguments: for it.
        watchdog: ends it when it is slow.
    """

    def __init__(self, module: str, arguments: Sequence[str], watchdog: Watchdog) -> None:
        self._command = [sys.executable, "-P", "-m", module, *arguments]
        self._watchdog = watchdog
        self._process: subprocess.Popen[bytes] | None = None
        self._slow = self._killed = False
        self._changing = threading.Lock()
        self.restarts = 0
        self.start_s = 0.0

    @property
    def alive(self) -> bool:
        """Whether the process stands."""
        process = self._process
        return process is not None and not self._killed and process.poll() is None

    @property
    def pid(self) -> int | None:
        """Of the process that stands."""
        return self._process.pid if self._process is not None else None

    def start(self) -> None:
        """Start it, in place of the one that died, and wait until it is ready.

        Raises:
            ChildDied: it does not start.
        """
        began = time.monotonic()
        self._killed = False
        if self._process is not None:
            self.restarts += 1
            self._reap()
        kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        try:
            process = subprocess.Popen(  # noqa: S603 - our own interpreter, our own module
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,  # what a decoder says of a photo is nobody's business
                env=kept | _ENVIRONMENT,
                start_new_session=True,
            )
        except OSError as error:  # no memory or no process left
            raise ChildDied from error
        with self._changing:
            self._process = process
            if self._killed:  # while it was being started
                process.kill()
        for pipe in (process.stdin, process.stdout):
            _widen(_pipe(pipe))
        self._exchange(None, (), _START_S, 0)
        self.start_s = time.monotonic() - began

    def ask(self, header: Mapping[str, Any], blocks: Sequence[bytes], seconds: float, most_bytes: int) -> Frame:
        """Ask and wait for the answer; a process that is not there is started first.

        Args:
            header: JSON values.
            blocks: of bytes.
            seconds: that the answer may take; the start does not count.
            most_bytes: that the answer's blocks may have.

        Raises:
            ChildSlow: it took longer and was ended.
            ChildDied: it ended, or is not worth asking any more and was ended.
        """
        if not self.alive:
            self.start()
        return self._exchange(header, blocks, seconds, most_bytes)

    def _exchange(
        self, header: Mapping[str, Any] | None, blocks: Sequence[bytes], seconds: float, most_bytes: int
    ) -> Frame:
        assert self._process is not None  # noqa: S101 - started
        self._slow = False
        try:
            with self._watchdog.within(seconds, self._end_slow):
                if header is not None:
                    write_frame(_pipe(self._process.stdin), header, blocks)
                return read_frame(_pipe(self._process.stdout), most_bytes)
        except Exception as error:  # a process that was taken over may answer anything
            self.kill()
            raise (ChildSlow() if self._slow else ChildDied()) from error

    def kill(self) -> None:
        """End the process at once, even one that is just being started."""
        with self._changing:
            self._killed = True
            if self._process is not None:
                self._process.kill()

    def close(self) -> None:
        """End the process: kindly, then not."""
        if self._process is not None:
            with suppress(OSError):
                _pipe(self._process.stdin).close()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_LEAVE_S)
            self._reap()
            self._process = None

    def _end_slow(self) -> None:
        self._slow = True
        self.kill()

    def _reap(self) -> None:
        assert self._process is not None  # noqa: S101 - the callers have looked
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):  # what was not yet written cannot be any more
                _pipe(pipe).close()


def _widen(pipe: BinaryIO) -> None:
    """Let a whole frame into a pipe, so that neither side waits for the other half way; where the system lets us."""
    if sys.platform == "linux":
        import fcntl

        with suppress(OSError):
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)


def _pipe(pipe: IO[bytes] | None) -> Any:
    assert pipe is not None  # noqa: S101 - both are asked for in start
    return pipe
