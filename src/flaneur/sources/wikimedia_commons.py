"""A spot in; freely licensed photos on Wikimedia Commons whose camera stood near it, with author and licence, out.

A search by place answers with at most 500 files and cannot be continued, so a full answer is asked for again in
quarters. What it says of each file can be continued, and must be. Files are told to be photos by their type and their
categories: no drawings, maps or documents, nothing from inside a house or from the air.

Source:
    MediaWiki, "Extension:GeoData" (``list=geosearch``), "API:Imageinfo", "API:Continue", "API:Etiquette" (requests one
    after another, a contact in the User-Agent), "Common thumbnail sizes", read 2026-11-21.
"""

from __future__ import annotations

import html
import math
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from flaneur.errors import CredentialsError, InputError
from flaneur.nearby import Box, boxes_round, number, position, quarters, sift
from flaneur.net import Refused
from flaneur.protocols import Candidate, Key, Limit, Terms, View, Wish
from flaneur.sources import READ_IN_COPIES, options
from flaneur.types import Location

if TYPE_CHECKING:
    from flaneur.net import Client

TERMS = Terms(
    provider="Wikimedia Commons",
    licence="per photo",
    attribution="{author}, via Wikimedia Commons, {page_url}",
    may_store=True,
    training="All licences on Commons allow any use and derived works, most with credit, some only under the same"
    " licence; whether a trained model is a derived work is not settled.",
    url="https://commons.wikimedia.org/wiki/Commons:Reusing_content_outside_Wikimedia",
    read_on="2026-11-21",
    notes=(
        "Credit the author and name the licence of each photo.",
        "Requests are sent one after another, with a way to reach you: set FLANEUR_CONTACT.",
        "Rights of the people and works that a photo shows are not cleared by its licence.",
        READ_IN_COPIES,
    ),
)
KEY: Key | None = None
# Since 2026 clients without an account but with a good User-Agent have some 200 requests a minute.
LIMITS: Mapping[str, Limit] = {"search": Limit(1, 1.0), "image": Limit(2, 1.0)}
BASES: Mapping[str, str] = {"api": "https://commons.wikimedia.org"}
RADIUS_M = 200.0
OPTIONS: Mapping[str, str] = {}
AT_ONCE = 1
CONTACT_NEEDED = True

MOST = 500
FULL = MOST // 2
"""A file may take two places of an answer: where the camera stood, and where the thing shown stands."""
WIDTHS = (250, 330, 500, 960, 1280, 1920, 3840)
"""Widths that Wikimedia keeps pictures in; others it refuses to those who ask often."""

_SPLITS = 6  # 400 m become 6
_CONTINUED = 50  # an answer in more pieces than this goes in circles
_PHOTO_TYPES = frozenset({"image/jpeg", "image/webp", "image/tiff"})
_FACTS = "Artist|Attribution|Credit|LicenseShortName|DateTimeOriginal|Categories"
_LATER = re.compile(r"maxlag|ratelimited|readonly|internal_api_error\w*")
_NOT_OUTSIDE = {
    "not_photo": re.compile(
        r"\b(?:maps|plans|drawings|paintings|engravings|lithographs|etchings|illustrations|diagrams|logos|stamps"
        r"|postcards|posters|screenshots|documents|manuscripts|coats of arms|renderings|scans) (?:of|in|by|from|for)\b",
        re.IGNORECASE,
    ),
    "indoor": re.compile(r"\b(?:interiors? (?:of|in)|indoors?|exhibits (?:of|in)|rooms (?:of|in))\b", re.IGNORECASE),
    "aerial": re.compile(r"\b(?:aerial (?:photographs|views|pictures)|satellite (?:pictures|images))\b", re.IGNORECASE),
}
_SPHERE = re.compile(r"\b360° panorama|equirectangular", re.IGNORECASE)
_CC = re.compile(r"CC[ -]BY(-SA)?[ -](\d\.\d)(?:[ -]([a-z]{2,4}))?", re.IGNORECASE)


def near(spot: Location, radius_m: float, wish: Wish, client: Client) -> list[Candidate]:
    """Photos whose camera stood within the radius, ordered by key, which is the number of the file's page.

    Args:
        spot: where to look.
        radius_m: how far from it, in metres, up to 10,000.
        wish: dates and panoramas.
        client: counts in ``dropped`` what is left out: ``not_photo``, ``indoor``, ``aerial``, ``no_position``,
            ``no_author``, ``no_licence``, ``outside_dates``, ``panorama``, ``no_panorama``.

    Raises:
        UsageError: an option was given; there is none.
        InputError: Commons does not understand the question.
        CredentialsError: the user does not say how to be reached, or Commons turns them away all the same.
    """
    options(wish, OPTIONS)
    _check_contact(client)
    found = [candidate_of(page) for page in _files(spot, radius_m, wish, client)]
    client.dropped.update(one for one in found if isinstance(one, str))
    return sift((one for one in found if not isinstance(one, str)), spot, radius_m, wish, client.dropped)


def fetch(candidate: Candidate, wish: Wish, client: Client) -> list[tuple[View, bytes]]:
    """The photo in the smallest kept width that is large enough.

    Raises:
        PhotoError: it was deleted.
        CredentialsError: the user does not say how to be reached.
    """
    _check_contact(client)
    del wish  # the address of the width that was wished for is known since ``near``
    return [(View(), client.get_bytes(candidate.facts["picture"]).content)]


def candidate_of(page: Mapping[str, Any]) -> Candidate | str:
    """A file's page as the search describes it; or why it is left out. Any field may be missing."""
    info = (page.get("imageinfo") or [{}])[0]
    said = info.get("extmetadata") if isinstance(info.get("extmetadata"), dict) else {}
    categories = [name.strip() for name in _said(said, "Categories").split("|")]
    location, picture = _camera(page.get("coordinates") or []), info.get("thumburl") or info.get("url")
    author, licence = _author(said), licence_of(_said(said, "LicenseShortName"))
    missing = {"no_position": location is None, "no_author": not author, "no_licence": not licence}
    reasons = [*_unlike_a_street(info, categories), *(name for name, here in missing.items() if here)]
    if reasons or location is None or not picture:
        return [*reasons, "not_photo"][0]
    captured = taken(_said(said, "DateTimeOriginal"))
    return Candidate(
        key=str(page["pageid"]),
        location=location,
        author=author,
        licence=licence,
        page_url=str(info.get("descriptionurl") or f"https://commons.wikimedia.org/?curid={page['pageid']}"),
        captured=captured,
        # One person's day: such photos are as alike as those of one drive.
        sequence=f"{info.get('user') or author}/{captured[:10]}" if captured else "",
        is_panorama=_is_sphere(info, categories),
        facts={"picture": str(picture)},
    )


def licence_of(name: str) -> str:
    """A licence as Commons writes it, as SPDX does where it knows it.

    >>> licence_of("CC BY-SA 3.0 de"), licence_of("CC0"), licence_of("Public domain")
    ('CC-BY-SA-3.0-DE', 'CC0-1.0', 'Public domain')
    """
    if found := _CC.fullmatch(name):
        alike, version, country = found.groups()
        return f"CC-BY{(alike or '').upper()}-{version}" + (f"-{country.upper()}" if country else "")
    return "CC0-1.0" if name.upper() in ("CC0", "CC0 1.0") else name


def taken(text: str) -> str:
    """The day in what people write as date, as ISO 8601, or only the year, or nothing.

    >>> taken("2015-06-06 14:24:01"), taken("6 June 2015"), taken("circa 1900s?"), taken("2015:06:06 14:24:01")
    ('2015-06-06T14:24:01', '2015', '', '2015-06-06T14:24:01')
    """
    if day := re.search(r"\b([12]\d{3})[-:](\d\d)[-:](\d\d)(?:[ T](\d\d:\d\d:\d\d))?", text):
        return f"{day[1]}-{day[2]}-{day[3]}" + (f"T{day[4]}" if day[4] else "")
    years = set(re.findall(r"\b(?:18|19|20)\d\d\b", text))
    return years.pop() if len(years) == 1 else ""


def plain(markup: str) -> str:
    """The text of a piece of HTML on one line.

    >>> plain('<a href="//x" title="User:B">B &amp; <b>C</b></a><br> (talk)')
    'B & C (talk)'
    """
    without = re.sub(r"<(?:style|script)\b.*?</(?:style|script)>|<[^>]*>", " ", markup, flags=re.DOTALL | re.IGNORECASE)
    return re.sub(r"\s+([,.;:)])", r"\1", " ".join(html.unescape(without).split()))


def _files(spot: Location, radius_m: float, wish: Wish, client: Client) -> list[dict[str, Any]]:
    """Every file round the spot, each once."""
    disc = f"{spot.lat:.7f}|{spot.lon:.7f}"
    found = _search({"ggscoord": disc, "ggsradius": min(max(10, math.ceil(radius_m)), 10_000)}, wish, client)
    if len(found) >= FULL:
        for box in boxes_round(spot, radius_m):
            found |= _in_quarters(box, wish, client, _SPLITS)
    return list(found.values())


def _in_quarters(box: Box, wish: Wish, client: Client, splits: int) -> dict[int, dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {}
    for west, south, east, north in quarters(box):
        here = _search({"ggsbbox": f"{north:.7f}|{west:.7f}|{south:.7f}|{east:.7f}"}, wish, client)
        if len(here) >= FULL and splits > 1:
            here |= _in_quarters((west, south, east, north), wish, client, splits - 1)
        found |= here
    return found


def _search(where: Mapping[str, str | int], wish: Wish, client: Client) -> dict[int, dict[str, Any]]:
    """Pages of files by their number, with all that was asked about them."""
    asked: dict[str, str | int | float] = {
        "action": "query",
        "format": "json",
        "formatversion": 2,
        "maxlag": 5,
        "generator": "geosearch",
        "ggsnamespace": 6,
        "ggslimit": MOST,
        "ggsprimary": "all",
        **where,
        "prop": "imageinfo|coordinates",
        "iiprop": "url|mime|size|user|extmetadata",
        "iiurlwidth": next((width for width in WIDTHS if width >= wish.size_px), WIDTHS[-1]),
        "iiextmetadatafilter": _FACTS,
        "iiextmetadatalanguage": "en",
        "coprop": "type|globe",
        "coprimary": "all",
        "colimit": MOST,
    }
    found: dict[int, dict[str, Any]] = {}
    for page in _pages(asked, client):
        if number(page.get("pageid")) is not None:
            found.setdefault(int(page["pageid"]), {}).update(page)
    return found


def _pages(asked: Mapping[str, str | int | float], client: Client) -> Iterator[dict[str, Any]]:
    further: Mapping[str, str | int | float] = {}
    for _ in range(_CONTINUED):
        reply = _asked({**asked, **further}, client)
        if not isinstance(reply, dict) or "error" in reply:
            error = reply.get("error") if isinstance(reply, dict) else {}
            raise InputError(f"Wikimedia Commons did not answer the search: {(error or {}).get('info', 'no reason')}")
        pages = (reply.get("query") or {}).get("pages") or []
        yield from (one for one in pages if isinstance(one, dict))
        further = reply.get("continue") or {}
        if not further:
            return


def _asked(params: Mapping[str, str | int | float], client: Client) -> Any:
    try:
        return client.get_json("api", "/w/api.php", params, retry_if=_passing)
    except Refused as refused:
        status, words = refused.status, str(refused)
    if status == 403:
        raise CredentialsError(f"Wikimedia Commons turns you away. Can it reach you by {client.contact}? {words}")
    raise InputError(words)


def _check_contact(client: Client) -> None:
    if not client.contact:
        raise CredentialsError(
            "wikimedia_commons needs a way to reach you, since Wikimedia turns others away: "
            "set FLANEUR_CONTACT to your e-mail address or page."
        )


def _passing(reply: Any) -> bool:
    """Whether a reply only asks to try again later."""
    error = reply.get("error") if isinstance(reply, dict) else None
    return isinstance(error, dict) and bool(_LATER.fullmatch(str(error.get("code"))))


def _said(said: Mapping[str, Any], name: str) -> str:
    value = said.get(name)
    return plain(str(value.get("value", ""))) if isinstance(value, dict) else ""


def _author(said: Mapping[str, Any]) -> str:
    named = (_said(said, name) for name in ("Artist", "Attribution", "Credit"))
    return next((one for one in named if one), "")


def _camera(coordinates: list[Mapping[str, Any]]) -> Location | None:
    """Where the camera stood: on Commons the first position is that of the camera unless it is called the object's."""
    here = [one for one in coordinates if one.get("globe", "earth") == "earth" and one.get("type") != "object"]
    ranked = sorted(here, key=lambda one: (one.get("type") != "camera", not one.get("primary")))
    return position(ranked[0].get("lat"), ranked[0].get("lon")) if ranked else None


def _unlike_a_street(info: Mapping[str, Any], categories: list[str]) -> Iterator[str]:
    if info.get("mime") not in _PHOTO_TYPES:
        yield "not_photo"
    yield from (reason for reason, words in _NOT_OUTSIDE.items() if any(map(words.search, categories)))


def _is_sphere(info: Mapping[str, Any], categories: list[str]) -> bool:
    width, height = number(info.get("width")) or 0.0, number(info.get("height")) or 1.0
    return abs(width / height - 2) < 0.05 and any(map(_SPHERE.search, categories))
