"""A process that is about to touch untrusted bytes in; the same one out, unable to take much or to open anything."""

from __future__ import annotations

import contextlib
import os
import signal
import sys


def deafen() -> None:
    """Leave stopping to the parent: neither Ctrl-C nor a service manager's SIGTERM ends work that was accepted."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


def confine(memory_bytes: int, files: int) -> None:
    """Limit this process for the rest of its life; where a system lacks a limit, it goes without.

    Args:
        memory_bytes: of address space.
        files: descriptors open at once; 3 leaves the pipes and nothing else: no file, no socket.
    """
    if sys.platform == "win32":
        return
    import resource

    limits = {"RLIMIT_AS": memory_bytes, "RLIMIT_NOFILE": files, "RLIMIT_FSIZE": 0, "RLIMIT_CORE": 0}
    for name, most in limits.items():
        if hasattr(resource, name):
            with contextlib.suppress(OSError, ValueError):  # macOS refuses some of them
                resource.setrlimit(getattr(resource, name), (most, most))


def give_way(steps: int = 5) -> None:
    """Let others have the cores first."""
    if hasattr(os, "nice"):
        os.nice(steps)
