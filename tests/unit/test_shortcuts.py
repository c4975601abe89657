"""Models that read one part of a photo only: the audit names the part, and acquits the one that reads the street."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from bundles import tiny_card
from flaneur.dataset.store import Dataset, import_photos, open_dataset
from flaneur.errors import InputError, PhotoError
from flaneur.evaluation.trials.shortcut_audit import look as areas
from flaneur.evaluation.trials.shortcut_audit.alterations import Pixels, distance_from_middle, grain_level
from flaneur.evaluation.trials.shortcut_audit.altered import versions
from flaneur.evaluation.trials.shortcut_audit.ask_altered import sample_by_place
from flaneur.evaluation.trials.shortcut_audit.donors import choose_donors, families
from flaneur.evaluation.trials.shortcuts import Shortcuts, shortcuts
from flaneur.predict import View, ViewScores
from flaneur.protocols import FoundPhoto, PreprocessSpec
from flaneur.types import City, Photo

SIZE = 64
CITIES = (City("arles", "Arles"), City("bari", "Bari"), City("cork", "Cork"))
SPEC = PreprocessSpec(size_px=SIZE, mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25))
Read = Callable[[Pixels], NDArray[np.float64]]


@dataclass(frozen=True)
class Reader:
    """A model that compares one number or colour of a photo with the mean of each city."""

    read: Read
    known: NDArray[np.float64]
    cities: tuple[City, ...] = CITIES
    card = replace(tiny_card(), preprocess=SPEC)

    def scores(self, views: Iterable[View]) -> Iterator[tuple[View, ViewScores | PhotoError]]:
        for view in views:
            assert isinstance(view, Image.Image)
            far = np.linalg.norm(self.known - self.read(np.asarray(view)), axis=1)
            yield view, ViewScores(-far.astype(np.float32), np.zeros(1, np.float32), 0.0)


def sign_colour(pixels: Pixels) -> NDArray[np.float64]:
    """The brightest red, green and blue anywhere: where the sign of the city hangs."""
    own = pixels.reshape(-1, 3).astype(float)
    return np.quantile(1.5 * own - own.sum(axis=1, keepdims=True) / 2, 0.98, axis=0)


def strip_colour(pixels: Pixels) -> NDArray[np.float64]:
    return pixels[areas.bottom(SIZE)].mean(axis=0)


def corner_colour(pixels: Pixels) -> NDArray[np.float64]:
    return pixels[:8, :8].mean(axis=(0, 1))


def cast(pixels: Pixels) -> NDArray[np.float64]:
    mean = pixels.mean(axis=(0, 1))
    return 100 * mean / mean.sum()


def fall_off(pixels: Pixels) -> NDArray[np.float64]:
    far = distance_from_middle(SIZE) > 0.6
    return np.array([100 * pixels[far].mean() / pixels.mean()])


def noise(pixels: Pixels) -> NDArray[np.float64]:
    return np.array([grain_level(pixels)])


MARKS: dict[str, tuple[Read, Callable[[NDArray[np.float64], int], NDArray[np.float64]]]] = {
    "strip": (strip_colour, lambda p, c: np.where(areas.bottom(SIZE)[..., None], np.roll([200, 60, 120], c), p)),
    "corner": (corner_colour, lambda p, c: np.where(np.indices((SIZE, SIZE)).max(0)[..., None] < 8, 60 + 70 * c, p)),
    "cast": (cast, lambda p, c: p * np.roll([1.15, 1.0, 0.85], c)),
    "light": (fall_off, lambda p, c: p * (1 - 0.25 * c * distance_from_middle(SIZE)[..., None] ** 2)),
    "grain": (noise, lambda p, c: p + np.random.default_rng(int(p.sum())).normal(0, 1 + 4 * c, p.shape)),
}
FAILED = {
    "strip": {"other_bottom", "other_border", "other_mark"},
    "corner": {"other_corners", "other_border", "other_mark"},
    "cast": {"other_cast"},
    "light": {"other_light", "other_corners", "other_border", "other_mark"},
    "grain": {"other_grain"},
}


def draw(root: Path, mark: str | None, seed: int = 0, project: Callable[[int], str] = lambda _: "one") -> Dataset:
    """Three cities, 10 places of two views; somewhere in each photo a sign of the city's colour, and a mark or none."""
    rng = np.random.default_rng(seed)
    found = []
    root.mkdir(parents=True)
    for city, number in [(city, number) for city in range(3) for number in range(20)]:
        small = rng.normal(120, 22, (8, 8, 3)).clip(0, 255).astype(np.uint8)
        pixels = np.asarray(Image.fromarray(small).resize((SIZE, SIZE), Image.Resampling.BICUBIC), np.float64)
        top, left = rng.integers(12, SIZE - 12 - 16, 2)
        pixels[top : top + 16, left : left + 16] = np.roll([220, 60, 60], city)
        if mark is not None:
            pixels = MARKS[mark][1](pixels, city)
        file = BytesIO()
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(file, "PNG")
        path = root / f"{city}-{number}.png"
        path.write_bytes(file.getvalue())
        facts = {"place": f"{city}-{number // 2}", "project": project(city)}
        found.append(FoundPhoto(path, path.name, CITIES[city].slug, facts))
    import_photos(found, root / "data", name="drawn", source="folder")
    return open_dataset(root / "data")


def reader(data: Dataset, read: Read) -> Reader:
    seen = {
        city.slug: [read(np.asarray(Image.open(data.image_path(p)))) for p in data.photos if p.city == city.slug]
        for city in CITIES
    }
    return Reader(read, np.array([np.mean(seen[city.slug], axis=0) for city in CITIES]))


def audit(data: Dataset, read: Read, *kinds: str) -> Shortcuts:
    tried = [one for one in versions() if one.told.kind in kinds]
    return shortcuts(reader(data, read), data, data.photos, tried=tried)


@pytest.mark.parametrize("mark", MARKS)
def test_a_model_that_reads_a_mark_is_called_out_and_the_mark_named(tmp_path: Path, mark: str) -> None:
    found = audit(draw(tmp_path / mark, mark), MARKS[mark][0], "transplant")
    followed = {row.alteration.name for row in found.rows if row.leans and row.follows is not None}
    assert found.whole.value > 0.9
    assert found.called_out
    assert followed
    assert followed <= FAILED[mark]
    assert found.findings().beware[0] == found.verdict
    assert found.verdict.startswith("This model leans on ")


def test_a_model_that_reads_the_street_is_not_called_out_even_where_there_is_a_mark(tmp_path: Path) -> None:
    found = audit(draw(tmp_path / "w", "strip"), sign_colour, "transplant")
    assert found.whole.value > 0.9
    assert not found.called_out
    assert found.findings().good == (found.verdict,)
    assert found.verdict.startswith("No shortcut was found:")


def test_covering_the_strip_counts_against_covering_as_much_elsewhere(tmp_path: Path) -> None:
    found = audit(draw(tmp_path / "w", "strip"), strip_colour, "removal")
    rows = {row.alteration.name: row for row in found.rows}
    assert rows["no_bottom"].leans
    assert rows["no_bottom"].control is not None
    assert rows["no_bottom"].change.value < -0.4 < rows["no_bottom"].control.value
    assert not rows["no_sky"].leans
    assert not rows["grey"].control
    assert "bottom strip" in found.findings().beware[0]


def test_where_projects_have_cities_of_their_own_a_donor_is_of_another_project(tmp_path: Path) -> None:
    data = draw(tmp_path / "w", "cast", project=lambda city: "south" if city < 2 else "north")
    found = audit(data, cast, "camera", "transplant")
    assert found.cameras
    assert found.called_out
    assert "a city with another camera" in found.verdict


def test_equal_input_gives_equal_numbers_and_json_can_hold_them(tmp_path: Path) -> None:
    data = draw(tmp_path / "w", "corner")
    first, again = (audit(data, corner_colour, "camera").to_dict() for _ in range(2))
    assert json.dumps(first, allow_nan=False) == json.dumps(again)
    assert [row["name"] for row in first["alterations"]] == ["warm", "cool", "vignette", "recompressed", "noise"]
    assert first["photos"] == 60


def test_too_few_photos_clear_nobody_and_accuse_nobody(tmp_path: Path) -> None:
    data = draw(tmp_path / "w", "strip")
    tried = [one for one in versions() if one.told.name == "other_bottom"]
    few = [p for p in data.photos if p.place.endswith(("-0", "-1"))]
    found = shortcuts(reader(data, strip_colour), data, few, tried=tried)
    assert not found.called_out
    assert found.findings().good == ()
    assert found.findings().beware == (found.verdict,)
    assert "too few to rule a shortcut out" in found.verdict


def test_one_city_cannot_be_audited(tmp_path: Path) -> None:
    data = draw(tmp_path / "w", None)
    with pytest.raises(InputError, match="two cities"):
        shortcuts(reader(data, cast), data, [p for p in data.photos if p.city == "arles"])


def photo(number: int, city: str, place: str, project: str | None = None) -> Photo:
    return Photo(f"folder:{number}", "0" * 64, city, place, 64, 48, "folder", project=project)


def test_cities_linked_by_projects_are_one_family() -> None:
    seen = [photo(0, "arles", "a", "p"), photo(1, "bari", "b", "p"), photo(2, "cork", "c", "q")]
    family = families(seen, ["arles", "bari", "cork"])
    assert family["arles"] == family["bari"] != family["cork"]
    linked = families([*seen, photo(3, "cork", "d", "p")], ["arles", "bari", "cork"])
    assert len(set(linked.values())) == 3


def test_donors_are_of_another_family_and_of_another_place() -> None:
    photos = [photo(n, city, f"{n % 4}") for n, city in enumerate(["arles", "bari", "cork"] * 8)]
    family = {"arles": 0, "bari": 0, "cork": 1}
    donors = choose_donors(photos, family)
    assert len(donors.rows) == 24
    for row, other, own in zip(donors.rows, donors.other, donors.own, strict=True):
        assert family[photos[other].city] != family[photos[row].city]
        assert photos[own].city == photos[row].city
        assert photos[own].place != photos[row].place


def test_samples_are_of_whole_places() -> None:
    photos = [photo(n, "arles", str(n // 5)) for n in range(100)]
    chosen = sample_by_place(photos, 33)
    assert len(chosen) == 30
    assert {chosen.count(one) for one in chosen} == {1}
    assert all(sum(p.place == q.place for q in chosen) == 5 for p in chosen)
