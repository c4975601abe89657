"""A spot in; KartaView's photos round it, and the picture of one, out (both of its interfaces).

KartaView (once OpenStreetCam) serves two interfaces from one host, without a key. Version 2.0 knows panoramas; version
1.0 knows authors' names and stays open to everybody where 2.0 asks for a login. ``--option api=auto`` (the default)
takes 2.0 and turns to 1.0 where it is refused; ``api=2.0`` and ``api=1.0`` keep to one.

Whether a reply is good stands inside it: ``status.apiCode`` is 600, or 601 for "nothing here"; a refusal (401) or a
time-out (408) comes as HTTP 200 just as well. Crowded discs time out: they are asked for as four smaller ones, so that
nothing is left out. Pictures come through an image proxy, since the storage hosts that replies name have gone.

Source:
    doc.kartaview.org; ``api.openstreetcam.org/api/doc.html``; KartaView's own client (``kartaview/mcp-karta-view``) and
    others of 2026 that are in use: at most 150 photos a page, no boxes any more, ``cdn.kartaview.org/pr:sharp/`` with
    the storage address in base64, two requests side by side at most.
"""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from flaneur.errors import CredentialsError, InputError, PhotoError, UsageError
from flaneur.nearby import METRES_PER_DEGREE, compass, each_read, number, position, sift
from flaneur.net import NotThere, Refused, Unreachable
from flaneur.protocols import Candidate, Key, Limit, Terms, View, Wish
from flaneur.sources import READ_IN_COPIES, options
from flaneur.types import Location

if TYPE_CHECKING:
    from flaneur.net import Client, Reply

TERMS = Terms(
    provider="KartaView",
    licence="CC-BY-SA-4.0",
    attribution="Photo by {author} on KartaView, CC BY-SA 4.0, {page_url}",
    may_store=True,
    training="CC BY-SA 4.0 allows any use with credit; whether a model trained on the photos is an adaptation that must"
    " carry the same licence is not settled.",
    url="https://kartaview.org/terms",
    read_on="2026-11-21",
    notes=(
        "Photos that are passed on keep their credit and the licence CC BY-SA 4.0.",
        "Version 2.0 of its interface knows authors by number only; --option api=1.0 gives their names.",
        "Times are those of the camera's clock, in no stated zone.",
        READ_IN_COPIES,
    ),
)
KEY: Key | None = None
# No limits are published; its servers time out when more than two requests run side by side.
LIMITS: Mapping[str, Limit] = {"search": Limit(2, 1.0), "image": Limit(4, 1.0)}
BASES: Mapping[str, str] = {"api": "https://api.openstreetcam.org", "images": "https://cdn.kartaview.org"}
RADIUS_M = 50.0
OPTIONS: Mapping[str, str] = {"api": "auto"}
AT_ONCE = 2

_INTERFACES = ("auto", "2.0", "1.0")
_LOGIN_ASKED = "kartaview 2.0 asks for a login"
_PAGES = {"2.0": 150, "1.0": 500}  # photos; 2.0 refuses more
_MOST_PAGES = 20
_SMALLEST_M = 15.0  # a disc smaller than this is not cut up any further
_FINE, _NOTHING, _WRONG, _LOGIN, _SLOW = 600, 601, 400, 401, 408
_KNOWN = (_FINE, _NOTHING, _WRONG, _LOGIN, _SLOW)
_STORED = re.compile(r"/?(storage\d+)/(.+)")


class _TimedOut(Exception):  # noqa: N818 - a signal to the caller, not an error
    """The search was too slow for KartaView's own patience."""


def near(spot: Location, radius_m: float, wish: Wish, client: Client) -> list[Candidate]:
    """Photos taken within ``radius_m`` of the spot, ordered by key.

    Args:
        spot: where to look.
        radius_m: how far from it, in metres; much more than 50 is slow in crowded places.
        wish: dates and panoramas; the option ``api`` is ``auto``, ``2.0`` or ``1.0``.
        client: counts in ``dropped`` what is left out; besides the usual ``not_public`` and ``no_picture``.

    Raises:
        UsageError: an option that is not known.
        CredentialsError: the interface asked for wants a login.
        Unreachable: no answer for now.
    """
    api = options(wish, OPTIONS)["api"]
    if api not in _INTERFACES:
        raise UsageError(f"--option api={api}: KartaView has 'auto', '2.0' and '1.0'.")
    items = _found(spot, radius_m, api, client)
    return sift(each_read(_usable(items, client), candidate_of), spot, radius_m, wish, client.dropped)


def fetch(candidate: Candidate, wish: Wish, client: Client) -> list[tuple[View, bytes]]:  # noqa: ARG001 - one size
    """The picture of one photo, or where that has gone its large thumbnail; a panorama whole.

    Raises:
        PhotoError: ``not_found``: neither is there.
        Unreachable: no answer for now.
    """
    for path in candidate.facts["pictures"].split():
        try:
            return [(View(candidate.heading_deg), client.get_bytes("images", path, group="image").content)]
        except NotThere:
            continue
    raise PhotoError("not_found", f"KartaView no longer has a picture of photo {candidate.key}.")


def proxied(stored: str) -> str:
    """The path by which the image proxy serves what lies at a storage address.

    >>> proxied("https://storage13.openstreetcam.org/a.jpg")
    '/pr:sharp/aHR0cHM6Ly9zdG9yYWdlMTMub3BlbnN0cmVldGNhbS5vcmcvYS5qcGc'
    """
    return "/pr:sharp/" + base64.urlsafe_b64encode(stored.encode()).decode().rstrip("=")


def candidate_of(item: Mapping[str, Any]) -> Candidate | None:
    """One photo as either interface describes it; ``None`` without id or position. Any other field may be missing.

    >>> candidate_of({"id": "7", "lat": "48.85", "lng": "2.35", "username": "ada"}).author
    'ada'
    """
    where = position(item.get("lat"), item.get("lng"))
    if where is None or not item.get("id"):
        return None
    drive: Mapping[str, Any] = item.get("sequence") or {}
    sequence = _text(item.get("sequence_id"), item.get("sequenceId"), drive.get("id"))
    return Candidate(
        key=str(item["id"]),
        location=where,
        author=_text(item.get("username"), drive.get("username")) or _numbered(drive.get("userId")),
        licence=TERMS.licence,
        page_url=_page(where, sequence, _text(item.get("sequence_index"), item.get("sequenceIndex"))),
        heading_deg=compass(item.get("heading")),
        captured=_text(item.get("shot_date"), item.get("shotDate")).replace(" ", "T")[:19],
        sequence=sequence,
        is_panorama=_is_panorama(item),
        facts={"pictures": " ".join(_pictures(item))},
    )


def _text(*values: Any) -> str:
    return next((str(value) for value in values if value not in (None, "")), "")


def _numbered(user: Any) -> str:
    return f"KartaView contributor {user}" if user else "a KartaView contributor"


def _page(where: Location, sequence: str, index: str) -> str:
    if sequence and index:
        return f"https://kartaview.org/details/{sequence}/{index}/track-info"
    return f"https://kartaview.org/map/@{where.lat:.6f},{where.lon:.6f},18z"


def _is_panorama(item: Mapping[str, Any]) -> bool:
    return number(item.get("fieldOfView")) == 360 or str(item.get("projection")).upper() == "SPHERE"


def _pictures(item: Mapping[str, Any]) -> list[str]:
    """Paths below the image proxy, the whole picture before its large thumbnail."""
    names = ("imageProcUrl", "fileurlProc", "name", "imageLthUrl", "fileurlLTh", "lth_name")
    urls = (_STORED.sub(r"https://\1.openstreetcam.org/\2", _text(item.get(name))) for name in names)
    proxy = BASES["images"]
    paths = (url.removeprefix(proxy) if url.startswith(f"{proxy}/") else proxied(url) for url in urls if url)
    return list(dict.fromkeys(path for path in paths if " " not in path))


def _usable(items: Iterable[Mapping[str, Any]], client: Client) -> Iterator[Mapping[str, Any]]:
    for item in items:
        hidden = item.get("status", "active") != "active" or item.get("visibility", "public") != "public"
        reason = "not_public" if hidden else "" if _pictures(item) else "no_picture"
        if reason:
            client.dropped[reason] += 1
        else:
            yield item


def _found(spot: Location, radius_m: float, api: str, client: Client) -> list[Mapping[str, Any]]:
    """What one interface knows round a spot; ``auto`` is 2.0 until that asks for a login."""
    if api == "2.0" or (api == "auto" and _LOGIN_ASKED not in client.memo):
        try:
            return _disc(spot, radius_m, "2.0", client)
        except CredentialsError:
            if api == "2.0":
                raise
            client.memo[_LOGIN_ASKED] = True
    return _disc(spot, radius_m, "1.0", client)


def _disc(spot: Location, radius_m: float, api: str, client: Client) -> list[Mapping[str, Any]]:
    """All photos in a disc; where that takes KartaView too long, those of four smaller discs that cover it."""
    smaller_m = radius_m / math.sqrt(2)
    try:
        return _pages(spot, radius_m, api, client)
    except _TimedOut as error:
        if smaller_m < _SMALLEST_M:
            raise Unreachable(
                f"KartaView takes too long to search round {spot.lat:.5f}, {spot.lon:.5f}. Try again later."
            ) from error
    return [item for there in _quarters(spot, radius_m) for item in _disc(there, smaller_m, api, client)]


def _quarters(spot: Location, radius_m: float) -> list[Location]:
    """Middles of four discs that cover a disc: those of the quarters of the square round it, which they go round."""
    up = radius_m / 2 / METRES_PER_DEGREE
    aside = up / max(math.cos(math.radians(spot.lat)), 1e-6)
    steps = [(up * north, aside * east) for north in (-1, 1) for east in (-1, 1)]
    return [Location(min(max(spot.lat + lat, -90), 90), (spot.lon + lon + 180) % 360 - 180) for lat, lon in steps]


def _pages(spot: Location, radius_m: float, api: str, client: Client) -> list[Mapping[str, Any]]:
    ask = _ask_2 if api == "2.0" else _ask_1
    where: dict[str, str | int] = {"lat": f"{spot.lat:.7f}", "lng": f"{spot.lon:.7f}", "radius": math.ceil(radius_m)}
    found: list[Mapping[str, Any]] = []
    for page in range(1, _MOST_PAGES + 1):
        items, more = ask(where, page, client)
        found += items
        if not more:
            return found
    raise _TimedOut


def _ask_2(where: Mapping[str, str | int], page: int, client: Client) -> tuple[list[Mapping[str, Any]], bool]:
    """One page of version 2.0, and whether there are more."""
    order = {"join": "sequence", "orderBy": "id", "orderDirection": "desc"}
    params = {**where, **order, "itemsPerPage": _PAGES["2.0"], "page": page}
    reply = _twice(lambda: client.get_json("api", "/2.0/photo/", params, group="search", **_RULES))
    result = (reply.get("result") or {}) if reply else {}
    items = list(result.get("data") or [])
    return items, bool(items and result.get("hasMoreData"))


def _ask_1(where: Mapping[str, str | int], page: int, client: Client) -> tuple[list[Mapping[str, Any]], bool]:
    """One page of version 1.0, and whether there may be more."""
    form = {**where, "ipp": _PAGES["1.0"], "page": page}
    path = "/1.0/list/nearby-photos/"
    reply = _twice(lambda: client.post_json("api", path, form=form, group="search", **_RULES))
    items = list(reply.get("currentPageItems") or []) if reply else []
    return items, len(items) == _PAGES["1.0"]


def _twice(ask: Callable[[], Any]) -> dict[str, Any] | None:
    """A good reply, or ``None`` for "nothing here". What timed out is asked once more: often it is known by then.

    Raises:
        CredentialsError: this interface wants a login.
        _TimedOut: it did so twice.
        Unreachable: KartaView says something else that is not good.
    """
    for _ in range(2):
        try:
            reply = ask()
        except Refused as error:
            if error.status != _SLOW:
                raise
            continue
        code = _code(reply)
        if code == _SLOW:
            continue
        if code == _LOGIN:
            raise CredentialsError("KartaView's interface 2.0 asks for a login. Use --option api=1.0.")
        if code == _WRONG:
            raise InputError("KartaView does not understand the search any more: its interface has changed.")
        return dict(reply) if code == _FINE else None
    raise _TimedOut


def _code(reply: Any) -> float | None:
    """KartaView's own status of a reply; 1.0 writes it as text."""
    return number(((reply if isinstance(reply, dict) else {}).get("status") or {}).get("apiCode"))


def _says_later(reply: Any) -> bool:
    return _code(reply) not in _KNOWN


def _is_slow(reply: Reply) -> bool:
    slow: bool = reply.status == _SLOW
    return slow


_RULES: Mapping[str, Any] = {"retry_if": _says_later, "final_if": _is_slow}
