"""A seed in; a folder of drawn street photos with positions, headings, places and a few bad files out.

The scenes are drawn, no camera was there. The cities lie in the open Atlantic, where none is.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from flaneur.dataset.toy_scene import View, draw_scene
from flaneur.dataset.toy_styles import STYLES
from flaneur.errors import UsageError
from flaneur.files import write_text
from flaneur.types import slugify

COLUMNS = ("file", "city", "lat", "lon", "heading", "captured", "place", "sequence", "project")
PROJECTS = ("walkers", "dashcams")
_KM_PER_DEGREE = 111.2
_STREET_GAP_KM = 1.1  # streets of a city lie so far apart that several fall in cells of their own
_PLACE_GAP_M = 80.0
_YAWS_DEG = (0.0, -38.0, 38.0, 18.0, -18.0, 55.0, -55.0, 8.0)
_MOST_VIEWS = 40  # five rounds of the eight directions


@dataclass(frozen=True, slots=True, kw_only=True)
class ToyWorld:
    """What to draw.

    Args:
        seed: equal seed, equal bytes.
        cities: 2 to 8.
        places_per_city: standpoints; some three to a street.
        views: photos of each place, 1 to 40; after eight directions come others close to them.
        size_px: width of the photos; they are three quarters as high.
        near_duplicates: photos that are there again, cropped by a hair and saved again, under another name.
        blank: grey "no imagery" tiles.
        corrupt: files that are no photo, or half of one.

    Raises:
        UsageError: a number outside its range.
    """

    seed: int = 0
    cities: int = 5
    places_per_city: int = 24
    views: int = 3
    size_px: int = 320
    near_duplicates: int = 6
    blank: int = 4
    corrupt: int = 4

    def __post_init__(self) -> None:
        limits = {
            "seed": (0, 2**32 - 1),
            "cities": (2, len(STYLES)),
            "places_per_city": (1, 10_000),
            "views": (1, _MOST_VIEWS),
            "size_px": (64, 1024),
            "near_duplicates": (0, 1000),
            "blank": (0, 1000),
            "corrupt": (0, 1000),
        }
        for name, (low, high) in limits.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise UsageError(f"ToyWorld: {name} is {value}; it must be {low} to {high}.")


@dataclass(frozen=True, slots=True)
class _Place:
    city: int
    number: int
    lat: float
    lon: float
    bearing_deg: float
    captured: str
    sequence: str
    project: str


_Row = dict[str, str]


def draw_toy_cities(folder: Path, world: ToyWorld) -> Path:
    """Draw a world of toy cities.

    Args:
        folder: where to; made if need be. Photos go to ``CITY/NAME.jpg`` in it.
        world: what to draw.

    Returns:
        The table ``photos.csv`` in that folder: file, city, lat, lon, heading (degrees), captured (``2021-07``), place,
        sequence, project. The importer for folders reads it.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     table = draw_toy_cities(Path(folder), ToyWorld(cities=2, places_per_city=1, views=1, size_px=64, blank=0))
    ...     print(table.read_text().splitlines()[1])
    aldmoor/p000-0.jpg,aldmoor,38.006243,-40.005085,14.8,2018-01,aldmoor-p000,aldmoor-s00,walkers
    """
    rows: list[_Row] = []
    for place in _places(world):
        for view in range(world.views):
            data, row = _photo(world, place, view)
            _write(folder / row["file"], data)
            rows.append(row)
    for data, row in _oddities(world, rows, folder):
        _write(folder / row["file"], data)
        rows.append(row)
    lines = [",".join(COLUMNS), *(",".join(row.get(name, "") for name in COLUMNS) for row in rows)]
    table = folder / "photos.csv"
    write_text(table, "\n".join(lines) + "\n")
    return table


def toy_city_names(count: int) -> tuple[str, ...]:
    """Names for people of the first cities.

    >>> toy_city_names(2)
    ('Aldmoor', 'Port Serein')
    """
    return tuple(style.name for style in STYLES[:count])


def contact_sheet(table: Path, *, columns: int = 4, width_px: int = 240) -> Image.Image:
    """A picture of the world at a glance: one row a city, the first view of some places.

    Args:
        table: what :func:`draw_toy_cities` returned.
        columns: photos a row.
        width_px: of each photo.

    Returns:
        RGB.
    """
    with table.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["place"] and row["file"].endswith("-0.jpg")]
    cities = list(dict.fromkeys(row["city"] for row in rows))
    height_px, gap = width_px * 3 // 4, 4
    sheet = Image.new("RGB", (columns * (width_px + gap) - gap, len(cities) * (height_px + gap) - gap), "white")
    for line, city in enumerate(cities):
        shown = [row["file"] for row in rows if row["city"] == city][:columns]
        for column, name in enumerate(shown):
            with Image.open(table.parent / name) as photo:
                tile = photo.resize((width_px, height_px), Image.Resampling.LANCZOS)
            sheet.paste(tile, (column * (width_px + gap), line * (height_px + gap)))
    return sheet


def _places(world: ToyWorld) -> Iterator[_Place]:
    for city in range(world.cities):
        rng = np.random.default_rng([world.seed, city])
        centre = (38.0 - 1.5 * (city % 3), -40.0 + 4.0 * (city // 3))
        streets = max(3, round(world.places_per_city / 3))
        side = math.ceil(math.sqrt(streets))
        corners = rng.permutation(side * side)[:streets]
        starts = [(int(c) // side - (side - 1) / 2, int(c) % side - (side - 1) / 2) for c in corners]
        plans = [(float(rng.uniform(0, 360)), f"{rng.integers(2018, 2025)}-{rng.integers(1, 13):02d}") for _ in starts]
        for number in range(world.places_per_city):
            street, step = number % streets, number // streets
            bearing, captured = plans[street]
            along = (step * _PLACE_GAP_M + rng.uniform(-8, 8)) / 1000
            jitter = rng.uniform(-0.15, 0.15, 2)
            if step == 0:
                starts[street] = (starts[street][0] + jitter[0], starts[street][1] + jitter[1])
            north = starts[street][0] * _STREET_GAP_KM + along * math.cos(math.radians(bearing))
            east = starts[street][1] * _STREET_GAP_KM + along * math.sin(math.radians(bearing))
            yield _Place(
                city=city,
                number=number,
                lat=centre[0] + north / _KM_PER_DEGREE,
                lon=centre[1] + east / (_KM_PER_DEGREE * math.cos(math.radians(centre[0]))),
                bearing_deg=bearing,
                captured=captured,
                sequence=f"{slugify(STYLES[city].name)}-s{street:02d}",
                project=PROJECTS[street % len(PROJECTS)],
            )


def _yaw_deg(number: int) -> float:
    """Direction of a view, from that of the street.

    >>> [_yaw_deg(number) for number in (1, 9, 17)]
    [-38.0, -34.5, -31.0]
    """
    again, first = divmod(number, len(_YAWS_DEG))
    return _YAWS_DEG[first] + 3.5 * again


def _photo(world: ToyWorld, place: _Place, number: int) -> tuple[bytes, _Row]:
    style = STYLES[place.city]
    slug = slugify(style.name)
    view = View(
        yaw_deg=_yaw_deg(number),
        month=int(place.captured[-2:]),
        dashcam=place.project == "dashcams",
        size_px=world.size_px,
    )
    # The place's own generator starts afresh for each view: the same houses from three sides.
    houses = np.random.default_rng([world.seed, place.city, place.number, 0])
    moment = np.random.default_rng([world.seed, place.city, place.number, 1 + number])
    image = draw_scene(style, view, houses, moment)
    row = {
        "file": f"{slug}/p{place.number:03d}-{number}.jpg",
        "city": slug,
        "lat": f"{place.lat:.6f}",
        "lon": f"{place.lon:.6f}",
        "heading": f"{(place.bearing_deg + view.yaw_deg) % 360:.1f}",
        "captured": place.captured,
        "place": f"{slug}-p{place.number:03d}",
        "sequence": place.sequence,
        "project": place.project,
    }
    return _jpeg(image, int(moment.integers(80, 95))), row


def _oddities(world: ToyWorld, rows: list[_Row], folder: Path) -> Iterator[tuple[bytes, _Row]]:
    """What real folders hold too: copies without a position, tiles without imagery, files that do not open."""
    rng = np.random.default_rng([world.seed, 10_000])
    photos = list(rows)
    for number in range(world.near_duplicates):
        row = photos[int(rng.integers(len(photos)))]
        with Image.open(folder / row["file"]) as image:
            width, height = image.size
            cut = max(1, width // 160)
            copy = image.crop((cut, cut, width - cut, height - cut)).resize((width, height), Image.Resampling.BICUBIC)
        odd = {"file": f"{row['city']}/copy{number:02d}.jpg", "city": row["city"], "project": row["project"]}
        yield _jpeg(copy, 75), odd
    for number in range(world.blank):
        city = photos[int(rng.integers(len(photos)))]["city"]
        yield _blank(world.size_px, number), {"file": f"{city}/tile{number:02d}.jpg", "city": city}
    for number in range(world.corrupt):
        row = photos[int(rng.integers(len(photos)))]
        whole = (folder / row["file"]).read_bytes()
        bad = (whole[: len(whole) // 2], b"<html><body>404 Not Found</body></html>", b"", whole[:600])[number % 4]
        yield bad, {"file": f"{row['city']}/broken{number:02d}.jpg", "city": row["city"]}


def _write(path: Path, data: bytes) -> None:
    # Not flaneur.files.write_bytes: a drawing can be drawn again, and waiting for the disk would take longer than that.
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _blank(size_px: int, number: int) -> bytes:
    tone = (228, 226, 200, 180)[number % 4]
    tile = Image.new("RGB", (size_px, size_px * 3 // 4), (tone, tone, tone))
    if number % 2:
        ImageDraw.Draw(tile).text((size_px // 3, size_px * 3 // 8), "no imagery here", fill=(150, 150, 150))
    return _jpeg(tile, 85)


def _jpeg(image: Image.Image, quality: int) -> bytes:
    file = BytesIO()
    image.save(file, "JPEG", quality=quality)
    return file.getvalue()
