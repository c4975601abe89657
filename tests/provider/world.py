"""City centres and a seed in; photos that lie there out, with drawn pictures that a model can be trained on.

    world = World({"london-gb": (51.507, -0.128), "rome-it": (41.893, 12.483)}, photos=60)

Every provider file maps one ``World`` to that provider's replies, so that the same world can be collected from each.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property, lru_cache
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from flaneur.dataset.toy_scene import View, draw_scene
from flaneur.dataset.toy_styles import STYLES

METRES_PER_DEGREE = 111_195.0  # of a sphere of 6,371.0088 km
_AUTHORS = ("ada", "björn_k", "Chidi Okafor", "地図の人", "dashcam-7", "O'Neill, M.", "zoë <z@example.org>")
_STREET_M = 18.0  # from one photo of a drive to the next
_DRIVE = 6  # photos


@dataclass(frozen=True)
class WorldPhoto:
    """One photo. ``captured`` is UTC; ``heading_deg`` is where the camera (a panorama's middle) looks."""

    id: str
    city: str
    style: int
    lat: float
    lon: float
    heading_deg: float
    bearing_deg: float
    captured: datetime
    sequence: str
    author: str
    is_pano: bool
    place: int
    frame: int

    @property
    def captured_ms(self) -> int:
        return int(self.captured.timestamp() * 1000)


@dataclass(frozen=True)
class World:
    """Photos round some centres.

    Args:
        centres: latitude and longitude by the city's name; the first is drawn in the first toy style, and so on.
        photos: of each city.
        seed: of everything.
        radius_km: they lie within this of the centre, drives (some photos, 18 m apart) evenly by area.
        panoramas: share of drives that are panoramas.
        size_px: width of the pictures, that are three quarters as high; panoramas are twice as wide as high.
    """

    centres: Mapping[str, tuple[float, float]]
    photos: int = 60
    seed: int = 0
    radius_km: float = 2.0
    panoramas: float = 0.0
    size_px: int = 160

    @cached_property
    def all(self) -> tuple[WorldPhoto, ...]:
        """Every photo, ordered by ``id``."""
        found = [photo for style, city in enumerate(self.centres) for photo in self._city(style, city)]
        return tuple(sorted(found, key=lambda photo: photo.id))

    @cached_property
    def by_id(self) -> dict[str, WorldPhoto]:
        return {photo.id: photo for photo in self.all}

    @cached_property
    def _positions(self) -> NDArray[np.float64]:
        """Latitude and longitude of each photo, ``[2, N]``."""
        return np.array([(photo.lat, photo.lon) for photo in self.all]).T

    def near(self, lat: float, lon: float, radius_m: float) -> list[WorldPhoto]:
        """Photos within so many metres, ordered by ``id``."""
        reach = radius_m / METRES_PER_DEGREE * 1.01
        rows = np.flatnonzero(np.abs(self._positions[0] - lat) <= reach)
        there = (self.all[row] for row in rows)
        return [photo for photo in there if distance_m(photo.lat, photo.lon, lat, lon) <= radius_m]

    def within(self, west: float, south: float, east: float, north: float) -> list[WorldPhoto]:
        """Photos in a box, ordered by ``id``; a box across the date line has ``west > east``."""
        lat, lon = self._positions
        between = (west <= lon) & (lon <= east) if west <= east else (lon >= west) | (lon <= east)
        return [self.all[row] for row in np.flatnonzero(between & (south <= lat) & (lat <= north))]

    def lacks(self, photo: WorldPhoto, what: str, share: float = 0.1) -> bool:
        """Whether an optional field is missing from this photo's record: drawn by photo and field, always the same."""
        return random.Random(f"{self.seed} {photo.id} {what}").random() < share

    def picture(self, photo: WorldPhoto) -> bytes:
        """The photo's JPEG: of a panorama an equirectangular one."""
        draw = _panorama if photo.is_pano else _perspective
        return draw(self.seed, photo, photo.heading_deg, self.size_px)

    def looking(self, photo: WorldPhoto, heading_deg: float, size_px: int | None = None) -> bytes:
        """A JPEG from the same spot in another direction, as a provider renders it that has panoramas."""
        return _perspective(self.seed, photo, heading_deg, size_px or self.size_px)

    def _city(self, style: int, city: str) -> list[WorldPhoto]:
        rng = np.random.default_rng([self.seed, style])
        centre_lat, centre_lon = self.centres[city]
        found: list[WorldPhoto] = []
        drive = 0
        while len(found) < self.photos:
            reach_m = max(0.0, self.radius_km * 1000 - _DRIVE * _STREET_M)
            away, towards = reach_m * math.sqrt(rng.random()), rng.uniform(0, 2 * math.pi)
            bearing = float(rng.uniform(0, 360))
            start = datetime(2016, 1, 1, tzinfo=UTC) + timedelta(seconds=int(rng.integers(0, 9 * 365 * 86_400)))
            author = _AUTHORS[int(rng.integers(len(_AUTHORS)))]
            is_pano = bool(rng.random() < self.panoramas)
            for frame in range(min(_DRIVE, self.photos - len(found))):
                north = away * math.cos(towards) + frame * _STREET_M * math.cos(math.radians(bearing))
                east = away * math.sin(towards) + frame * _STREET_M * math.sin(math.radians(bearing))
                lon = centre_lon + east / (METRES_PER_DEGREE * math.cos(math.radians(centre_lat)))
                found.append(
                    WorldPhoto(
                        id=str(10**14 + int(rng.integers(10**14)) * 8 + style),
                        city=city,
                        style=style % len(STYLES),
                        lat=round(centre_lat + north / METRES_PER_DEGREE, 7),
                        lon=round((lon + 180) % 360 - 180, 7),
                        heading_deg=round((bearing + float(rng.normal(0, 20))) % 360, 2),
                        bearing_deg=bearing,
                        captured=start + timedelta(seconds=2 * frame),
                        sequence=f"s{self.seed}-{style}-{drive:04d}",
                        author=author,
                        is_pano=is_pano,
                        place=drive,
                        frame=frame,
                    )
                )
            drive += 1
        return found


def distance_m(lat: float, lon: float, other_lat: float, other_lon: float) -> float:
    """Great-circle metres (haversine), across the date line too; the tests' own, not flaneur's."""
    one, two = math.radians(lat), math.radians(other_lat)
    across = math.sin(math.radians(other_lon - lon) / 2) ** 2
    half = math.sin((two - one) / 2) ** 2 + math.cos(one) * math.cos(two) * across
    return 2 * 6_371_008.8 * math.asin(min(1.0, math.sqrt(half)))


@lru_cache(maxsize=2000)
def _perspective(seed: int, photo: WorldPhoto, heading_deg: float, size_px: int) -> bytes:
    return _jpeg(_scene(seed, photo, heading_deg, size_px))


@lru_cache(maxsize=500)
def _panorama(seed: int, photo: WorldPhoto, heading_deg: float, size_px: int) -> bytes:
    """Four scenes side by side, between the colours of sky and road: good enough to cut views from."""
    side = size_px // 2
    style = STYLES[photo.style]
    canvas = Image.new("RGB", (4 * side, 2 * side), style.sky[0])
    canvas.paste(style.road, (0, side, 4 * side, 2 * side))
    for quarter in range(4):
        scene = _scene(seed, photo, heading_deg + (quarter - 1.5) * 90, side)
        canvas.paste(scene, (quarter * side, side - scene.height // 2))
    return _jpeg(canvas)


def _scene(seed: int, photo: WorldPhoto, heading_deg: float, size_px: int) -> Image.Image:
    # A drawn street looks like one only to the front: other directions are folded to 60° left and right of it.
    yaw = (heading_deg - photo.bearing_deg + 60) % 120 - 60
    view = View(yaw_deg=yaw, month=photo.captured.month, dashcam=photo.place % 2 == 1, size_px=max(64, size_px))
    houses = np.random.default_rng([seed, photo.style, photo.place, photo.frame])
    moment = np.random.default_rng([seed, photo.style, photo.place, photo.frame, int(heading_deg * 100) % 36_000])
    scene = draw_scene(STYLES[photo.style], view, houses, moment)
    return scene if scene.width == size_px else scene.resize((size_px, size_px * 3 // 4))


def _jpeg(image: Image.Image) -> bytes:
    file = BytesIO()
    image.save(file, "JPEG", quality=85)
    return file.getvalue()
