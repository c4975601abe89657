"""A spot in; photos that visitors took of the sights round it, with their author, out (Google Places API, new).

The position is that of the place: Google does not say where its visitors stood, nor when. Many photos show rooms, so
only kinds of places are asked for that stand out of doors. Names of photos expire; those of places do not, so ``fetch``
asks for the photos of a place anew, which is free, and only the picture costs.

Source:
    Google, "Nearby Search (New)", "Place Photos (New)", "Place data fields (New)", read 2026-11-21. Paper 003 took its
    photos by the Places API.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from flaneur.errors import CredentialsError, InputError, PhotoError, UsageError
from flaneur.nearby import position, sift
from flaneur.net import Refused
from flaneur.protocols import Candidate, Key, Limit, Terms, View, Wish
from flaneur.sources import READ_IN_COPIES, options
from flaneur.types import Location

if TYPE_CHECKING:
    from flaneur.net import Client

TERMS = Terms(
    provider="Google Places",
    licence="Google Maps Platform Terms of Service",
    attribution="{author}, via Google Maps, {page_url}",
    may_store=False,
    training="Forbidden: section 3.2.3(c)(vii) rules out using the pictures to train, test, validate or fine-tune"
    " models. Ask Google for permission in writing before you do.",
    url="https://cloud.google.com/maps-platform/terms",
    read_on="2026-11-21",
    notes=(
        "Section 3.2.3(a) and (b): pictures are not to be downloaded in bulk, stored or shared; place ids may be kept,"
        " positions for 30 days. So the dataset holds recipes; what you fetch with --materialise you answer for.",
        "The dataset holds positions: after 30 days delete it, or collect it anew under another --name.",
        "The author of each photo is to be shown with it.",
        "In the European Economic Area other terms apply since 2025-07-08: https://cloud.google.com/terms/maps-platform/eea.",
        "The agreement of your own account counts.",
        READ_IN_COPIES,
    ),
    positions_days=30,
)
KEY: Key | None = Key(
    variable="GOOGLE_MAPS_API_KEY",
    where="header:X-Goog-Api-Key:",
    get_it_at="https://console.cloud.google.com/google/maps-apis/credentials",
)
# Google allows 600 requests a minute to each method of a project.
LIMITS: Mapping[str, Limit] = {
    "search": Limit(5, 1.0),
    "detail": Limit(5, 1.0),
    "media": Limit(5, 1.0),
    "image": Limit(10, 1.0),
}
BASES: Mapping[str, str] = {"places": "https://places.googleapis.com"}
RADIUS_M = 300.0
ASKING_COSTS = True
BILLED: Mapping[str, str] = {"search": "google.places_nearby_pro", "media": "google.places_photo"}
OPTIONS: Mapping[str, str] = {"types": "tourist_attraction,historical_landmark,monument,plaza,park"}

MAX_PLACES = 20
MAX_SIZE_PX = 4800
_FIELDS = "places.id,places.location,places.photos,places.googleMapsUri"
_TYPE = re.compile(r"[a-z][a-z_]*")
_CONTENT_ID = re.compile(r"!1s([\w-]{16,})")  # in the address of a photo's page: the same whenever it is asked for


def near(spot: Location, radius_m: float, wish: Wish, client: Client) -> list[Candidate]:
    """Photos of up to 20 places within the radius, ordered by key: place and photo. Each question is billed.

    Args:
        spot: where to look.
        radius_m: how far from it, in metres, up to 50,000.
        wish: the option ``types`` are kinds of places, of table A of the Places API, separated by commas.
        client: counts in ``dropped`` what is left out: ``no_position``, ``no_author``.

    Raises:
        BudgetError: the question would cost more than the budget has left.
        CredentialsError: Google refuses the key.
        UsageError: what is wished for is nothing that Places knows of.
    """
    kinds = checked(wish)
    body = {
        "includedTypes": kinds,
        "maxResultCount": MAX_PLACES,
        "rankPreference": "DISTANCE",
        "locationRestriction": {
            "circle": {
                "center": {"latitude": round(spot.lat, 7), "longitude": round(spot.lon, 7)},
                "radius": min(float(radius_m), 50_000.0),
            }
        },
    }
    reply = _nearby(body, client)
    places = reply.get("places") or [] if isinstance(reply, dict) else []
    found = [one for place in places if isinstance(place, dict) for one in candidates_of(place, client.dropped)]
    return sift(found, spot, radius_m, wish, client.dropped)


def fetch(candidate: Candidate, wish: Wish, client: Client) -> list[tuple[View, bytes]]:
    """The photo, its longer side as wished or as large as there is.

    Raises:
        PhotoError: the place no longer has it.
        BudgetError: the picture would cost more than the budget has left.
    """
    checked(wish)
    place = candidate.key.partition(".")[0]
    record = client.get_json("places", f"/v1/places/{place}", group="detail", headers={"X-Goog-FieldMask": "photos"})
    photos = record.get("photos") or [] if isinstance(record, dict) else []
    name = next((str(photo.get("name")) for key, photo in keyed(place, photos) if key == candidate.key), "")
    if not name:
        raise PhotoError("not_found", f"Place {place} no longer has the photo {candidate.key}.")
    size: Mapping[str, str | int] = {
        "maxWidthPx": wish.size_px,
        "maxHeightPx": wish.size_px,
        "skipHttpRedirect": "true",
    }
    media = client.get_json("places", f"/v1/{name}/media", size, group="media", billed=BILLED["media"])
    address = media.get("photoUri") if isinstance(media, dict) else None
    if not address:
        raise PhotoError("not_found", f"Google has no picture for the photo {candidate.key}.")
    return [(View(), client.get_bytes(str(address)).content)]


def candidates_of(place: Mapping[str, Any], dropped: Counter[str]) -> Iterator[Candidate]:
    """The photos of one place as a search describes it; what cannot be credited or placed is counted."""
    where = place.get("location") or {}
    location = position(where.get("latitude"), where.get("longitude"))
    photos = [photo for photo in place.get("photos") or [] if isinstance(photo, dict)]
    if location is None or not place.get("id"):
        dropped["no_position"] += max(1, len(photos))
        return
    for key, photo in keyed(str(place["id"]), photos):
        author = _author(photo)
        page_url = photo.get("googleMapsUri") or place.get("googleMapsUri")
        if not author:
            dropped["no_author"] += 1
            continue
        yield Candidate(
            key=key,
            location=location,
            author=author,
            licence=TERMS.licence,
            page_url=str(page_url or f"https://www.google.com/maps/place/?q=place_id:{place['id']}"),
            sequence=str(place["id"]),
        )


def keyed(place: str, photos: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each photo of a place with a key that stays the same from answer to answer, as photos' names do not.

    It is the id in the address of the photo's page, or else author and size; like ones are numbered.

    >>> [key for key, _ in keyed("p", [{"googleMapsUri": "https://x/data=!3m2!1sAF1QipNUcNnGRjpZdekg!2e10"}])]
    ['p.AF1QipNUcNnGRjpZdekg']
    """
    seen: Counter[str] = Counter()
    for photo in photos:
        found = _CONTENT_ID.search(str(photo.get("googleMapsUri") or ""))
        told = f"{_author(photo)} {photo.get('widthPx')} {photo.get('heightPx')}"
        mark = found[1] if found else hashlib.sha256(told.encode()).hexdigest()[:16]
        seen[mark] += 1
        yield f"{place}.{mark}" + (f".{seen[mark]}" if seen[mark] > 1 else ""), photo


def checked(wish: Wish) -> list[str]:
    """The kinds of places to ask for, after a look whether Places can give what is wished for.

    Raises:
        UsageError: it cannot.
    """
    kinds = [kind.strip() for kind in options(wish, OPTIONS)["types"].split(",") if kind.strip()]
    if not kinds or not all(map(_TYPE.fullmatch, kinds)):
        raise UsageError("--option types: kinds of places of table A, separated by commas, such as plaza,park.")
    if wish.since or wish.until:
        raise UsageError("Google Places does not say when a photo was taken. Leave out --since and --until.")
    if wish.panoramas == "only":
        raise UsageError("Google Places has no panoramas.")
    if not 0 < wish.size_px <= MAX_SIZE_PX:
        raise UsageError(f"Google Places gives pictures of 1 to {MAX_SIZE_PX} pixels, not {wish.size_px}.")
    return kinds


def _nearby(body: Mapping[str, Any], client: Client) -> Any:
    try:
        return client.post_json(
            "places",
            "/v1/places:searchNearby",
            body,
            headers={"X-Goog-FieldMask": _FIELDS},
            billed=BILLED["search"],
        )
    except Refused as refused:
        words, content = str(refused), refused.content
    if b"API_KEY_INVALID" in content:  # which comes as 400, not as 403
        raise CredentialsError(f"Google refused the key. Is it complete, and the Places API (New) switched on? {words}")
    raise InputError(words)


def _author(photo: Mapping[str, Any]) -> str:
    names = [one.get("displayName") for one in photo.get("authorAttributions") or [] if isinstance(one, dict)]
    return ", ".join(str(name) for name in names if name)
