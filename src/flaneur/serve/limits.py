"""What a server may be asked for, and for how long, in; one frozen value that holds all of it, checked, out."""

from __future__ import annotations

from dataclasses import dataclass

from flaneur.decode import MAX_PIXELS
from flaneur.errors import UsageError

_MB = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Every limit of a server. Whatever is above one is refused with a clear answer; nothing is cut off silently.

    Args:
        connections: open at once; fewer where the system lets a process have few files.
        client_connections: likewise from one address: a school, or a proxy, may share one. At most half of all.
        request_bytes: of one request's body, all parts together.
        photo_bytes: of one photo.
        request_photos: photos in one request.
        request_fields: other fields in one request.
        field_bytes: of one such field.
        queue_photos: photos that are accepted and not yet answered, of all clients together.
        queue_bytes: their bytes together.
        client_photos: likewise of one client, so that others find room.
        batch: photos in one run of the network.
        decoders: processes that decode photos; 0: one a core.
        threads: threads that run the network; 0: one a core.
        decode_s: seconds that a decoder may take for one photo before it is ended.
        decode_memory_bytes: address space of a decoder.
        queue_explanations: heat maps that are accepted and not yet made.
        client_explanations: likewise of one client.
        explain_s: seconds that a heat map may take before it is given up.
        explain_memory_bytes: address space of the process that makes heat maps.
        body_s: seconds for a request's body to arrive.
        drain_s: seconds for accepted requests to finish once a server was told to stop.

    Raises:
        UsageError: a limit below 1 (0 for the two that mean "one a core"), or limits that contradict each other.

    >>> Limits().pixels, Limits(batch=8).batch
    (40000000, 8)
    """

    connections: int = 7424
    client_connections: int = 1024
    request_bytes: int = 64 * _MB
    photo_bytes: int = 25 * _MB
    request_photos: int = 32
    request_fields: int = 16
    field_bytes: int = 4096
    queue_photos: int = 512
    queue_bytes: int = 256 * _MB
    client_photos: int = 256
    batch: int = 4
    decoders: int = 0
    threads: int = 0
    decode_s: float = 20.0  # 40 million pixels of 16 bits take 3 on a core
    decode_memory_bytes: int = 2 << 30  # the same picture takes 0.9
    queue_explanations: int = 16
    client_explanations: int = 4
    explain_s: float = 120.0  # the cores may all be at predictions meanwhile
    explain_memory_bytes: int = 8 << 30
    body_s: float = 30.0
    drain_s: float = 30.0

    def __post_init__(self) -> None:
        for name in self.__dataclass_fields__:
            value = getattr(self, name)
            if value <= 0 and not (value == 0 and name in ("decoders", "threads")):
                raise UsageError(f"limit {name!r} is {value}; it must be above 0.")
        for least, most in (
            ("photo_bytes", "request_bytes"), ("photo_bytes", "queue_bytes"), ("request_photos", "client_photos"),
            ("client_photos", "queue_photos"), ("client_explanations", "queue_explanations"),
            ("client_connections", "connections"),
        ):  # fmt: skip
            if getattr(self, least) > getattr(self, most):
                raise UsageError(
                    f"limit {least!r} ({getattr(self, least):,}) is above {most!r} ({getattr(self, most):,}); "
                    f"lower the first or raise the second."
                )

    @property
    def pixels(self) -> int:
        """Of one photo; the same everywhere in flaneur."""
        return MAX_PIXELS
