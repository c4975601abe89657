"""The head of a request in; nothing, or the problem it is refused for, out. Any page may be hostile."""

from __future__ import annotations

import hmac
import re
import socket
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from starlette.requests import HTTPConnection, Request

from flaneur.serve.http.problems import Problem
from flaneur.serve.http.settings import ServeSettings, as_address, is_loopback

PROBES = frozenset({"/healthz", "/readyz"})
"""Always answered, without a token and however much is waiting: for whoever watches over a server."""

OPEN_TO_PLAYERS = "/v1/games/"
"""What is below needs no token, since it asks for a join code, a seat or a name that only its player was given."""

_KEPT = ("/v1/", "/metrics", "/openapi.json")
_ANSWERS_PAGES = "navigate"  # of Sec-Fetch-Mode: a person follows a link
_HOST = re.compile(r"(?:(?P<name>[^\s:/?#@\[\]]+)|\[(?P<address>[0-9a-f:.]+)\])(?::\d*)?")
_OWN_SITES = frozenset({"same-origin", "none"})


def check_host(settings: ServeSettings, host: str) -> None:
    """Refuse a name that is not this server's: another's page that had its own name changed to this address.

    Args:
        settings: where the server listens and what else it is called.
        host: the header ``Host``.

    Raises:
        Problem: 403. Off loopback every address is its own, since only names can be changed.

    >>> check_host(ServeSettings(), "localhost:8420")
    """
    name = host_name(host)
    known = {settings.host.casefold(), *(one.casefold() for one in settings.allow_hosts)}
    if name in known or is_loopback(name):
        return
    if not is_loopback(settings.host) and (as_address(name) is not None or name in _own_names()):
        return
    raise Problem(
        403,
        "foreign_host",
        "This server does not go by that name. Use its address, or start it with --allow-host NAME.",
    )


def host_name(host: str) -> str:
    """The header ``Host`` without its port, in lower case.

    >>> host_name("[::1]:8420"), host_name("Example.org:80"), host_name("a@127.0.0.1")
    ('::1', 'example.org', '')
    """
    found = _HOST.fullmatch(host.strip().casefold())
    return (found["name"] or found["address"]) if found else ""


def check_origin(settings: ServeSettings, method: str, headers: Mapping[str, str]) -> None:
    """Refuse what another page sends: what it says of itself must be this server's own, or allowed.

    Args:
        settings: with the origins that are allowed.
        method: of HTTP.
        headers: ``Host``, ``Origin`` and ``Sec-Fetch-…``, in lower case.

    Raises:
        Problem: 403. A link on another page may be followed to a page.
    """
    origin, site = headers.get("origin"), headers.get("sec-fetch-site", "none")
    if origin in settings.allow_origins:
        return
    followed = method in ("GET", "HEAD") and headers.get("sec-fetch-mode") == _ANSWERS_PAGES
    followed = followed and headers.get("sec-fetch-dest") == "document" and origin is None
    host = headers.get("host", "").casefold()
    own = origin is None or origin.casefold() in (f"http://{host}", f"https://{host}")
    if not own or (site not in _OWN_SITES and not followed):
        raise Problem(
            403, "foreign_page", "Another page may not ask here. Start the server with --allow-origin to let it."
        )


def check_token(settings: ServeSettings, path: str, headers: Mapping[str, str]) -> None:
    """Refuse who does not show the token, where one is needed. The page itself holds nothing that would need one.

    Args:
        settings: with the token.
        path: that is asked for.
        headers: with ``Authorization: Bearer TOKEN``.

    Raises:
        Problem: 401.
    """
    if not settings.token or not path.startswith(_KEPT) or path.startswith(OPEN_TO_PLAYERS):
        return
    kind, _, shown = headers.get("authorization", "").partition(" ")
    right = hmac.compare_digest(shown.strip().encode("utf-8", "replace"), settings.token.encode())
    if kind.casefold() != "bearer" or not right:
        raise Problem(
            401,
            "no_token",
            "A token is needed: 'Authorization: Bearer TOKEN'. In a browser add #token=TOKEN to the address.",
        )


def needs_writing(request: Request) -> None:
    """Refuse what would change something on this computer, where that is not allowed.

    Raises:
        Problem: 403.
    """
    settings: ServeSettings = request.app.state.settings
    if not settings.may_write:
        raise Problem(403, "read_only", "This server changes nothing. Start it with --may-write to let it.")


def client_of(request: HTTPConnection) -> str:
    """Whose turn it is: the address that asks; on this computer also what it calls itself in ``X-Client``.

    Where a token is needed only the address counts: what comes from this computer may be passed on by a proxy.
    """
    return client_called(request.app.state.settings, request.scope["client"], request.headers)


def client_called(settings: ServeSettings, peer: Sequence[Any] | None, headers: Mapping[str, str]) -> str:
    """As :func:`client_of`, of a request that no route was found for yet.

    Args:
        settings: with the token, if there is one.
        peer: address and port of who asks.
        headers: in lower case.
    """
    address = str(peer[0]) if peer else ""
    if settings.token or not is_loopback(address):
        return address
    return f"{address} {headers.get('x-client', '')[:40]}"


@cache
def _own_names() -> frozenset[str]:
    name = socket.gethostname().casefold()
    return frozenset({name, f"{name}.local", name.partition(".")[0]} - {""})
