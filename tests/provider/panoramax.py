"""A world in; a Panoramax catalogue of it out, with what it leaves out and how it differs from what one expects.

Traps: no second page and no count; ten photos where no limit is named; ``datetime`` ignored; nearest first instead of
ordered; author in any of three places or nowhere; no licence; flat photos among panoramas, and some that do not say;
hidden photos; parts of a panorama; pictures on another path after a redirect; absence as 404 or as an empty list.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from provider.server import Asked, Response, jpeg_response, json_response
from provider.world import World, WorldPhoto, distance_m


def key_of(photo: WorldPhoto) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, photo.id))


def sequence_of(photo: WorldPhoto) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, photo.sequence))


@dataclass
class Panoramax:
    """``page``: the most a search answers with, whatever its limit; ``deleted``: keys."""

    world: World
    page: int = 32_767
    deleted: frozenset[str] = frozenset()

    @cached_property
    def photos(self) -> dict[str, WorldPhoto]:
        return {key_of(photo): photo for photo in self.world.all}

    def handle(self, request: Asked) -> Response | None:
        match request.path.strip("/").split("/"):
            case ["api", "search"]:
                return self._search(request)
            case ["api", "collections", collection, "items", key]:
                photo = self._public(key)
                if photo is None or sequence_of(photo) != collection:
                    return json_response({"status": 404, "message": "Feature not found"}, 404)
                return json_response(self.item(photo, request.base))
            case ["api", "pictures", key, _]:
                return Response(b"", 302, {"Location": f"{request.base}/derivates/{key[:2]}/{key}.jpg"})
            case ["derivates", _, name]:
                photo = self._public(name.removesuffix(".jpg"))
                return None if photo is None else jpeg_response(self.world.picture(photo))
        return None

    def _public(self, key: str) -> WorldPhoto | None:
        photo = self.photos.get(key)
        return None if photo is None or key in self.deleted or self.hidden(photo) else photo

    def hidden(self, photo: WorldPhoto) -> bool:
        return self.world.lacks(photo, "public", 0.05)

    def _search(self, request: Asked) -> Response:
        params = request.params
        if "ids" in params:
            photos = [photo for photo in map(self._public, params["ids"].split(",")) if photo]
        else:
            west, south, east, north = (float(side) for side in params["bbox"].split(","))
            if west > east:
                return json_response({"code": "400", "description": "min longitude is larger than max"}, 400)
            middle = ((south + north) / 2, (west + east) / 2)
            photos = self.world.within(west, south, east, north)
            photos = [photo for photo in photos if key_of(photo) not in self.deleted]
            photos.sort(key=lambda photo: distance_m(photo.lat, photo.lon, *middle))
        kept = photos[: min(self.page, int(params.get("limit", 10)))]
        features = [self.item(photo, request.base) for photo in kept]
        return json_response({"type": "FeatureCollection", "features": features, "links": []})

    def item(self, photo: WorldPhoto, base: str) -> dict[str, Any]:
        key, where = key_of(photo), (photo.lon, photo.lat)
        properties = self._properties(photo) | self._credit(photo) | self._optics(photo)
        if self.hidden(photo):
            properties["geovisio:status"] = "hidden"
        return {
            "type": "Feature",
            "stac_version": "1.0.0",
            "id": key,
            "collection": sequence_of(photo),
            "geometry": {"type": "Point", "coordinates": list(where)},
            "bbox": [*where, *where],
            "providers": [{"name": photo.author, "roles": ["producer"]}] if self._told(photo) == 0 else [],
            "properties": properties,
            "assets": self._assets(photo, key, base),
            "links": [{"rel": "via", "href": f"{base}/other", "instance_name": "osm-fr"}] if photo.place % 2 else [],
        }

    def _told(self, photo: WorldPhoto) -> int:
        """Where the author stands: with the item, in its properties, as the producer's name, nowhere."""
        return photo.frame % 4

    def _properties(self, photo: WorldPhoto) -> dict[str, Any]:
        zone = "+00:00" if photo.place % 2 else "Z"
        told = {
            "datetime": photo.captured.strftime("%Y-%m-%dT%H:%M:%S.%f") + zone,
            "view:azimuth": round(photo.heading_deg),
            "license": ("etalab-2.0", "CC-BY-SA-4.0")[photo.place % 2],
            "geovisio:status": "ready",
            "exif": {"Exif.Image.Model": "Max"},
        }
        return {name: value for name, value in told.items() if not self.world.lacks(photo, name)}

    def _credit(self, photo: WorldPhoto) -> dict[str, Any]:
        match self._told(photo):
            case 1:
                roles = [{"name": "Some Host", "roles": ["host"]}, {"name": photo.author, "roles": ["producer"]}]
                return {"providers": roles}
            case 2:
                return {"geovisio:producer": photo.author if photo.place % 2 else {"name": photo.author}}
        return {}

    def _optics(self, photo: WorldPhoto) -> dict[str, Any]:
        if photo.is_pano and photo.frame == 1:
            return {"exif": {"Xmp.GPano.ProjectionType": "equirectangular"}}
        optics: dict[str, Any] = {"field_of_view": 360 if photo.is_pano else 70, "camera_model": "Max"}
        if self.part(photo):
            optics |= {"sensor_array_dimensions": [5760, 2880], "visible_area": [0, 700, 0, 700]}
        silent = not photo.is_pano and self.world.lacks(photo, "field_of_view")
        return {} if silent else {"pers:interior_orientation": optics}

    def part(self, photo: WorldPhoto) -> bool:
        return photo.is_pano and photo.frame == 2

    def _assets(self, photo: WorldPhoto, key: str, base: str) -> dict[str, Any]:
        names = [name for name in ("hd", "sd", "thumb") if name == "thumb" or not self.world.lacks(photo, name, 0.15)]
        return {name: {"href": f"{base}/api/pictures/{key}/{name}.jpg", "type": "image/jpeg"} for name in names}
