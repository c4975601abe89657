"""A spot in; Mapillary's photos round it, and the picture of one, out (API v4).

``--option via=api`` (the default) searches a small box and learns who took each photo. ``via=tiles`` reads the vector
tiles that Mapillary draws its map from: one request tells of all photos in about two kilometres square, but not of
their authors' names.

A search in a crowded box is refused or cut off without a word; such a box is asked for in quarters. Addresses of
pictures expire within hours, so ``fetch`` asks for one and takes the picture at once.

Source:
    Mapillary, "API documentation" (``mapillary.com/developer/api-documentation``), sections "Authentication",
    "Coverage tiles" and "Image". Crowded boxes: mapillary issue reports on "Query Timeout" (400) and on "Please reduce
    the amount of data you're asking for" (500).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from flaneur.errors import PhotoError, UsageError
from flaneur.nearby import (
    Box,
    boxes_round,
    compass,
    each_read,
    metres_between,
    moment,
    position,
    quarters,
    sift,
)  # fmt: skip
from flaneur.net import NotThere, Refused, Unreachable
from flaneur.protocols import Candidate, Key, Limit, Terms, View, Wish
from flaneur.sources import READ_IN_COPIES, options
from flaneur.types import Location
from flaneur.vector_tile import Points, points, tiles_over

if TYPE_CHECKING:
    from flaneur.net import Client, Reply

TERMS = Terms(
    provider="Mapillary",
    licence="CC-BY-SA-4.0",
    attribution="Photo by {author} on Mapillary, CC BY-SA 4.0, {page_url}",
    may_store=True,
    training="CC BY-SA 4.0 allows any use with credit; whether a model trained on the photos is an adaptation that must"
    " carry the same licence is not settled.",
    url="https://www.mapillary.com/terms",
    read_on="2026-11-21",
    notes=(
        "Photos that are passed on keep their credit and the licence CC BY-SA 4.0.",
        "Faces and number plates are blurred by Mapillary; do not try to undo it.",
        "With via=tiles authors are known by number only; the page of each photo names them.",
        READ_IN_COPIES,
    ),
)
KEY: Key | None = Key(
    variable="MAPILLARY_TOKEN",
    where="header:Authorization:OAuth ",
    get_it_at="https://www.mapillary.com/dashboard/developers",
)
# Mapillary allows 10,000 searches and 60,000 entities a minute, and 50,000 tiles a day.
LIMITS: Mapping[str, Limit] = {
    "search": Limit(10, 1.0),
    "entity": Limit(50, 1.0),
    "tile": Limit(40_000, 86_400.0),
    "image": Limit(50, 1.0),
}
BASES: Mapping[str, str] = {"graph": "https://graph.mapillary.com", "tiles": "https://tiles.mapillary.com"}
RADIUS_M = 100.0
OPTIONS: Mapping[str, str] = {"via": "api"}

FIELDS = (
    "id", "geometry", "computed_geometry", "captured_at", "compass_angle", "computed_compass_angle", "camera_type",
    "creator", "sequence",
)  # fmt: skip
PAGE = 2000
"""A search answers with at most so many, and does not say that there were more."""
THUMBS = {256: "thumb_256_url", 1024: "thumb_1024_url", 2048: "thumb_2048_url", 1 << 20: "thumb_original_url"}

_SPLITS = 5  # a box is quartered at most so often: 200 m become 6
_LARGEST_BOX = 0.0099  # square degrees; from 0.01 on a search is refused
_TILE_ZOOM = 14  # the only one with single photos
_POINTS_KEPT = 500_000  # of the latest tiles: about 150 MB
_ASTRAY_M = 200.0  # a reconstructed position further than this from the recorded one is a failed reconstruction
_SPHERES = ("equirectangular", "spherical")
_PASSING_CODES = (2, 4, 17, 341, 613)  # of the graph: out of service, or asked too often


def near(spot: Location, radius_m: float, wish: Wish, client: Client) -> list[Candidate]:
    """Photos taken within ``radius_m`` of the spot, ordered by key.

    Args:
        spot: where to look.
        radius_m: how far from it, in metres.
        wish: dates and panoramas; the option ``via`` is ``api`` or ``tiles``.
        client: counts in ``dropped`` what is left out; keeps the latest tiles in ``memo``.

    Raises:
        UsageError: an option that is not known.
        CredentialsError: Mapillary refuses the token.
        Unreachable: no answer for now.
    """
    via = options(wish, OPTIONS)["via"]
    if via not in ("api", "tiles"):
        raise UsageError(f"--option via={via}: Mapillary is reached via 'api' or 'tiles'.")
    boxes = boxes_round(spot, radius_m)
    if via == "api":
        items = (item for box in boxes for item in _search(box, client, _SPLITS))
        found = each_read(items, candidate_of)
    else:
        tiles = dict.fromkeys(tile for box in boxes for tile in tiles_over(box, _TILE_ZOOM))
        items = (item for tile in tiles for item in _in_tile(_tile(tile, client), boxes))
        found = each_read(items, _candidate_of_tile)
    return sift(found, spot, radius_m, wish, client.dropped)


def fetch(candidate: Candidate, wish: Wish, client: Client) -> list[tuple[View, bytes]]:
    """The picture of one photo, in the smallest size that is large enough; a panorama whole.

    Raises:
        PhotoError: ``not_found``: deleted, or without any picture.
        Unreachable: no answer for now.
    """
    names = _sizes(candidate, wish)
    for _ in range(2):  # an address may have expired on its way to us
        told = client.get_json(
            "graph", f"/{candidate.key}", {"fields": ",".join(names)}, group="entity", retry_if=_says_later
        )
        url = next((str(told[name]) for name in names if told.get(name)), "")
        if not url:
            raise PhotoError("not_found", f"Mapillary has no picture of photo {candidate.key}.")
        try:
            return [(View(candidate.heading_deg), client.get_bytes(url, group="image").content)]
        except Refused:
            continue
    raise PhotoError("not_found", f"Mapillary names only expired addresses for photo {candidate.key}.")


def candidate_of(item: Mapping[str, Any]) -> Candidate | None:
    """One photo as a search describes it; ``None`` without id or position. Any other field may be missing.

    >>> candidate_of({"id": "7", "geometry": {"type": "Point", "coordinates": [2.35, 48.85]}}).author
    'a Mapillary contributor'
    """
    where = _position(item)
    if where is None or not item.get("id"):
        return None
    creator = item.get("creator") or {}
    return Candidate(
        key=str(item["id"]),
        location=where,
        author=str(creator.get("username") or "") or _numbered(creator.get("id")),
        licence=TERMS.licence,
        page_url=_page(item["id"]),
        heading_deg=_first(compass(item.get("computed_compass_angle")), compass(item.get("compass_angle"))),
        captured=moment(item.get("captured_at")),
        sequence=str(item.get("sequence") or ""),
        is_panorama=item.get("camera_type") in _SPHERES,
    )


def _first(*values: float | None) -> float | None:
    return next((value for value in values if value is not None), None)


def _position(item: Mapping[str, Any]) -> Location | None:
    """The reconstructed position, unless it is far from the recorded one."""
    recorded, computed = (_point(item.get(name)) for name in ("geometry", "computed_geometry"))
    if recorded is None or computed is None:
        return recorded or computed
    return computed if metres_between(recorded, computed) <= _ASTRAY_M else recorded


def _point(geometry: Any) -> Location | None:
    lon, lat = (*((geometry or {}).get("coordinates") or ()), None, None)[:2]
    return position(lat, lon)


def _numbered(creator: Any) -> str:
    return f"Mapillary contributor {creator}" if creator else "a Mapillary contributor"


def _page(key: Any) -> str:
    return f"https://www.mapillary.com/app/?pKey={key}&focus=photo"


def _sizes(candidate: Candidate, wish: Wish) -> list[str]:
    """Names of the pictures to be had, the best first: the smallest that is wide enough, larger ones, smaller ones.

    A panorama is as wide as all its views side by side; four fifths of that will do.
    """
    wide = wish.size_px * 360 / wish.fov_deg * 0.8 if candidate.is_panorama else wish.size_px
    large = [name for width, name in THUMBS.items() if width >= wide]
    return [*large, *(name for name in reversed(THUMBS.values()) if name not in large)]


def _search(box: Box, client: Client, splits: int) -> Iterator[Mapping[str, Any]]:
    """All photos in a box, asked for in quarters where it is too crowded for one reply."""
    west, south, east, north = box
    found = None
    if (east - west) * (north - south) <= _LARGEST_BOX or not splits:
        found = _one_search(box, client, last=not splits)
    if found is not None and (len(found) < PAGE or not splits):
        yield from found
        return
    for quarter in quarters(box):
        yield from _search(quarter, client, splits - 1)


def _one_search(box: Box, client: Client, *, last: bool) -> list[Mapping[str, Any]] | None:
    """One reply, or ``None`` where the box is too crowded for one."""
    params: dict[str, str | int] = {"bbox": ",".join(f"{side:.7f}" for side in box), "fields": ",".join(FIELDS)}
    try:
        reply = client.get_json(
            "graph", "/images", params | {"limit": PAGE}, group="search", retry_if=_says_later, final_if=_is_crowded
        )
    except Refused as error:
        if not _is_crowded(error):
            raise
        if last:
            raise Unreachable(
                f"Mapillary takes too long to search the box {params['bbox']}. Try again later."
            ) from error
        return None
    return list(reply.get("data") or [])


def _is_crowded(reply: Reply | Refused) -> bool:
    """Whether a refusal means the size of the box: a time-out that is called final, or a plea to ask for less."""
    text = reply.content[:2000].lower()
    return reply.status >= 400 and (b"reduce the amount of data" in text or b"timeout" in text)


def _says_later(reply: Any) -> bool:
    """Whether a reply, good or bad, says that it is one for now: no table, or an error that the graph calls passing."""
    error = reply.get("error") if isinstance(reply, dict) else {"is_transient": True}
    return isinstance(error, dict) and bool(error.get("is_transient") or error.get("code") in _PASSING_CODES)


def _tile(tile: tuple[int, int, int], client: Client) -> Points:
    """A tile's photos; the latest few tiles are kept, since neighbouring spots ask for the same."""
    kept: dict[tuple[int, int, int], Points] = client.memo.setdefault("mapillary tiles", {})
    found = kept.get(tile)
    if found is None:
        found = kept[tile] = points(_tile_bytes(tile, client), "image", tile)
        for oldest in list(kept)[:-1]:
            if sum(len(one.positions) for one in list(kept.values())) <= _POINTS_KEPT:
                break
            kept.pop(oldest, None)
    return found


def _tile_bytes(tile: tuple[int, int, int], client: Client) -> bytes:
    """A tile; nothing where it is empty, which is believed when it was so three times."""
    path = "/maps/vtp/mly1_public/2/" + "/".join(map(str, tile))
    for _ in range(3):
        try:
            return client.get_bytes("tiles", path, group="tile", accept="any", final_if=_is_empty).content
        except NotThere:
            break
        except Refused as error:
            if error.content:
                raise
    return b""


def _is_empty(reply: Reply) -> bool:
    return reply.status == 200 and not reply.content


def _in_tile(tile: Points, boxes: list[Box]) -> Iterator[dict[str, Any]]:
    """What a tile says of the photos in some boxes, with their positions; of the others nothing is decoded."""
    lat, lon = tile.positions.T
    for west, south, east, north in boxes:
        for index in np.flatnonzero((lat >= south) & (lat <= north) & (lon >= west) & (lon <= east)):
            yield tile.properties(int(index)) | {"lat": float(lat[index]), "lon": float(lon[index])}


def _candidate_of_tile(item: Mapping[str, Any]) -> Candidate | None:
    where = position(item["lat"], item["lon"])
    if where is None or not item.get("id"):
        return None
    return Candidate(
        key=str(item["id"]),
        location=where,
        author=_numbered(item.get("creator_id")),
        licence=TERMS.licence,
        page_url=_page(item["id"]),
        heading_deg=compass(item.get("compass_angle")),
        captured=moment(item.get("captured_at")),
        sequence=str(item.get("sequence_id") or ""),
        is_panorama=bool(item.get("is_pano")),
        project=str(item.get("organization_id") or ""),
    )
