"""A world in; Flickr's search and pictures out, with its twelve hours, its 4,000, and fields text or missing."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from io import BytesIO

from PIL import Image

from provider.server import Asked, Response, jpeg_response, json_response
from provider.world import World, WorldPhoto

KEY = "flickr-canary-00112233445566778899aabb"
SIZES = ("url_z", "url_c", "url_l")
LETTERS = {"c": "url_c", "b": "url_l"}


@dataclass
class Flickr:
    """Each photo of the world is one photo; their licences are drawn from all seventeen.

    Args:
        world: where they are.
        key: the only one that is let in.
        gone: photos that were taken away since.
        most: results of a query that can be paged through; beyond, the last page comes again and again.
    """

    world: World
    key: str = KEY
    gone: set[str] = field(default_factory=set)
    most: int = 4000

    @cached_property
    def secrets(self) -> dict[str, WorldPhoto]:
        return {f"{photo.id}_{_hash(photo.id)[:10]}": photo for photo in self.world.all}

    def licence(self, photo: WorldPhoto) -> str:
        return str(int(_hash(photo.id + "licence")[:8], 16) % 17)

    def is_indoor(self, photo: WorldPhoto) -> bool:
        return self.world.lacks(photo, "indoor")

    def has_position(self, photo: WorldPhoto) -> bool:
        return not self.world.lacks(photo, "geo", 0.05)

    def accuracy(self, photo: WorldPhoto) -> int:
        return 11 if self.world.lacks(photo, "street") else 16

    def handle(self, request: Asked) -> Response | None:
        if request.path == "/services/rest/":
            return json_response(self._search(request))
        if request.path.startswith("/65535/"):
            name, _, letter = request.path.removeprefix("/65535/").removesuffix(".jpg").rpartition("_")
            photo = self.secrets.get(name)
            if photo is None or (letter != "z" and self.world.lacks(photo, LETTERS[letter])):
                return Response(b"", 404)
            if photo.id in self.gone:
                return Response(b"", 302, {"Location": request.base + "/pw/images/photo_unavailable.png"})
            return jpeg_response(self.world.picture(photo))
        return _unavailable() if request.path.endswith("photo_unavailable.png") else None

    def _search(self, request: Asked) -> dict[str, object]:
        asked = request.params
        if asked.get("api_key") != self.key:
            return {"stat": "fail", "code": 100, "message": "Invalid API Key (Key has invalid format)"}
        if asked.get("method") != "flickr.photos.search":
            return {"stat": "fail", "code": 112, "message": f'Method "{asked.get("method")}" not found'}
        found = self._matching(asked)
        per_page = min(int(asked.get("per_page", 100)), 250)
        last = max(1, -(-min(len(found), self.most) // per_page))
        page = min(int(asked.get("page", 1)), last)
        here = found[(page - 1) * per_page : min(page * per_page, self.most)]
        photos = {"page": page, "pages": last, "perpage": per_page, "photo": [self._record(photo) for photo in here]}
        # Once a number, once a text.
        return {"photos": {**photos, "total": str(len(found)) if len(found) % 2 else len(found)}, "stat": "ok"}

    def _matching(self, asked: dict[str, str]) -> list[WorldPhoto]:
        if "min_taken_date" not in asked and "min_upload_date" not in asked and "tags" not in asked:
            return []  # nothing was added within the last twelve hours
        early, late = asked.get("min_taken_date", "0"), asked.get("max_taken_date", "9")
        licences = asked.get("license", "").split(",")
        found = [
            photo
            for photo in self.world.near(float(asked["lat"]), float(asked["lon"]), float(asked["radius"]) * 1000 + 5)
            if early <= f"{photo.captured:%Y-%m-%d %H:%M:%S}" <= late and self.licence(photo) in licences
        ]
        return sorted(found, key=lambda photo: photo.captured)

    def _record(self, photo: WorldPhoto) -> dict[str, object]:
        here = self.has_position(photo)
        record: dict[str, object] = {
            "id": photo.id,
            "owner": owner(photo),
            "secret": _hash(photo.id)[:10],
            "server": "65535",
            "farm": 66,
            "title": "IMG_0001",
            "ispublic": 1,
            "isfriend": 0,
            "isfamily": 0,
            "license": self.licence(photo),
            "datetaken": f"{photo.captured:%Y-%m-%d %H:%M:%S}",
            "datetakengranularity": "0",
            "datetakenunknown": "1" if self.world.lacks(photo, "date") else "0",
            "ownername": photo.author,
            "tags": "street equirectangular" if photo.is_pano else "street",
            "latitude": f"{photo.lat:.6f}" if here else 0,
            "longitude": f"{photo.lon:.6f}" if here else 0,
            "accuracy": str(self.accuracy(photo)) if here else 0,
            "context": 1 if self.is_indoor(photo) else 0,
            **dict.fromkeys(SIZES, f"https://live.staticflickr.com/{photo.id}.jpg"),
        }
        for name in ("ownername", "tags", "datetakengranularity", "url_l", "url_c"):
            if self.world.lacks(photo, name):
                del record[name]
        return record


def owner(photo: WorldPhoto) -> str:
    return f"{int(_hash(photo.author)[:6], 16)}@N0{len(photo.author) % 10}"


def _unavailable() -> Response:
    file = BytesIO()
    Image.new("RGB", (500, 374), "white").save(file, "PNG")
    return Response(file.getvalue(), 200, {"Content-Type": "image/png"})


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
