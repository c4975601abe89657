"""A world in; Street View's metadata and pictures out, with users' and indoor panoramas, tired moments, grey tiles."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from io import BytesIO
from urllib.parse import urlencode

from PIL import Image, ImageDraw

from provider.server import Asked, Response, jpeg_response, json_response
from provider.world import World, WorldPhoto, distance_m

KEY = "AIzaSyCanary-Street-View-0123456789abcde"
SECRET = "vNIXE0xscrmjlyV-12Nj_BvUPaw="  # of Google's own example


@dataclass
class GoogleStreetView:
    """Each photo of the world is one panorama.

    Args:
        world: where they are.
        key: the only one that is let in.
        secret: requests have to be signed with it; empty: need not be.
        user_made: share of panoramas that users put there.
        indoor: share that shows rooms.
        weary: share of metadata questions whose first answer is OVER_QUERY_LIMIT or UNKNOWN_ERROR.
        renamed: panoramas that have another id by now; of some places nothing is left: the empty id.
    """

    world: World
    key: str = KEY
    secret: str = ""
    user_made: float = 0.1
    indoor: float = 0.1
    weary: float = 0.1
    renamed: dict[str, str] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)

    @cached_property
    def panoramas(self) -> dict[str, WorldPhoto]:
        return {panorama_id(photo): photo for photo in self.world.all}

    def handle(self, request: Asked) -> Response | None:
        if request.path == "/maps/api/streetview/metadata":
            return json_response(self._metadata(request))
        return self._picture(request) if request.path == "/maps/api/streetview" else None

    def is_users(self, photo: WorldPhoto) -> bool:
        return self.world.lacks(photo, "google", self.user_made)

    def is_indoor(self, photo: WorldPhoto) -> bool:
        return self.world.lacks(photo, "outdoor", self.indoor)

    def _metadata(self, request: Asked) -> dict[str, object]:
        self.asked[request.address] += 1
        if denied := self._denied(request):
            return {"error_message": denied, "status": "REQUEST_DENIED"}
        draw = int(hashlib.sha256(request.address.encode()).hexdigest()[:8], 16) / 2**32
        if self.asked[request.address] == 1 and draw < self.weary:
            return {"status": "OVER_QUERY_LIMIT" if draw < self.weary / 2 else "UNKNOWN_ERROR"}
        if "pano" not in request.params and "location" not in request.params:
            return {"status": "INVALID_REQUEST"}
        panorama = self._panorama(request)
        return self._record(panorama) if panorama else {"status": "ZERO_RESULTS"}

    def _denied(self, request: Asked) -> str:
        if request.params.get("key") != self.key:
            return "The provided API key is invalid. "
        if not self.secret:
            return ""
        rest = [(name, value) for name, value in request.query if name != "signature"]
        signed = hmac.new(base64.urlsafe_b64decode(self.secret), b"", hashlib.sha1)
        signed.update(f"{request.path}?{urlencode(rest)}".encode())
        right = base64.urlsafe_b64encode(signed.digest()).decode()
        return "" if request.params.get("signature") == right else "The provided signature is wrong. "

    def _panorama(self, request: Asked) -> str:
        """The id that a request means, as it is today."""
        if "pano" in request.params:
            there = (set(self.panoramas) - set(self.renamed)) | set(filter(None, self.renamed.values()))
            return request.params["pano"] if request.params["pano"] in there else ""
        lat, lon = (float(part) for part in request.params["location"].split(","))
        near = [
            (distance_m(lat, lon, photo.lat, photo.lon), name)
            for name, photo in self.panoramas.items()
            if self.renamed.get(name, name)
            and not (request.params.get("source") == "outdoor" and self.is_indoor(photo))
        ]
        metres, name = min(near, default=(float("inf"), ""))
        return self.renamed.get(name, name) if metres <= float(request.params.get("radius", 50)) else ""

    def _photo(self, panorama: str) -> WorldPhoto:
        old = {new: old for old, new in self.renamed.items()}
        return self.panoramas[old.get(panorama, panorama)]

    def _record(self, panorama: str) -> dict[str, object]:
        photo = self._photo(panorama)
        record: dict[str, object] = {
            "copyright": f"© {photo.author}" if self.is_users(photo) else "© Google",
            "date": f"{photo.captured:%Y-%m}",
            "location": {"lat": photo.lat, "lng": photo.lon},
            "pano_id": panorama,
            "status": "OK",
        }
        if self.world.lacks(photo, "date"):
            del record["date"]
        return record

    def _picture(self, request: Asked) -> Response:
        with_code = request.params.get("return_error_code") == "true"
        if self._denied(request):
            return Response(
                b"The Google Maps Platform server rejected your request.", 403, {"Content-Type": "text/plain"}
            )
        size = request.params.get("size", "").split("x")
        if len(size) != 2 or not all(side.isdigit() and 0 < int(side) <= 640 for side in size):
            return Response(b"Invalid 'size'", 400, {"Content-Type": "text/plain"})
        panorama = self._panorama(request)
        if not panorama:
            return Response(b"", 404) if with_code else jpeg_response(grey_tile(int(size[0])))
        heading_deg = float(request.params.get("heading", 0))
        return jpeg_response(self.world.looking(self._photo(panorama), heading_deg))


def panorama_id(photo: WorldPhoto) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(photo.id.encode()).digest()[:16]).decode().rstrip("=")


@lru_cache
def grey_tile(size_px: int) -> bytes:
    """What Google sends with HTTP 200 where it has nothing and was not asked for an error."""
    tile = Image.new("RGB", (size_px, size_px), (228, 227, 223))
    ImageDraw.Draw(tile).text((size_px // 4, size_px // 2), "Sorry, we have no imagery here.", fill=(110, 110, 110))
    file = BytesIO()
    tile.save(file, "JPEG", quality=85)
    return file.getvalue()
