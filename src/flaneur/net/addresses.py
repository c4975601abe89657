"""Addresses in; whether flaneur may connect to them out. A provider's reply must not lead into the user's network."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from urllib.parse import SplitResult, urlsplit

from flaneur.errors import UsageError
from flaneur.net.problems import Refused
from flaneur.net.redact import scrub

_NAT64 = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("64:ff9b:1::/48"))


def bases_of(source: str, defaults: Mapping[str, str]) -> dict[str, str]:
    """The provider's base addresses, or those that the environment names instead.

    Args:
        source: such as ``mapillary``.
        defaults: by name; ``FLANEUR_MAPILLARY_GRAPH_URL`` takes the place of the one called ``graph``.

    Raises:
        UsageError: one is neither https nor on this machine.
    """
    found = {}
    for name, default in defaults.items():
        variable = f"FLANEUR_{source}_{name}_URL".upper().replace("-", "_")
        url = os.environ.get(variable, "") or default
        if not (_is_https(url) or is_local(url)):
            raise UsageError(f"{variable}: {scrub(url)!r} is neither https nor an address of this machine.")
        found[name] = url.rstrip("/")
    return found


def is_local(url: str) -> bool:
    """Whether it is http(s) on a loopback address.

    >>> is_local("http://127.0.0.1:8000/a"), is_local("http://[::1]/"), is_local("http://127.0.0.1.example.org/")
    (True, True, False)
    """
    parts = _split(url)
    if parts is None or parts.scheme not in ("http", "https"):
        return False
    if parts.hostname == "localhost":
        return True
    try:
        return ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False


def refusal_of(url: str, *, local: bool) -> Refused | None:
    """Why an address that a reply names is not asked for, if so; the connection itself is checked once more.

    Args:
        url: absolute.
        local: whether a base lies on this machine, so that pictures may as well.
    """
    if _is_https(url) or (local and is_local(url)):
        return None
    return Refused(f"{scrub(url)[:200]!r}: pictures are fetched by https only. The provider's reply is at fault.")


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet, in whatever it is wrapped.

    >>> is_public("93.184.215.14"), is_public("169.254.169.254"), is_public("100.100.100.200")
    (True, False, False)
    >>> is_public("::ffff:10.0.0.1"), is_public("64:ff9b::a9fe:a9fe"), is_public("2002:7f00:1::1")
    (False, False, False)
    """
    ip = ipaddress.ip_address(address.partition("%")[0])
    wrapped: list[ipaddress.IPv4Address | None] = []
    if isinstance(ip, ipaddress.IPv6Address):
        wrapped = [ip.ipv4_mapped, ip.sixtofour, ip.teredo[1] if ip.teredo else None]
        if ip.ipv4_mapped is not None:
            return is_public(str(ip.ipv4_mapped))
        if any(ip in network for network in _NAT64):
            wrapped.append(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF))
    good = ip.is_global and not ip.is_reserved and not ip.is_multicast
    return good and all(is_public(str(inner)) for inner in wrapped if inner is not None)


def _is_https(url: str) -> bool:
    parts = _split(url)
    return parts is not None and parts.scheme == "https" and bool(parts.hostname) and "@" not in parts.netloc


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts
