"""A spot in; the nearest Street View panorama, and pictures of it in any direction, out (Street View Static API).

The free metadata request comes first, so that nothing is paid for that is not there: it names the panorama, its own
position, its date and whose it is. Indoor and user-made panoramas are left out.

Source:
    Google, "Street View Static API": request parameters, "Street View image metadata", "Use a digital signature",
    read 2026-11-21.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flaneur.errors import CredentialsError, InputError, PhotoError, UsageError
from flaneur.nearby import metres_between, position, sift
from flaneur.protocols import Candidate, Key, Limit, Terms, View, Wish
from flaneur.sources import READ_IN_COPIES, options
from flaneur.types import Location

if TYPE_CHECKING:
    from flaneur.net import Client

TERMS = Terms(
    provider="Google Street View",
    licence="Google Maps Platform Terms of Service",
    attribution="© {author}, {page_url}",
    may_store=False,
    training="Forbidden: section 3.2.3(c)(vii) rules out using the pictures to train, test, validate or fine-tune"
    " models. Ask Google for permission in writing before you do.",
    url="https://cloud.google.com/maps-platform/terms",
    read_on="2026-11-21",
    notes=(
        "Section 3.2.3(a) and (b): pictures are not to be downloaded in bulk, stored or shared; panorama ids may be"
        " kept. The dataset therefore holds recipes; what you fetch with --materialise you answer for.",
        "In the European Economic Area other terms apply since 2025-07-08: https://cloud.google.com/terms/maps-platform/eea.",
        "The agreement of your own account counts.",
        READ_IN_COPIES,
    ),
)
KEY: Key | None = Key(
    variable="GOOGLE_MAPS_API_KEY",
    where="query:key",
    get_it_at="https://console.cloud.google.com/google/maps-apis/credentials",
    secret_variable="GOOGLE_MAPS_SIGNING_SECRET",  # noqa: S106 - the name of a variable
)
# Google allows 30,000 requests a minute; a tenth of that is plenty.
LIMITS: Mapping[str, Limit] = {"search": Limit(50, 1.0), "check": Limit(50, 1.0), "image": Limit(50, 1.0)}
BASES: Mapping[str, str] = {"maps": "https://maps.googleapis.com"}
RADIUS_M = 50.0
BILLED: Mapping[str, str] = {"image": "google.street_view_static"}
OPTIONS: Mapping[str, str] = {"source": "outdoor"}
RENDERS = True

Params = Mapping[str, str | int | float]

MAX_SIZE_PX = 640
MAX_FOV_DEG = 120.0
_SAME_SPOT_M = 10.0  # a panorama that got a new id has not moved further
_GOOGLES = re.compile(r"(?:©|\(c\))?\s*(?:\d{4}\s+)?Google(?:,? (?:Inc\.?|LLC))?", re.IGNORECASE)


def near(spot: Location, radius_m: float, wish: Wish, client: Client) -> list[Candidate]:
    """The panorama nearest to the spot, if it is Google's own, out of doors and within the dates.

    Args:
        spot: where to look.
        radius_m: how far from it, in metres.
        wish: dates, size, field of view; the option ``source`` is ``outdoor``, or ``default`` for those indoors too.
        client: counts in ``dropped`` what is left out: ``user_made``, ``outside_dates``, ``no_position``.

    Returns:
        One candidate or none; its key is the panorama, its position the panorama's.

    Raises:
        CredentialsError: Google refuses the key.
        UsageError: Google does not render what is wished for.
    """
    chosen = checked(wish)
    params: Params = {"location": _text(spot), "radius": math.ceil(radius_m), "source": chosen["source"]}
    found = _metadata(params, "search", client)
    candidate = None if found is None else candidate_of(found)
    if isinstance(candidate, str):
        client.dropped[candidate] += 1
    if candidate is None or isinstance(candidate, str):
        return []
    # Every picture here is cut out of a panorama, so a wish for panoramas or against them excludes none.
    return sift([candidate], spot, radius_m, replace(wish, panoramas="both"), client.dropped)


def fetch(candidate: Candidate, wish: Wish, client: Client) -> list[tuple[View, bytes]]:
    """As many pictures of a panorama as views are wished for, evenly round; the first direction is drawn by seed.

    Raises:
        PhotoError: the panorama is gone and none of the same day stands in its place.
        BudgetError: the next picture would cost more than the budget has left.
    """
    checked(wish)
    panorama = _still_there(candidate, client)
    pictures = []
    for view in wish.directions(candidate.key):
        params: Params = {
            "pano": panorama,
            "size": f"{wish.size_px}x{wish.size_px}",
            "heading": f"{view.heading_deg:g}",
            "pitch": f"{view.pitch_deg:g}",
            "fov": f"{view.fov_deg:g}",
            "return_error_code": "true",
        }
        reply = client.get_bytes("maps", "/maps/api/streetview", params, billed=BILLED["image"])
        pictures.append((view, reply.content))
    return pictures


def checked(wish: Wish) -> dict[str, str]:
    """The source's options, after a look whether Google renders what is wished for.

    Raises:
        UsageError: it does not; what it would render is named.
    """
    chosen = options(wish, OPTIONS)
    if chosen["source"] not in ("outdoor", "default"):
        raise UsageError(f"--option source={chosen['source']}: Street View knows 'outdoor' and 'default'.")
    if not 0 < wish.size_px <= MAX_SIZE_PX:
        raise UsageError(f"Street View renders 1 to {MAX_SIZE_PX} pixels, not {wish.size_px}.")
    if not 0 < wish.fov_deg <= MAX_FOV_DEG:
        raise UsageError(f"Street View renders a field of view of up to {MAX_FOV_DEG:g}°, not {wish.fov_deg:g}°.")
    if wish.views < 1:
        raise UsageError(f"{wish.views} views of each place are no pictures. Ask for 1 or more.")
    return chosen


def _metadata(params: Params, group: str, client: Client) -> dict[str, Any] | None:
    """Google's record of one panorama; ``None`` where there is none."""
    reply = client.get_json("maps", "/maps/api/streetview/metadata", params, group=group, retry_if=_passing)
    status = reply.get("status") if isinstance(reply, dict) else None
    match status:
        case "OK":
            return dict(reply)
        case "ZERO_RESULTS" | "NOT_FOUND":
            return None
        case "REQUEST_DENIED":
            raise CredentialsError(
                f"Google refused the key: {reply.get('error_message') or 'no reason given'}"
                " Is the Street View Static API switched on for its project, with billing, and does the key allow it?"
            )
        case _:
            raise InputError(f"Google's panorama metadata came with the status {status!r}, which cannot be used.")


def _passing(reply: Any) -> bool:
    """Whether a reply only asks to try again later."""
    return isinstance(reply, dict) and reply.get("status") in ("OVER_QUERY_LIMIT", "UNKNOWN_ERROR")


def candidate_of(found: Mapping[str, Any]) -> Candidate | str:
    """A panorama as its metadata describe it; or why it is left out: ``no_position`` or ``user_made``.

    >>> candidate_of({"pano_id": "p", "copyright": "© Ada", "location": {"lat": 48.85, "lng": 2.35}})
    'user_made'
    """
    where, panorama = found.get("location") or {}, found.get("pano_id")
    location = position(where.get("lat"), where.get("lng"))
    if not panorama or location is None:
        return "no_position"
    if not _GOOGLES.fullmatch(str(found.get("copyright") or "").strip()):
        return "user_made"
    return Candidate(
        key=str(panorama),
        location=location,
        author="Google",
        licence=TERMS.licence,
        page_url=f"https://www.google.com/maps/@?api=1&map_action=pano&pano={panorama}",
        captured=str(found.get("date") or ""),
    )


def _still_there(candidate: Candidate, client: Client) -> str:
    """The panorama's id of today, which may be another for the same picture; asking is free."""
    if _metadata({"pano": candidate.key}, "check", client) is not None:
        return candidate.key
    params: Params = {"location": _text(candidate.location), "radius": math.ceil(_SAME_SPOT_M), "source": "default"}
    found = _metadata(params, "check", client)
    now = "" if found is None else candidate_of(found)
    if isinstance(now, str) or now.captured != candidate.captured:
        raise PhotoError("not_found", f"Panorama {candidate.key} is no longer there.")
    if metres_between(now.location, candidate.location) > _SAME_SPOT_M:
        raise PhotoError("not_found", f"Panorama {candidate.key} is no longer there.")
    return now.key


def _text(location: Location) -> str:
    return f"{location.lat:.7f},{location.lon:.7f}"
