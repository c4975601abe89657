"""A folder in; the one process that may write to it now. The lock goes with the process, also when it is killed."""

from __future__ import annotations

import errno
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from flaneur.errors import InputError

LOCK = ".lock"
_mine = threading.local()  # the folders that this thread has locked


@contextmanager
def only_one(root: Path) -> Iterator[None]:
    """Wait until no other flaneur writes to this folder, however long that takes. Who holds it may take it again.

    Raises:
        InputError: the folder cannot be written, as on a read-only file system; also if nothing has changed.
    """
    held: set[Path] = _mine.__dict__.setdefault("held", set())
    folder = root.resolve()
    if folder in held:
        yield
        return
    with _opened(root) as lock:
        if sys.platform == "win32":
            _lock_on_windows(lock)
        else:
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX)
        held.add(folder)
        try:
            yield
        finally:
            held.discard(folder)


def _opened(root: Path) -> BinaryIO:
    try:
        return (root / LOCK).open("a+b")
    except OSError as error:
        told = f"{root}: cannot be written ({error.strerror}). Make it writable, or copy it elsewhere."
        raise InputError(told) from error


def _lock_on_windows(lock: BinaryIO) -> None:
    """Lock the first byte, which need not exist; closing the file frees it.

    Source:
        https://docs.python.org/3/library/msvcrt.html#msvcrt.locking: after ten seconds of waiting it raises.
    """
    import msvcrt

    while True:
        lock.seek(0)
        try:
            msvcrt.locking(lock.fileno(), msvcrt.LK_LOCK, 1)  # type: ignore[attr-defined,unused-ignore]  # Windows only
        except OSError as error:
            if error.errno not in (errno.EDEADLK, errno.EACCES):
                raise
        else:
            return
