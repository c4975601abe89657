"""A spot in; photos that people put on Flickr and allow to be reused, with their licence and author, out.

Flickr's search has three traps. Without a date or a tag it looks at the last twelve hours alone, so a date is always
sent. It gives 250 photos a page where a place is asked for. And it never gives more than the first 4,000 of an answer,
so longer answers are halved by date until one is short enough. Of an answer longer than a page, one page is read; which
one, seed and spot decide, every photo being as likely as any other.

Source:
    Flickr, "flickr.photos.search", "flickr.photos.licenses.getInfo", "Photo image URLs", "Developer guide: limits",
    read 2026-11-21.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from flaneur.errors import CredentialsError, InputError, PhotoError, UsageError
from flaneur.nearby import number, position, sift
from flaneur.protocols import Candidate, Key, Limit, Terms, View, Wish
from flaneur.sources import READ_IN_COPIES, options
from flaneur.types import Location

if TYPE_CHECKING:
    from flaneur.net import Client

TERMS = Terms(
    provider="Flickr",
    licence="per photo",
    attribution="{author}, {page_url}",
    may_store=True,
    training="Not spoken of in the API terms; the licence of each photo decides, and 'free' ones allow derived works.",
    url="https://www.flickr.com/help/terms/api",
    read_on="2026-11-21",
    notes=(
        "Credit each author with a link to the photo's page.",
        "The API terms let an application keep photos for reasonable periods only; a photo's own licence allows more.",
        "A photo that its owner makes private or deletes is to be removed as soon as reasonably possible.",
        "Whoever earns money with the API needs a commercial key.",
        "This product uses the Flickr API but is not endorsed or certified by SmugMug, Inc.",
        READ_IN_COPIES,
    ),
)
KEY: Key | None = Key(
    variable="FLICKR_API_KEY", where="query:api_key", get_it_at="https://www.flickr.com/services/apps/create/"
)
# "If your application stays under 3600 queries per hour across the whole key, you'll be fine."
LIMITS: Mapping[str, Limit] = {"search": Limit(10, 10.0), "image": Limit(5, 1.0)}
BASES: Mapping[str, str] = {"api": "https://api.flickr.com", "pictures": "https://live.staticflickr.com"}
RADIUS_M = 250.0
OPTIONS: Mapping[str, str] = {"licences": "free", "accuracy": "16", "outdoors": "likely"}

LICENCES: Mapping[str, str] = {
    "0": "All Rights Reserved", "1": "CC-BY-NC-SA-2.0", "2": "CC-BY-NC-2.0", "3": "CC-BY-NC-ND-2.0", "4": "CC-BY-2.0",
    "5": "CC-BY-SA-2.0", "6": "CC-BY-ND-2.0", "7": "No known copyright restrictions", "8": "US Government Work",
    "9": "CC0-1.0", "10": "Public Domain Mark", "11": "CC-BY-4.0", "12": "CC-BY-SA-4.0", "13": "CC-BY-ND-4.0",
    "14": "CC-BY-NC-4.0", "15": "CC-BY-NC-SA-4.0", "16": "CC-BY-NC-ND-4.0",
}  # fmt: skip
PER_PAGE = 250
MOST = 4000
_FIRST_DAY, _LAST_DAY = date(1990, 1, 1), date(2049, 12, 31)
_EXTRAS = "geo,license,date_taken,owner_name,tags,url_z,url_c,url_l"
_SIZES = (("z", 640), ("c", 800), ("b", 1024))  # letter in the address, longer side in pixels
_LETTERS = {"z": "url_z", "c": "url_c", "b": "url_l"}
_LATER = frozenset({0, 10, 105, 106})  # error codes that pass


def near(spot: Location, radius_m: float, wish: Wish, client: Client) -> list[Candidate]:
    """Photos taken within the radius that may be reused, at most a page of them.

    Args:
        spot: where to look.
        radius_m: how far from it, in metres; Flickr takes up to 32,000.
        wish: dates and panoramas. Options: ``licences`` (``free``: no NC, no ND; ``noncommercial``: NC as well;
            ``any-cc``: ND as well; ``all``: all rights reserved as well), ``accuracy`` (least precision of the
            position: 16 street, 11 city), ``outdoors`` (``likely``: all but photos marked as indoors; ``only``: those
            marked as outdoors; ``any``).
        client: counts in ``dropped`` what is left out: ``indoor``, ``imprecise``, ``no_licence``, ``no_position``,
            ``no_author``, ``incomplete``, ``outside_dates``, ``panorama``, ``no_panorama``.

    Returns:
        Ordered by key, which is the photo's number.

    Raises:
        CredentialsError: Flickr refuses the key.
        UsageError: an option is not understood.
    """
    chosen = _checked(wish)
    records = _one_page(_question(spot, radius_m, chosen), wish, client)
    found = [candidate_of(record, chosen) for record in records]
    client.dropped.update(one for one in found if isinstance(one, str))
    return sift((one for one in found if not isinstance(one, str)), spot, radius_m, wish, client.dropped)


def fetch(candidate: Candidate, wish: Wish, client: Client) -> list[tuple[View, bytes]]:
    """The photo in the smallest size that is large enough, or the largest there is.

    Raises:
        PhotoError: its owner has taken it away.
    """
    facts = candidate.facts
    there = [(letter, longer_px) for letter, longer_px in _SIZES if letter in facts["sizes"]] or [_SIZES[0]]
    letter = next((letter for letter, longer_px in there if longer_px >= wish.size_px), there[-1][0])
    path = f"/{facts['server']}/{candidate.key}_{facts['secret']}_{letter}.jpg"
    reply = client.get_bytes("pictures", path, where="none")
    # In place of a photo that was taken away comes, after a redirect, a drawing that says so, in another format.
    if not reply.content.startswith(b"\xff\xd8"):
        raise PhotoError("not_found", f"Photo {candidate.key} is no longer on Flickr.")
    return [(View(), reply.content)]


def licence_ids(allowed: str) -> list[str]:
    """Flickr's numbers of the licences that an answer to the option ``licences`` allows.

    >>> [LICENCES[number] for number in licence_ids("free")][:3]
    ['CC-BY-2.0', 'CC-BY-SA-2.0', 'No known copyright restrictions']
    """
    barred = {"free": ("-NC", "-ND", "All "), "noncommercial": ("-ND", "All "), "any-cc": ("All ",), "all": ()}[allowed]
    return [key for key, licence in LICENCES.items() if not any(word in licence for word in barred)]


def _checked(wish: Wish) -> dict[str, str]:
    chosen = options(wish, OPTIONS)
    known = {
        "licences": ("free", "noncommercial", "any-cc", "all"),
        "outdoors": ("likely", "only", "any"),
        "accuracy": tuple(str(level) for level in range(1, 17)),
    }
    for name, values in known.items():
        if chosen[name] not in values:
            raise UsageError(f"--option {name}={chosen[name]}: Flickr knows {', '.join(values)}.")
    return chosen


def _question(spot: Location, radius_m: float, chosen: Mapping[str, str]) -> dict[str, str | int | float]:
    asked: dict[str, str | int | float] = {
        "method": "flickr.photos.search",
        "format": "json",
        "nojsoncallback": 1,
        "lat": f"{spot.lat:.6f}",
        "lon": f"{spot.lon:.6f}",
        "radius": f"{min(radius_m, 32_000) / 1000:.3f}",
        "radius_units": "km",
        "accuracy": chosen["accuracy"],
        "license": ",".join(licence_ids(chosen["licences"])),
        "content_type": 1,
        "media": "photos",
        "safe_search": 1,
        "sort": "date-taken-asc",
        "extras": _EXTRAS,
        "per_page": PER_PAGE,
    }
    if chosen["outdoors"] == "only":
        asked["geo_context"] = 2
    return asked


def _one_page(asked: Mapping[str, str | int | float], wish: Wish, client: Client) -> list[dict[str, Any]]:
    """One page of what was taken in the wished days, drawn by seed and place, so that every photo is as likely."""
    named = f"{wish.seed} {asked['lat']} {asked['lon']}".encode()
    rng = np.random.default_rng(list(hashlib.sha256(named).digest()))
    first, last = _day(wish.since, _FIRST_DAY), _day(wish.until, _LAST_DAY)
    total, photos = _page(asked, (first, last), 1, client)
    while total > MOST and first < last:
        middle = first + (last - first) // 2
        early, photos_early = _page(asked, (first, middle), 1, client)
        if rng.random() * total < early:
            total, photos, last = early, photos_early, middle
        else:
            first = middle + timedelta(days=1)
            total, photos = _page(asked, (first, last), 1, client)
    wanted = int(rng.integers(max(1, min(total, MOST)))) // PER_PAGE + 1
    return photos if wanted == 1 else _page(asked, (first, last), wanted, client)[1]


def _day(text: str, otherwise: date) -> date:
    try:
        return date.fromisoformat(text) if text else otherwise
    except ValueError:
        raise UsageError(f"{text!r} is no day. Write it as 2019-07-15.") from None


def _page(
    asked: Mapping[str, str | int | float], days: tuple[date, date], page: int, client: Client
) -> tuple[int, list[dict[str, Any]]]:
    """How many photos were taken in those days, and one page of them."""
    taken = {"min_taken_date": f"{days[0]} 00:00:00", "max_taken_date": f"{days[1]} 23:59:59"}
    reply = client.get_json("api", "/services/rest/", {**asked, **taken, "page": page}, retry_if=_passing)
    if not isinstance(reply, dict) or reply.get("stat") != "ok":
        raise _refusal(reply)
    found = reply.get("photos") or {}
    return int(number(found.get("total")) or 0), [one for one in found.get("photo") or [] if isinstance(one, dict)]


def _passing(reply: Any) -> bool:
    """Whether a reply only asks to try again later."""
    return isinstance(reply, dict) and reply.get("stat") == "fail" and reply.get("code") in _LATER


def _refusal(reply: Any) -> CredentialsError | InputError:
    code, text = (reply.get("code"), reply.get("message")) if isinstance(reply, dict) else (None, None)
    if code == 100:
        return CredentialsError(f"Flickr refused the key: {text}. Get one at {KEY.get_it_at if KEY else ''}")
    return InputError(f"Flickr's search failed with code {code}: {text}.")


def candidate_of(record: Mapping[str, Any], chosen: Mapping[str, str]) -> Candidate | str:
    """A photo as a search describes it; or why it is left out. What is not needed may be missing."""
    reason = next((reason for reason, here in _faults(record, chosen) if here), "")
    location = position(record.get("latitude"), record.get("longitude"))
    if reason or location is None:
        return reason or "no_position"
    owner, taken = str(record["owner"]), _taken(record)
    return Candidate(
        key=str(record["id"]),
        location=location,
        author=str(record.get("ownername") or owner),
        licence=LICENCES[str(record["license"])],
        page_url=f"https://www.flickr.com/photos/{owner}/{record['id']}",
        captured=taken,
        # One person's day: such photos are as alike as those of one drive.
        sequence=f"{owner}/{taken[:10]}" if taken else owner,
        is_panorama="equirectangular" in str(record.get("tags") or "").split(),
        facts={
            "server": str(record["server"]),
            "secret": str(record["secret"]),
            "sizes": "".join(letter for letter, name in _LETTERS.items() if record.get(name)),
        },
    )


def _faults(record: Mapping[str, Any], chosen: Mapping[str, str]) -> Iterator[tuple[str, bool]]:
    allowed = licence_ids(chosen["licences"])
    yield "incomplete", not all(record.get(name) for name in ("id", "server", "secret"))
    yield "no_author", not record.get("owner")
    yield "no_licence", str(record.get("license")) not in allowed
    yield "imprecise", (number(record.get("accuracy")) or 16) < int(chosen["accuracy"])
    yield "indoor", chosen["outdoors"] != "any" and number(record.get("context")) == 1


def _taken(record: Mapping[str, Any]) -> str:
    """When a photo was taken, as precisely as Flickr knows: to the second, month or year; or nothing.

    >>> _taken({"datetaken": "2019-05-04 12:33:11", "datetakengranularity": "4"})
    '2019-05'
    """
    text = str(record.get("datetaken") or "")
    if str(record.get("datetakenunknown") or "0") == "1" or text.startswith("0000"):
        return ""
    precision = {0: 19, 4: 7, 6: 4, 8: 4}.get(int(number(record.get("datetakengranularity")) or 0), 4)
    return text.replace(" ", "T")[:precision]
