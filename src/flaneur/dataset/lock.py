"""A folder in; the one process that may write to it now. The lock goes with the process, also when it is killed."""

from __future__ import annotations

import errno
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

LOCK = ".lock"


@contextmanager
def only_one(root: Path) -> Iterator[None]:
    """Wait until no other flaneur writes to this folder, however long that takes."""
    with (root / LOCK).open("a+b") as lock:
        if sys.platform == "win32":
            _lock_on_windows(lock)
        else:
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _lock_on_windows(lock: BinaryIO) -> None:
    """Lock the first byte, which need not exist; closing the file frees it.

    Source:
        https://docs.python.org/3/library/msvcrt.html#msvcrt.locking: after ten seconds of waiting it raises.
    """
    import msvcrt

    while True:
        lock.seek(0)
        try:
            msvcrt.locking(lock.fileno(), msvcrt.LK_LOCK, 1)  # type: ignore[attr-defined,unused-ignore]
        except OSError as error:
            if error.errno not in (errno.EDEADLK, errno.EACCES):
                raise
        else:
            return
