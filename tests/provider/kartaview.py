"""A world in; both of KartaView's interfaces of it out, with what they leave out and how they refuse.

Traps: numbers as text; errors inside HTTP 200; version 2.0 that asks for a login, or times out where it is crowded, or
answers only when asked a second time; 150 photos a page at most; an ``apiCode`` that is text in version 1.0; storage
hosts that have gone; photos that are deleted or private; times without a zone; -1 for an unknown heading.
"""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from provider.server import Asked, Response, jpeg_response, json_response
from provider.world import World, WorldPhoto, distance_m

LARGEST_PAGE = 150


@dataclass
class KartaView:
    """``login``: whether version 2.0 asks for one; ``crowded``: photos above which a disc times out."""

    world: World
    login: bool = False
    crowded: int = 25
    page: int = LARGEST_PAGE
    asked: Counter[str] = field(default_factory=Counter)

    def handle(self, request: Asked) -> Response | None:
        match request.path.strip("/").split("/"):
            case ["2.0", "photo"] if request.method == "GET":
                return self._nearby_2(request)
            case ["1.0", "list", "nearby-photos"]:
                return self._nearby_1(request)
            case ["pr:sharp", name]:
                return self._picture(name)
        return None

    def _nearby_2(self, request: Asked) -> Response:
        params = request.params
        self.asked[request.address] += 1
        if self.login:
            return _status(401, "You have to be authenticated in order to make this request")
        if int(params.get("itemsPerPage", 40)) > LARGEST_PAGE:
            return _status(400, "The value of itemsPerPage is not valid")
        here = self._here(params)
        sleepy = bool(here) and self.world.lacks(here[0], "wakefulness") and self.asked[request.address] == 1
        if len(here) > self.crowded or sleepy:
            return _status(408, "Query timeout", 408 if len(here) % 2 else 200)
        if not here:
            return _status(601, "The request has an empty response")
        size, number = min(self.page, int(params["itemsPerPage"])), int(params.get("page", 1))
        shown = sorted(here, key=lambda photo: -int(photo.id))[(number - 1) * size : number * size]
        result = {"data": [self.item_2(photo) for photo in shown], "hasMoreData": len(here) > number * size}
        return json_response({"status": _good(600), "result": result})

    def _nearby_1(self, request: Asked) -> Response:
        if request.method != "POST" or "bbTopLeft" in request.form or not {"lat", "lng", "radius"} <= {*request.form}:
            return json_response({"status": _good("400") | {"httpCode": 400}}, 400)
        here = self._here(request.form)
        size, number = int(request.form.get("ipp", 20)), int(request.form.get("page", 1))
        shown = here[(number - 1) * size : number * size]
        items = [self.item_1(photo) for photo in shown]
        counted = {"totalFilteredItems": [str(len(here))]}
        return json_response({"status": _good("600"), "currentPageItems": items} | counted)

    def _here(self, params: Mapping[str, str]) -> list[WorldPhoto]:
        lat, lng, radius = (float(params[name]) for name in ("lat", "lng", "radius"))
        return [photo for photo in self.world.all if distance_m(photo.lat, photo.lon, lat, lng) <= radius]

    def _picture(self, name: str) -> Response | None:
        stored = base64.urlsafe_b64decode(name + "=" * (-len(name) % 4)).decode()
        photo = self.world.by_id.get(stored.rsplit("/", 1)[-1].split("_")[0])
        if photo is None or (self.world.lacks(photo, "large picture") and "proc/" in stored):
            return Response(b"", 404)
        return jpeg_response(self.world.picture(photo))

    def private(self, photo: WorldPhoto) -> bool:
        return self.world.lacks(photo, "public", 0.05)

    def item_2(self, photo: WorldPhoto) -> dict[str, Any]:
        base = {"id": photo.id, "lat": f"{photo.lat:.7f}", "lng": f"{photo.lon:.7f}"}
        told = {
            "heading": "-1" if self.world.lacks(photo, "compass") else f"{photo.heading_deg}",
            "shotDate": f"{photo.captured:%Y-%m-%d %H:%M:%S}.000",
            "sequenceIndex": str(photo.frame),
            "distance": "12.5",
            "width": "1920",
            "projection": None,
        }
        told = {name: value for name, value in told.items() if not self.world.lacks(photo, name)}
        state = {"status": "active", "visibility": "private" if self.private(photo) else "public"}
        whole = {"projection": "SPHERE", "fieldOfView": "360"} if photo.is_pano else {"projection": "PLANE"}
        sequence = {"id": str(1000 + photo.place), "userId": str(50 + photo.place % 7), "countryCode": "XX"}
        owned = {"sequence": sequence} if not self.world.lacks(photo, "sequence") else {"sequence": None}
        return base | told | state | whole | owned | self._pictures(photo)

    def _pictures(self, photo: WorldPhoto) -> dict[str, str]:
        urls = {"fileurlProc": self._stored(photo, "proc"), "fileurlLTh": self._stored(photo, "lth")}
        proxied = base64.b64encode(self._stored(photo, "wrapped_proc").encode()).decode().rstrip("=")
        told = {"imageProcUrl": f"https://cdn.kartaview.org/pr:sharp/{proxied}"}
        return urls if self.world.lacks(photo, "imageProcUrl", 0.5) else urls | told

    def item_1(self, photo: WorldPhoto) -> dict[str, Any]:
        told = {
            "heading": f"{photo.heading_deg}",
            "shot_date": f"{photo.captured:%Y-%m-%d %H:%M:%S}",
            "username": photo.author,
            "sequence_id": str(1000 + photo.place),
            "sequence_index": str(photo.frame),
            "lth_name": self._path(photo, "lth"),
        }
        told = {name: value for name, value in told.items() if not self.world.lacks(photo, name)}
        base = {"id": photo.id, "lat": f"{photo.lat:.7f}", "lng": f"{photo.lon:.7f}"}
        return base | told | {"name": self._path(photo, "proc"), "date_added": "2024-01-01 00:00:00"}

    def _path(self, photo: WorldPhoto, folder: str) -> str:
        return f"storage{photo.place % 14}/files/photo/2022/10/6/{folder}/{photo.id}_{photo.frame:04d}.jpg"

    def _stored(self, photo: WorldPhoto, folder: str) -> str:
        storage, rest = self._path(photo, folder).split("/", 1)
        return f"https://{storage}.openstreetcam.org/{rest}"


def _good(code: int | str) -> dict[str, Any]:
    return {"apiCode": code, "apiMessage": "The request has been processed without incidents", "httpCode": 200}


def _status(code: int, message: str, http: int = 200) -> Response:
    return json_response({"status": {"apiCode": code, "apiMessage": message, "httpCode": code}}, http)
