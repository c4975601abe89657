"""A world in; Google's places with visitors' photos out, whose names are others in every answer and expire."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import cached_property

from provider.server import Asked, Response, jpeg_response, json_response
from provider.world import World, WorldPhoto, distance_m

NAMES_KEPT = 50
KEY = "AIzaSyCanary-Places-0123456789abcdefgh"


@dataclass
class GooglePlaces:
    """Each drive of the world is one place, that lies where its first photo was taken, with its photos.

    Args:
        world: where they are.
        key: the only one that is let in.
        gone: photos that were taken away since.
    """

    world: World
    key: str = KEY
    gone: set[str] = field(default_factory=set)
    names: Counter[str] = field(default_factory=Counter)

    @cached_property
    def places(self) -> dict[str, list[WorldPhoto]]:
        found = defaultdict(list)
        for photo in self.world.all:
            found[place_id(photo)].append(photo)
        return {name: sorted(photos, key=lambda photo: photo.frame) for name, photos in sorted(found.items())}

    def has_author(self, photo: WorldPhoto) -> bool:
        return not self.world.lacks(photo, "author")

    def handle(self, request: Asked) -> Response | None:
        if request.path.startswith("/v1/places"):
            return self._refusal(request) or self._answer(request)
        photo = self.world.by_id.get(request.path.removeprefix("/lh3/"))
        return jpeg_response(self.world.picture(photo)) if photo else None

    def _refusal(self, request: Asked) -> Response | None:
        if "key" in request.params:
            return _error(400, "INVALID_ARGUMENT", "The key belongs into the header.")
        if request.headers.get("x-goog-api-key") != self.key:
            details = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}]
            return _error(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.", details)
        if not request.path.endswith("/media") and not request.headers.get("x-goog-fieldmask"):
            return _error(400, "INVALID_ARGUMENT", "FieldMask is a required parameter.")
        return None

    def _answer(self, request: Asked) -> Response | None:
        if request.method == "POST" and request.path == "/v1/places:searchNearby":
            return self._nearby(request)
        parts = request.path.removeprefix("/v1/").split("/")
        if len(parts) == 2 and parts[1] in self.places:
            return json_response({"photos": self._photos(parts[1])})
        if len(parts) == 5 and parts[-1] == "media":
            return self._media(request, parts[3])
        return _error(404, "NOT_FOUND", "no such place")

    def _nearby(self, request: Asked) -> Response:
        body = request.json
        circle = body["locationRestriction"]["circle"]
        if "nonsense" in body.get("includedTypes", ()):
            return _error(400, "INVALID_ARGUMENT", "Unsupported types: nonsense.")
        centre = circle["center"]
        near = []
        for name, photos in self.places.items():
            away = distance_m(centre["latitude"], centre["longitude"], photos[0].lat, photos[0].lon)
            if away <= circle["radius"]:
                near.append((away, name))
        found = [self._place(name) for _, name in sorted(near)[: min(20, body.get("maxResultCount", 20))]]
        return json_response({"places": found} if found else {})

    def _place(self, name: str) -> dict[str, object]:
        first = self.places[name][0]
        place: dict[str, object] = {
            "id": name,
            "location": {"latitude": first.lat, "longitude": first.lon},
            "googleMapsUri": f"https://maps.google.com/?cid={first.id}",
            "photos": self._photos(name),
        }
        for part, share in (("location", 0.05), ("photos", 0.1), ("googleMapsUri", 0.1)):
            if self.world.lacks(first, part, share):
                del place[part]
        return place

    def _photos(self, name: str) -> list[dict[str, object]]:
        return [self._photo(name, photo) for photo in self.places[name] if photo.id not in self.gone][:10]

    def _photo(self, place: str, photo: WorldPhoto) -> dict[str, object]:
        self.names[photo.id] += 1  # so that names are never the same
        mark = "AF1Qip" + hashlib.sha256(photo.id.encode()).hexdigest()[:30]
        record: dict[str, object] = {
            "name": f"places/{place}/photos/{photo.id}-{self.names[photo.id]}",
            "widthPx": 4000 + photo.frame,
            "heightPx": 3000,
            "googleMapsUri": f"https://www.google.com/maps/place//data=!3m4!1e2!3m2!1s{mark}!2e10",
        }
        if self.has_author(photo):
            uri = f"https://maps.google.com/maps/contrib/{len(photo.author)}"
            record["authorAttributions"] = [{"displayName": photo.author, "uri": uri}]
        if self.world.lacks(photo, "page", 0.3):
            del record["googleMapsUri"]
        return record

    def _media(self, request: Asked, reference: str) -> Response:
        photo, _, number = reference.partition("-")
        if photo not in self.world.by_id or int(number) < self.names[photo] - NAMES_KEPT:
            return _error(400, "INVALID_ARGUMENT", "The photo resource in the request is invalid.")
        address = f"{request.base}/lh3/{photo}"
        if request.params.get("skipHttpRedirect") != "true":
            return Response(b"", 302, {"Location": address})
        return json_response({"name": request.path.removeprefix("/v1/"), "photoUri": address})


def place_id(photo: WorldPhoto) -> str:
    return "ChIJ" + hashlib.sha256(photo.sequence.encode()).hexdigest()[:23]


def _error(code: int, status: str, message: str, details: list[dict[str, str]] | None = None) -> Response:
    error: dict[str, object] = {"code": code, "message": message, "status": status}
    return json_response({"error": {**error, "details": details} if details else error}, code)
