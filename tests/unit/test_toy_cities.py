from __future__ import annotations

import csv
import hashlib
import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from flaneur.dataset.toy_cities import COLUMNS, PROJECTS, ToyWorld, contact_sheet, draw_toy_cities, toy_city_names
from flaneur.dataset.toy_perspective import Brush, Camera
from flaneur.dataset.toy_scene import View, draw_scene
from flaneur.dataset.toy_styles import STYLES
from flaneur.decode import decode
from flaneur.errors import PhotoError, UsageError
from flaneur.types import Location, slugify
from worlds import TOY_WORLD


def rows_of(table: Path) -> list[dict[str, str]]:
    with table.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def digest(folder: Path) -> str:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    parts = [f"{path.relative_to(folder)} {hashlib.sha256(path.read_bytes()).hexdigest()}" for path in files]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def metres(a: dict[str, str], b: dict[str, str]) -> float:
    north = (float(a["lat"]) - float(b["lat"])) * 111_200
    east = (float(a["lon"]) - float(b["lon"])) * 111_200 * math.cos(math.radians(float(a["lat"])))
    return math.hypot(north, east)


def test_the_table_names_every_file_once(toy_csv: Path, toy_folder: Path) -> None:
    rows = rows_of(toy_csv)
    assert tuple(rows[0]) == COLUMNS
    named = {row["file"] for row in rows}
    drawn = {str(path.relative_to(toy_folder)) for path in toy_folder.rglob("*.jpg")}
    assert named == drawn
    assert len(rows) == len(named) == 3 * 12 * 2 + 3 + 2 + 3
    assert {row["city"] for row in rows} == {slugify(name) for name in toy_city_names(3)}
    assert all(row["file"].startswith(row["city"] + "/") for row in rows)


def test_places_have_views_positions_and_headings(toy_csv: Path) -> None:
    places: dict[str, list[dict[str, str]]] = {}
    for row in rows_of(toy_csv):
        if row["place"]:
            places.setdefault(row["place"], []).append(row)
    assert len(places) == 36
    for views in places.values():
        assert len(views) == TOY_WORLD.views
        assert len({(view["lat"], view["lon"], view["sequence"], view["captured"]) for view in views}) == 1
        assert len({view["heading"] for view in views}) == TOY_WORLD.views
        Location(float(views[0]["lat"]), float(views[0]["lon"]))
        assert 0 <= float(views[0]["heading"]) < 360
    assert {views[0]["project"] for views in places.values()} == set(PROJECTS)


def test_streets_lie_apart_and_their_places_near_one_another(toy_csv: Path) -> None:
    rows = [row for row in rows_of(toy_csv) if row["lat"]]
    for a in rows:
        for b in rows:
            if a["sequence"] == b["sequence"]:
                assert metres(a, b) < 500
            elif a["city"] == b["city"]:
                assert metres(a, b) > 200


def test_copies_tiles_and_broken_files_are_there(toy_csv: Path, toy_folder: Path) -> None:
    names = [row["file"] for row in rows_of(toy_csv)]
    kinds = {
        kind: [toy_folder / name for name in names if Path(name).name.startswith(kind)]
        for kind in ("copy", "tile", "broken")
    }
    assert {kind: len(found) for kind, found in kinds.items()} == {"copy": 3, "tile": 2, "broken": 3}
    for path in kinds["tile"]:
        assert np.asarray(decode(path).image).std() < 12
    for path in kinds["broken"]:
        with pytest.raises(PhotoError):
            decode(path)
    photos = list(toy_folder.rglob("p*.jpg"))
    small = {path: np.asarray(decode(path).image.resize((16, 12)), np.float32) for path in photos + kinds["copy"]}
    for copy in kinds["copy"]:
        distances = sorted(float(np.abs(small[copy] - small[photo]).mean()) for photo in photos)
        assert distances[0] < 3
        assert distances[1] > 2 * distances[0]


def test_same_seed_same_bytes_other_seed_other_bytes(tmp_path: Path) -> None:
    small = {"cities": 2, "places_per_city": 2, "views": 2, "size_px": 64}
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        draw_toy_cities(tmp_path / name, ToyWorld(seed=seed, **small))
    assert digest(tmp_path / "a") == digest(tmp_path / "b") != digest(tmp_path / "c")


def test_views_of_a_place_share_houses_not_weather() -> None:
    def scene(moment: int) -> np.ndarray:
        view = View(yaw_deg=0, month=6, dashcam=False, size_px=160)
        image = draw_scene(STYLES[1], view, np.random.default_rng(1), np.random.default_rng(moment))
        return np.asarray(image, np.float32)

    assert scene(1).shape == (120, 160, 3)
    assert np.array_equal(scene(1), scene(1))
    assert np.abs(scene(1) - scene(2)).mean() > 3


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.name)
@pytest.mark.parametrize("yaw_deg", [-90, 0, 55, 180])
def test_every_city_can_be_drawn_in_any_direction(style: object, yaw_deg: float) -> None:
    view = View(yaw_deg=yaw_deg, month=11, dashcam=True, size_px=96)
    image = draw_scene(style, view, np.random.default_rng(3), np.random.default_rng(4))  # type: ignore[arg-type]
    assert image.size == (96, 72)
    assert np.asarray(image).std() > 8


def test_city_names_make_clean_slugs_of_their_own() -> None:
    slugs = [slugify(style.name) for style in STYLES]
    assert len(set(slugs)) == len(STYLES) == 8
    assert slugs[1] == "port-serein"


@pytest.mark.parametrize(
    ("field", "value"), [("cities", 1), ("cities", 9), ("views", 0), ("size_px", 20), ("seed", -1)]
)
def test_a_number_outside_its_range_is_refused(field: str, value: int) -> None:
    with pytest.raises(UsageError, match=f"{field} is {value}"):
        ToyWorld(**{field: value})


def test_the_pinhole_by_hand() -> None:
    camera = Camera(x=1.0, y=1.5, yaw=0.0, focal=100.0, centre=(50.0, 40.0))
    assert camera.flatten(camera.turn((3.0, 0.0, 10.0))) == pytest.approx((70.0, 55.0))
    right = Camera(x=0.0, y=0.0, yaw=math.pi / 2, focal=100.0, centre=(50.0, 40.0))
    assert camera.turn((1.0, 1.5, 7.0)) == pytest.approx((0.0, 0.0, 7.0))
    assert right.turn((5.0, 0.0, 0.0)) == pytest.approx((0.0, 0.0, 5.0))


def test_shapes_are_cut_at_the_camera() -> None:
    canvas = Image.new("RGB", (100, 80), "white")
    from PIL import ImageDraw

    brush = Brush(ImageDraw.Draw(canvas), Camera(0.0, 1.5, 0.0, 80.0, (50.0, 40.0)), (255, 255, 255), 1.0)
    brush.quad([(-2, 0, -5), (2, 0, -5), (2, 0, 50), (-2, 0, 50)], (0, 0, 0), 0)
    assert canvas.getpixel((50, 79)) == (0, 0, 0)
    assert canvas.getpixel((50, 30)) == (255, 255, 255)
    brush.quad([(-2, 0, -5), (2, 0, -5), (2, 3, -5), (-2, 3, -5)], (200, 0, 0), 0)
    assert canvas.getpixel((50, 30)) == (255, 255, 255)


def test_the_contact_sheet_has_a_row_for_each_city(toy_csv: Path) -> None:
    sheet = contact_sheet(toy_csv, columns=4, width_px=80)
    assert sheet.size == (4 * 84 - 4, 3 * 64 - 4)
    pixels = np.asarray(sheet, np.float32)
    assert (pixels[60:64] == 255).all()
    assert all(
        pixels[64 * row : 64 * row + 60, 84 * col : 84 * col + 80].std() > 8 for row in range(3) for col in range(4)
    )
