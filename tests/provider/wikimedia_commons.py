"""A world in; Commons' search by place and pictures out: 500 at most, in pieces, with maps, drawings, odd authors."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property

from provider.server import Asked, Response, jpeg_response, json_response
from provider.world import World, WorldPhoto

KINDS = (
    ("image/jpeg", "Streets in {city}|CC-BY-SA-4.0|Pages with maps"),
    ("image/jpeg", "Buildings in {city}"),
    ("image/jpeg", "Old maps of {city}"),
    ("image/jpeg", "Interiors of churches in {city}"),
    ("image/svg+xml", "Logos of {city}"),
    ("application/pdf", "Plans of {city}"),
)
SHARES = (0.5, 0.75, 0.8, 0.85, 0.9, 1.0)
LICENCES = ("CC BY-SA 4.0", "CC BY 2.0", "CC0", "Public domain", "CC BY-SA 3.0 de")


@dataclass
class WikimediaCommons:
    """Each photo of the world is one file.

    Args:
        world: where they are.
        most: files in one answer; Commons' own is 500.
        piece: files whose details come in one reply, the others with its continuation.
        lagging: share of questions whose first answer is that the databases lag behind.
    """

    world: World
    most: int = 500
    piece: int = 50
    lagging: float = 0.1
    asked: Counter[str] = field(default_factory=Counter)

    @cached_property
    def by_page(self) -> dict[int, WorldPhoto]:
        return {page_of(photo): photo for photo in self.world.all}

    def kind(self, photo: WorldPhoto) -> tuple[str, str]:
        draw = int(_hash(photo.id + "kind")[:8], 16) / 2**32
        mime, categories = KINDS[next(number for number, share in enumerate(SHARES) if draw < share)]
        return mime, categories.format(city=photo.city)

    def licence(self, photo: WorldPhoto) -> str:
        return LICENCES[int(_hash(photo.id + "licence")[:8], 16) % len(LICENCES)]

    def has_camera(self, photo: WorldPhoto) -> bool:
        return not self.world.lacks(photo, "camera", 0.05)

    def handle(self, request: Asked) -> Response | None:
        if request.path == "/w/api.php":
            return self._api(request)
        if request.path.startswith("/wikipedia/commons/"):
            photo = self.by_page.get(int(request.path.split("/")[-2]))
            return Response(b"", 404) if photo is None else jpeg_response(self.world.picture(photo))
        return None

    def _api(self, request: Asked) -> Response:
        agent = request.headers.get("user-agent", "")
        if "(" not in agent or not ("@" in agent or "http" in agent):
            return Response(
                b"Please set a user-agent and respect our robot policy.", 403, {"Content-Type": "text/plain"}
            )
        self.asked[request.address] += 1
        draw = int(_hash(request.address)[:8], 16) / 2**32
        if self.asked[request.address] == 1 and draw < self.lagging:
            error = {"code": "maxlag", "info": "Waiting for a database server: 6 seconds lagged.", "lag": 6}
            return json_response({"error": error}, headers={"Retry-After": "5"})
        return json_response(self._answer(request))

    def _answer(self, request: Asked) -> dict[str, object]:
        found = self._found(request)
        start = int(request.params.get("iicontinue", "0|x").split("|")[0])
        pages = [self._page(photo, request, start <= number < start + self.piece) for number, photo in enumerate(found)]
        answer: dict[str, object] = {"query": {"pages": pages}} if pages else {"batchcomplete": True}
        if start + self.piece < len(found):
            answer["continue"] = {"iicontinue": f"{start + self.piece}|File", "continue": "||coordinates"}
        return answer

    def _found(self, request: Asked) -> list[WorldPhoto]:
        """Those in the disc or box, as many as an answer holds; nothing says that there were more."""
        asked = request.params
        if asked.get("generator") != "geosearch" or asked.get("ggsnamespace") != "6":
            return []
        if "ggscoord" in asked:
            lat, lon = (float(part) for part in asked["ggscoord"].split("|"))
            found = self.world.near(lat, lon, float(asked["ggsradius"]))
        else:
            top, left, bottom, right = (float(part) for part in asked["ggsbbox"].split("|"))
            found = self.world.within(left, bottom, right, top)
        return found[: min(self.most, int(asked.get("ggslimit", 10)))]

    def _page(self, photo: WorldPhoto, request: Asked, whole: bool) -> dict[str, object]:
        page: dict[str, object] = {"pageid": page_of(photo), "ns": 6, "title": f"File:Street {photo.id}.jpg"}
        # Where the thing shown stands is another place, and may be all that is known.
        page["coordinates"] = [
            {"lat": photo.lat + 0.001, "lon": photo.lon, "primary": False, "type": "object", "globe": "earth"}
        ]
        if self.has_camera(photo):
            camera = {"lat": photo.lat, "lon": photo.lon, "primary": True, "type": "camera", "globe": "earth"}
            page["coordinates"] = [camera, *page["coordinates"]]  # type: ignore[misc]
        if whole:
            page["imageinfo"] = [self._info(photo, request)]
        return page

    def _info(self, photo: WorldPhoto, request: Asked) -> dict[str, object]:
        mime, categories = self.kind(photo)
        width = request.params.get("iiurlwidth", "100")
        return {
            "user": f"Uploader of {photo.author}",
            "size": 3_456_789,
            "width": 4000,
            "height": 2000 if photo.is_pano else 3000,
            "mime": mime,
            "thumburl": f"{request.base}/wikipedia/commons/thumb/a/ab/{page_of(photo)}/{width}px-Street.jpg",
            "url": f"{request.base}/wikipedia/commons/a/ab/{page_of(photo)}/Street.jpg",
            "descriptionurl": f"https://commons.wikimedia.org/wiki/File:Street_{photo.id}.jpg",
            "extmetadata": self._said(photo, categories) or [],
        }

    def _said(self, photo: WorldPhoto, categories: str) -> dict[str, object]:
        if self.world.lacks(photo, "extmetadata", 0.03):
            return {}  # which PHP then writes as a list
        said = {
            "Artist": f'<a href="//commons.wikimedia.org/wiki/User:X" title="User:X">{_escaped(photo.author)}</a>',
            "LicenseShortName": self.licence(photo),
            "DateTimeOriginal": f"{photo.captured:%Y-%m-%d %H:%M:%S}",
            "Categories": categories + ("|Equirectangular 360° panoramas" if photo.is_pano else ""),
            "Credit": '<span class="int-own-work" lang="en">Own work</span>',
        }
        for name in ("Artist", "LicenseShortName", "DateTimeOriginal", "Credit"):
            if self.world.lacks(photo, name, 0.05):
                del said[name]
        return {name: {"value": value, "source": "commons-desc-page"} for name, value in said.items()}


def page_of(photo: WorldPhoto) -> int:
    return int(_hash(photo.id)[:7], 16)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
