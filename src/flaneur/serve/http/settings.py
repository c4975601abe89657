"""What a server is told when it starts in; the same, checked and frozen, out."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from functools import lru_cache

from flaneur.errors import UsageError
from flaneur.serve.limits import Limits

_ORIGIN = re.compile(r"https?://[^/\s?#@]+")
_SHORTEST_TOKEN = 16


@dataclass(frozen=True, slots=True)
class ServeSettings:
    """How a server behaves towards those who ask.

    Args:
        host: address to listen on.
        port: to listen on; 0: any that is free.
        token: that every request but those for health must show; empty: none, on loopback only.
        allow_origins: origins of other pages that may ask, such as ``https://example.org``; none by default.
        allow_hosts: further names that this server goes by, such as the one a proxy passes on.
        may_write: whether requests may change what is kept on this computer, such as a model's cities.
        limits: of bytes, pixels, parts, queues and seconds.

    Raises:
        UsageError: off loopback without a token, a token that is easily guessed, or an origin that is none.

    >>> ServeSettings(host="0.0.0.0")
    Traceback (most recent call last):
    flaneur.errors.UsageError: --host 0.0.0.0 lets others in: give a token with --token-file, or use 127.0.0.1.
    """

    host: str = "127.0.0.1"
    port: int = 8420
    token: str = field(default="", repr=False)
    allow_origins: tuple[str, ...] = ()
    allow_hosts: tuple[str, ...] = ()
    may_write: bool = True
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        if not self.token and not is_loopback(self.host):
            raise UsageError(f"--host {self.host} lets others in: give a token with --token-file, or use 127.0.0.1.")
        if self.token and (len(self.token) < _SHORTEST_TOKEN or not self.token.isascii() or " " in self.token):
            raise UsageError(
                f"the token must be {_SHORTEST_TOKEN} or more letters, digits and signs without blanks. Make one with: "
                'python -c "import secrets; print(secrets.token_urlsafe())"'
            )
        for origin in self.allow_origins:
            if not _ORIGIN.fullmatch(origin):
                raise UsageError(f"--allow-origin {origin!r} is no origin. Write it as https://example.org.")


@lru_cache(1024)
def is_loopback(host: str) -> bool:
    """Whether only this computer can reach what listens there.

    Args:
        host: a name, or an address with or without brackets.

    >>> is_loopback("localhost"), is_loopback("[::1]"), is_loopback("0.0.0.0"), is_loopback("example.org")
    (True, True, False, False)
    """
    address = as_address(host)
    return host.casefold() == "localhost" if address is None else address.is_loopback


def as_address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """A host's address where it is written as one; ``None`` for a name.

    >>> as_address("[::1]"), as_address("localhost")
    (IPv6Address('::1'), None)
    """
    try:
        return ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        return None
