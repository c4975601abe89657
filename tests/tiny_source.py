"""A provider in memory: photos on a grid round a centre, drawn as noise; it fails, waits and forgets as told."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from types import MappingProxyType, SimpleNamespace

import numpy as np
from PIL import Image

from flaneur.area import Disc
from flaneur.collect.order import Errand, Order
from flaneur.collect.run import Collected, collect
from flaneur.errors import PhotoError
from flaneur.geo import distance_km
from flaneur.protocols import Candidate, Terms, View, Wish
from flaneur.types import City, Location

CENTRES = {"north": (48.0, 2.0), "south": (-33.0, 151.0)}
RADIUS_KM = 1.0


class TinySource:
    """Photos every ``step_m`` metres.

    Args:
        step_m: of the grid, somewhat shaken.
        pause_s: most that a request takes; drawn anew each time, so that threads overtake one another.
        refused: share of photos that show nothing, by key.
        may_store: whether pixels may be kept.
    """

    KEY = None
    LIMITS = MappingProxyType({})
    BASES = MappingProxyType({})
    RADIUS_M = 120.0
    RENDERS = True

    def __init__(self, step_m: float = 90.0, *, pause_s: float = 0.0, refused: float = 0.0, may_store: bool = True):
        self.TERMS = Terms(
            "Tiny", "CC0-1.0", "{author}, {page_url}", may_store, "Allowed.", "https://example.org/terms", "2026-11-21"
        )
        self.pause_s, self.refused = pause_s, refused
        self.asked: Counter[tuple[float, float]] = Counter()
        self.fetched: Counter[str] = Counter()
        self.trouble: Callable[[str], None] = lambda _: None
        self.lock = threading.Lock()
        rng = np.random.default_rng(7)
        lats, lons, self.cities = [], [], []
        for name, (lat, lon) in CENTRES.items():
            steps = np.arange(-1300, 1301, step_m)
            north, east = (axis.ravel() for axis in np.meshgrid(steps, steps))
            north, east = north + rng.uniform(-30, 30, north.size), east + rng.uniform(-30, 30, east.size)
            lats += (lat + north / 111_195).tolist()
            lons += (lon + east / (111_195 * np.cos(np.radians(lat)))).tolist()
            self.cities += [name] * north.size
        self.points = np.array([lats, lons]).T

    def near(self, spot: Location, radius_m: float, wish: Wish, client: SimpleNamespace) -> list[Candidate]:
        with self.lock:
            self.asked[(spot.lat, spot.lon)] += 1
        self._wait()
        self.trouble("near")
        away = distance_km(self.points, np.array([[spot.lat, spot.lon]])) * 1000
        return [self.candidate(int(index)) for index in np.flatnonzero(away <= radius_m)]

    def candidate(self, index: int) -> Candidate:
        key = f"p{index:05d}"
        lat, lon = self.points[index].tolist()
        return Candidate(
            key, Location(lat, lon), "Ada", "CC0-1.0", f"https://example.org/{key}", heading_deg=index % 360,
            captured="2020-05-01", sequence=f"s{index // 9}", facts={"index": str(index)},
        )  # fmt: skip

    def fetch(self, candidate: Candidate, wish: Wish, client: SimpleNamespace) -> list[tuple[View, bytes]]:
        with self.lock:
            self.fetched[candidate.key] += 1
        self._wait()
        self.trouble(candidate.key)
        if random.Random(candidate.key).random() < self.refused:
            raise PhotoError("not_found", f"{candidate.key}: gone.")
        index = int(candidate.facts["index"])
        return [(view, picture(index * 10 + number)) for number, view in enumerate(wish.directions(candidate.key))]

    @property
    def requests(self) -> int:
        return sum(self.asked.values()) + sum(self.fetched.values())

    def _wait(self) -> None:
        if self.pause_s:
            time.sleep(random.uniform(0, self.pause_s))

    @contextmanager
    def client(self) -> Iterator[SimpleNamespace]:
        yield SimpleNamespace(dropped=Counter(), stop=lambda: None)


def order(source: TinySource, count: int = 12, cities: tuple[str, ...] = ("north", "south"), **more) -> Order:
    wish = Wish(**{name: more.pop(name) for name in ("views", "seed", "panoramas") if name in more})
    tries = more.pop("tries", 0)
    errands = tuple(
        Errand(City(name, f"The {name.title()}", "PT"), Disc(Location(*CENTRES[name]), RADIUS_KM), count, tries)
        for name in cities
    )
    return Order("tiny", source, errands, wish, **more)


def run(source: TinySource, root, count: int = 12, **more) -> Collected:
    return collect(order(source, count, **more), root, name="d", open_client=source.client)


def results(root: Path) -> int:
    """How many the journal of a collection holds."""
    journal = root / "collect" / "tiny.jsonl"
    return journal.read_bytes().count(b'"is":"result"') if journal.is_file() else 0


@lru_cache(maxsize=4000)
def picture(number: int) -> bytes:
    pixels = np.random.default_rng(number).integers(0, 255, (12, 16, 3), np.uint8)
    out = BytesIO()
    Image.fromarray(pixels).resize((64, 48), Image.Resampling.BICUBIC).save(out, "JPEG")
    return out.getvalue()
