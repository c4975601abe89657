"""A spot in; Panoramax's photos round it, and the picture of one, out (its STAC API).

Panoramax is a federation: the catalogue at ``api.panoramax.xyz`` knows the photos of all its instances. Another
catalogue or a single instance, also one's own, is reached by ``FLANEUR_PANORAMAX_API_URL``. No key is needed. Each
photo has its own licence, on each instance another.

The search has no second page, does not say how much it left out, and ignores dates; so crowded boxes are asked for in
quarters, and dates are compared here.

Source:
    docs.panoramax.fr, "Deviation of Panoramax API from STAC API" and "Compatibility with STAC API";
    ``api.panoramax.xyz/openapi.json``; GeoVisio's own tests; measured by others in 2026: no ``next`` link, ``datetime``
    ignored, absence is a 404 of an item but an empty list of a search, assets lie on other hosts than the catalogue.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from flaneur.errors import PhotoError
from flaneur.nearby import Box, boxes_round, compass, each_read, number, position, quarters, sift
from flaneur.protocols import Candidate, Key, Limit, Terms, View, Wish
from flaneur.sources import READ_IN_COPIES, options
from flaneur.types import Location

if TYPE_CHECKING:
    from flaneur.net import Client

TERMS = Terms(
    provider="Panoramax",
    licence="per photo",
    attribution="Photo by {author} on Panoramax, {page_url}",
    may_store=True,
    training="The photos' licences (CC BY-SA 4.0 or Licence Ouverte 2.0 on the federated instances) allow any use with"
    " credit; whether a model trained on CC BY-SA photos must carry the same licence is not settled.",
    url="https://panoramax.fr",
    read_on="2026-11-21",
    notes=(
        "Photos that are passed on keep their credit and their own licence; Licence Ouverte asks for the date as well.",
        "The servers are run by volunteers and public bodies: collect slowly.",
        READ_IN_COPIES,
    ),
)
KEY: Key | None = None
# No limits are published.
LIMITS: Mapping[str, Limit] = {"search": Limit(4, 1.0), "entity": Limit(8, 1.0), "image": Limit(8, 1.0)}
BASES: Mapping[str, str] = {"api": "https://api.panoramax.xyz"}
RADIUS_M = 100.0
OPTIONS: Mapping[str, str] = {}
AT_ONCE = 4

PAGE = 1000
_SPLITS = 5
_SD_WIDTH_PX = 2048
_SPHERE_DEG = 360


def near(spot: Location, radius_m: float, wish: Wish, client: Client) -> list[Candidate]:
    """Photos taken within ``radius_m`` of the spot, ordered by key.

    Args:
        spot: where to look.
        radius_m: how far from it, in metres.
        wish: dates and panoramas.
        client: counts in ``dropped`` what is left out; besides the usual ``not_public`` and ``part_of_a_panorama``.

    Raises:
        Unreachable: no answer for now.
    """
    options(wish, OPTIONS)
    items = (item for box in boxes_round(spot, radius_m) for item in _search(box, client, _SPLITS))
    usable = _usable({str(item.get("id")): item for item in items}.values(), client)
    return sift(each_read(usable, candidate_of), spot, radius_m, wish, client.dropped)


def fetch(candidate: Candidate, wish: Wish, client: Client) -> list[tuple[View, bytes]]:
    """The picture of one photo: the small one (at most 2,048 pixels wide) where that is enough; a panorama whole.

    Raises:
        PhotoError: ``not_found``: deleted or hidden since, or without any picture.
        Unreachable: no answer for now.
    """
    item = _item(candidate, client)
    if item is None or not _is_public(item.get("properties") or {}):
        raise PhotoError("not_found", f"Panoramax no longer has photo {candidate.key}.")
    wide = wish.size_px * 360 / wish.fov_deg * 0.8 if candidate.is_panorama else wish.size_px
    assets = item.get("assets") or {}
    names = ("sd", "hd") if wide <= _SD_WIDTH_PX else ("hd", "sd")
    url = next((str(assets[name]["href"]) for name in names if (assets.get(name) or {}).get("href")), "")
    if not url:
        raise PhotoError("not_found", f"Panoramax has no picture of photo {candidate.key}.")
    return [(View(candidate.heading_deg), client.get_bytes(url, group="image").content)]


def candidate_of(item: Mapping[str, Any]) -> Candidate | None:
    """One photo as a STAC item; ``None`` without id or position. Any other field may be missing.

    >>> candidate_of({"id": "7", "geometry": {"coordinates": [2.35, 48.85]}, "properties": {}}).licence
    ''
    """
    properties = item.get("properties") or {}
    lon, lat = (*((item.get("geometry") or {}).get("coordinates") or ()), None, None)[:2]
    where = position(lat, lon)
    if where is None or not item.get("id"):
        return None
    return Candidate(
        key=str(item["id"]),
        location=where,
        author=_author(item, properties),
        licence=str(properties.get("license") or ""),
        page_url=f"{_site(item)}/#focus=pic&pic={item['id']}",
        heading_deg=compass(properties.get("view:azimuth")),
        captured=_utc(properties.get("datetime") or properties.get("datetimetz")),
        sequence=str(item.get("collection") or ""),
        is_panorama=_is_panorama(properties),
        project=_instance(item),
        facts={"collection": str(item.get("collection") or "")},
    )


def _author(item: Mapping[str, Any], properties: Mapping[str, Any]) -> str:
    """Who took it: the provider that is its producer, else whom the instance names, else nobody in particular."""
    providers = [one for one in (*(properties.get("providers") or ()), *(item.get("providers") or ())) if one]
    producers = [one for one in providers if "producer" in (one.get("roles") or ())]
    named = next((str(one["name"]) for one in (*producers, *providers) if one.get("name")), "")
    producer = properties.get("geovisio:producer")
    producer = producer.get("name") if isinstance(producer, Mapping) else producer
    return named or str(producer or "") or "a Panoramax contributor"


def _utc(text: Any) -> str:
    """ISO 8601 in UTC to the second; nothing where that is no time. Without a zone it is left as it is."""
    try:
        when = datetime.fromisoformat(str(text))
    except ValueError:
        return ""
    if when.tzinfo is None:
        return when.isoformat(timespec="seconds")
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _optics(properties: Mapping[str, Any]) -> Mapping[str, Any]:
    return properties.get("pers:interior_orientation") or {}


def _is_panorama(properties: Mapping[str, Any]) -> bool:
    """A field of view of 360°; where none is told, what the camera wrote of the projection."""
    field_of_view = number(_optics(properties).get("field_of_view"))
    if field_of_view is not None:
        return field_of_view >= _SPHERE_DEG
    return (properties.get("exif") or {}).get("Xmp.GPano.ProjectionType") == "equirectangular"


def _is_part(properties: Mapping[str, Any]) -> bool:
    """Whether it shows only a part of the sphere, from which no views can be cut: the visible area has margins."""
    margins = _optics(properties).get("visible_area") or ()
    return _is_panorama(properties) and any(number(margin) for margin in margins)


def _is_public(properties: Mapping[str, Any]) -> bool:
    status = properties.get("geovisio:status", "ready")
    return status == "ready" and properties.get("geovisio:visibility", "anyone") in (None, "anyone")


def _site(item: Mapping[str, Any]) -> str:
    """Where the catalogue that was asked shows its photos; one of one's own names itself in its records."""
    links = (str(link.get("href")) for link in item.get("links") or () if link.get("rel") == "self")
    own = next((href for href in links if href.startswith("https://")), "")
    return "/".join(own.split("/")[:3]) or BASES["api"]


def _instance(item: Mapping[str, Any]) -> str:
    """Name of the instance the catalogue has it from."""
    links = (link for link in item.get("links") or () if link.get("rel") == "via")
    return next((str(link.get("instance_name") or "") for link in links), "")


def _usable(items: Iterable[Mapping[str, Any]], client: Client) -> Iterator[Mapping[str, Any]]:
    for item in items:
        properties = item.get("properties") or {}
        reason = "" if _is_public(properties) else "not_public"
        reason = reason or ("part_of_a_panorama" if _is_part(properties) else "")
        if reason:
            client.dropped[reason] += 1
        else:
            yield item


def _search(box: Box, client: Client, splits: int) -> list[Mapping[str, Any]]:
    params: dict[str, str | int] = {"bbox": ",".join(f"{side:.7f}" for side in box), "limit": PAGE}
    found = _ask("/api/search", params, "search", client).get("features") or []
    if len(found) < PAGE or not splits:
        return list(found)
    return [item for quarter in quarters(box) for item in _search(quarter, client, splits - 1)]


def _item(candidate: Candidate, client: Client) -> Mapping[str, Any] | None:
    """What the catalogue says of one photo today: where its pictures lie may change."""
    collection = candidate.facts.get("collection")
    if collection:
        return _ask(f"/api/collections/{collection}/items/{candidate.key}", {}, "entity", client)
    found = _ask("/api/search", {"ids": candidate.key, "limit": 1}, "entity", client).get("features")
    return next(iter(found or []), None)


def _ask(path: str, params: Mapping[str, str | int], group: str, client: Client) -> dict[str, Any]:
    """A reply that is a JSON object; anything else is a fault of the moment."""
    reply = client.get_json("api", path, params, group=group, retry_if=lambda one: not isinstance(one, dict))
    return dict(reply)
