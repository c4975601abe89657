"""A process that is about to touch untrusted bytes in; the same one out, unable to take much or to open anything."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys

ANSWERS, EXPLAINS = 3, 6
"""Steps by which photos' answers give way to whoever talks with clients, and heat maps to both."""

_PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 4, 38  # linux/prctl.h


def deafen() -> None:
    """Leave stopping to the parent: neither Ctrl-C nor a service manager's SIGTERM ends work that was accepted."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


def confine(memory_bytes: int, files: int) -> None:
    """Limit this process for the rest of its life; where a system lacks a limit, it goes without.

    On Linux it can also gain no right by starting a program, and its siblings cannot look into it.

    Args:
        memory_bytes: of address space.
        files: one above the highest descriptor that it may yet open; 0 leaves those that are open and nothing else:
            no file, no socket, not even in place of one that it closes.
    """
    if sys.platform == "win32":
        return
    import resource

    limits = {"RLIMIT_AS": memory_bytes, "RLIMIT_NOFILE": files, "RLIMIT_FSIZE": 0, "RLIMIT_CORE": 0}
    for name, most in limits.items():
        if hasattr(resource, name):
            with contextlib.suppress(OSError, ValueError):  # macOS refuses some of them
                resource.setrlimit(getattr(resource, name), (most, most))
    if sys.platform == "linux":
        with contextlib.suppress(AttributeError):
            prctl = ctypes.CDLL(None).prctl
            prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
            prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def give_way(steps: int) -> None:
    """Let others have the cores first: on Linux this thread and what it starts, elsewhere the whole process.

    Args:
        steps: by which it gives way; :data:`ANSWERS` or :data:`EXPLAINS`.
    """
    if hasattr(os, "nice"):
        os.nice(steps)
