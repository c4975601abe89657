"""A world in; Mapillary's graph, tiles and pictures of it out, with what they leave out and how they refuse.

Traps: fields missing at random; a token asked for; boxes of 0.01 square degrees refused; crowded boxes refused with 500
or 400; a search that is cut off without a word; pictures whose address has expired; photos deleted since; failed
reconstructions; tiles with a margin, so that neighbours hold the same photo.
"""

from __future__ import annotations

import struct
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from provider.server import Asked, Response, jpeg_response, json_response
from provider.world import World, WorldPhoto

KEY = "MLY|1234567890|canary-5f1e"
ZOOM = 14
EXTENT = 4096
MARGIN = 64


@dataclass
class Mapillary:
    """``crowded``: photos above which a box is refused; ``page``: where a search is cut off, whatever its limit."""

    world: World
    crowded: int = 40
    page: int = 2000
    deleted: frozenset[str] = frozenset()
    asked: Counter[str] = field(default_factory=Counter)

    def handle(self, request: Asked) -> Response | None:
        parts = request.path.strip("/").split("/")
        if parts[0] == "picture":
            return self._picture(parts[1], parts[2])
        if request.headers.get("authorization") != f"OAuth {KEY}":
            return _error(401, 190, "Invalid OAuth access token - Cannot parse access token")
        if parts[:2] == ["maps", "vtp"]:
            zoom, column, row = (int(part) for part in parts[4:7])
            tile = self.tile(zoom, column, row) if parts[2:4] == ["mly1_public", "2"] else b""
            return Response(tile, 200, {"Content-Type": "application/x-protobuf"})
        if parts == ["images"]:
            return self._search(request.params)
        return self._entity(parts[0], request) if len(parts) == 1 and parts[0].isdigit() else None

    def _search(self, params: dict[str, str]) -> Response:
        west, south, east, north = (float(side) for side in params["bbox"].split(","))
        if (east - west) * (north - south) >= 0.01 or west > east:
            return _error(400, 100, "Invalid parameter: bbox area must be smaller than 0.01 degrees square")
        here = [photo for photo in self.world.within(west, south, east, north) if photo.id not in self.deleted]
        if len(here) > self.crowded:
            # Both are seen in the wild, and neither says that asking for less would help to be told apart from a fault.
            if len(here) % 2:
                return _error(500, 1, "Please reduce the amount of data you're asking for, then retry your request")
            return _error(
                400, -2, "Timeout", error_subcode=3404014, is_transient=False, error_user_title="Query Timeout"
            )
        fields = params["fields"].split(",")
        kept = here[: min(self.page, int(params.get("limit", 2000)))]
        return json_response({"data": [pick(self.item(photo), fields) for photo in reversed(kept)]})

    def _entity(self, key: str, request: Asked) -> Response:
        photo = self.world.by_id.get(key)
        if photo is None or key in self.deleted:
            return _error(400, 100, f"Unsupported get request. Object with ID '{key}' does not exist")
        self.asked[key] += 1
        item = self.item(photo) | self._thumbs(photo, request.base)
        return json_response(pick(item, request.params.get("fields", "id").split(",")))

    def _thumbs(self, photo: WorldPhoto, base: str) -> dict[str, str]:
        stale = self.world.lacks(photo, "fresh address", 0.2) and self.asked[photo.id] == 1
        until = "expired" if stale else "good"
        url = f"{base}/picture/{photo.id}/{until}?stp=s&oh={photo.id}&oe=6A00{len(until)}"
        names = ("thumb_256_url", "thumb_1024_url", "thumb_2048_url", "thumb_original_url")
        return {name: url for name in names if not self.world.lacks(photo, name)}

    def _picture(self, key: str, until: str) -> Response:
        if until == "expired":
            return Response(b"URL signature expired", 403, {"Content-Type": "text/plain"})
        return jpeg_response(self.world.picture(self.world.by_id[key]))

    def item(self, photo: WorldPhoto) -> dict[str, Any]:
        """All fields that Mapillary may tell of a photo, some of them missing."""
        point = {"type": "Point", "coordinates": [photo.lon, photo.lat]}
        astray = {"type": "Point", "coordinates": [photo.lon + 0.5, photo.lat]}
        optional = {
            "computed_geometry": astray if self.world.lacks(photo, "reconstruction") else point,
            "captured_at": photo.captured_ms,
            "compass_angle": photo.heading_deg,
            "computed_compass_angle": photo.heading_deg,
            "camera_type": "spherical" if photo.is_pano else "perspective",
            "creator": {"username": photo.author, "id": str(10**9 + photo.place)},
            "sequence": photo.sequence,
        }
        whole = photo.is_pano
        told = {n: v for n, v in optional.items() if (whole and n == "camera_type") or not self.world.lacks(photo, n)}
        return {"id": photo.id, "geometry": point} | told

    def tile(self, zoom: int, column: int, row: int) -> bytes:
        """A tile with the layers ``image`` and, since readers must pick the right one, an empty ``sequence``."""
        features = [
            (x, y, self._properties(photo))
            for photo in self.world.all
            if photo.id not in self.deleted
            for x, y in [place(photo, zoom, column, row)]
            if zoom == ZOOM and -MARGIN <= x < EXTENT + MARGIN and -MARGIN <= y < EXTENT + MARGIN
        ]
        return layer("sequence", []) + layer("image", features) if features else b""

    def _properties(self, photo: WorldPhoto) -> dict[str, object]:
        told: dict[str, object] = {
            "captured_at": photo.captured_ms,
            "compass_angle": photo.heading_deg,
            "sequence_id": photo.sequence,
            "creator_id": 10**9 + photo.place,
            "organization_id": 7 * 10**14,
        }
        kept = {name: value for name, value in told.items() if not self.world.lacks(photo, name)}
        return {"id": int(photo.id), "is_pano": photo.is_pano} | kept


def pick(item: dict[str, Any], fields: list[str]) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name in fields or name == "id"}


def _error(status: int, code: int, message: str, **more: object) -> Response:
    error = {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": quote("A1b2")}
    return json_response({"error": error | more}, status)


def place(photo: WorldPhoto, zoom: int, column: int, row: int) -> tuple[int, int]:
    """Cell of a photo in a tile: a second way to reckon it, by halving the world ``zoom`` times."""
    import math

    x = (photo.lon + 180) / 360
    latitude = math.radians(photo.lat)
    y = 0.5 - math.log(math.tan(math.pi / 4 + latitude / 2)) / (2 * math.pi)
    return math.floor((x * 2**zoom - column) * EXTENT), math.floor((y * 2**zoom - row) * EXTENT)


def layer(name: str, features: list[tuple[int, int, dict[str, object]]]) -> bytes:
    """A layer of points as bytes of a tile, written by hand from the specification, not by what reads them."""
    keys = sorted({key for *_, properties in features for key in properties})
    values = sorted({(type(v).__name__, v) for *_, properties in features for v in properties.values()}, key=str)
    body = _field(15, 0, _varint(2)) + _field(1, 2, name.encode())
    for x, y, properties in features:
        tags = [n for key, v in properties.items() for n in (keys.index(key), values.index((type(v).__name__, v)))]
        body += _field(2, 2, _feature(x, y, tags))
    body += b"".join(_field(3, 2, key.encode()) for key in keys)
    body += b"".join(_field(4, 2, _value(value)) for _, value in values)
    return _field(3, 2, body + _field(5, 0, _varint(EXTENT)))


def _feature(x: int, y: int, tags: list[int]) -> bytes:
    packed = b"".join(_varint(tag) for tag in tags)
    geometry = _varint(1 << 3 | 1) + _varint(_zigzag(x)) + _varint(_zigzag(y))
    return _field(2, 2, packed) + _field(3, 0, _varint(1)) + _field(4, 2, geometry)


def _value(value: object) -> bytes:
    match value:
        case bool():
            return _field(7, 0, _varint(int(value)))
        case int():
            return _field(5, 0, _varint(value))
        case float():
            return _field(3, 1, struct.pack("<d", value))
        case _:
            return _field(1, 2, str(value).encode())


def _field(number: int, kind: int, content: bytes) -> bytes:
    return _varint(number << 3 | kind) + (_varint(len(content)) if kind == 2 else b"") + content


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def _zigzag(value: int) -> int:
    return value << 1 if value >= 0 else (-value << 1) - 1
