"""Every alteration changes what it says and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from flaneur.evaluation.trials.shortcut_audit import alterations as alter
from flaneur.evaluation.trials.shortcut_audit import look as areas
from flaneur.evaluation.trials.shortcut_audit.altered import versions
from flaneur.evaluation.trials.shortcut_audit.donors import CityLook
from flaneur.evaluation.trials.shortcut_audit.look import Look

SIZE = 96


def street(seed: int, colour: tuple[int, int, int] = (120, 110, 100)) -> alter.Pixels:
    """Blocks of various brightness around one colour."""
    blocks = np.random.default_rng(seed).normal(0, 25, (12, 12, 1)) + np.array(colour)
    image = Image.fromarray(np.clip(blocks, 0, 255).astype(np.uint8))
    return np.asarray(image.resize((SIZE, SIZE), Image.Resampling.BICUBIC))


def city(colour: tuple[int, int, int], grain: float = 1.0) -> CityLook:
    mean = np.broadcast_to(np.array(colour, np.float32), (SIZE, SIZE, 3)).copy()
    return CityLook(mean, np.full((SIZE, SIZE, 3), 0.5, np.float32), grain)


@pytest.fixture
def look() -> Look:
    tables = [{0: [8] * 64, 1: [8] * 64}, {0: [60] * 64, 1: [60] * 64}]
    decoded = Image.fromarray(street(0)).resize((2 * SIZE, 2 * SIZE))
    return Look(
        pixels=street(0),
        other=street(1, (90, 120, 160)),
        own=street(2),
        here=city((120, 110, 100)),
        there=city((90, 120, 160), 4.0),
        blank=(124, 116, 104),
        decoded=decoded,
        other_tables=tables[1],
        own_tables=tables[0],
        square=lambda image: np.asarray(image.resize((SIZE, SIZE), Image.Resampling.BILINEAR)),
    )


def test_every_version_is_a_new_photo_of_the_same_size(look: Look) -> None:
    before = look.pixels.copy()
    for one in versions():
        for version in one.all:
            made = version(look)
            assert made.shape == before.shape
            assert made.dtype == np.uint8
        assert (one.altered(look) != before).any() or one.told.name in ("other_light", "other_mark")
    np.testing.assert_array_equal(look.pixels, before)


def test_names_are_unique_and_transplants_have_controls() -> None:
    names = [one.told.name for one in versions()]
    assert len(set(names)) == len(names)
    for one in versions():
        if one.told.kind == "transplant":
            assert len(one.controls) == 1
            assert one.told.leaning
        assert one.told.kind in ("removal", "camera", "transplant")


def test_what_is_covered_elsewhere_is_as_large() -> None:
    for size in (96, 160, 224):
        pairs = [(areas.bottom, areas.band), (areas.centre, areas.frame), (areas.corners, areas.further_in)]
        for first, second in pairs:
            one, other = first(size), second(size)
            assert one.mean() == pytest.approx(other.mean(), rel=0.1)
            assert not (one & other).any()


def test_a_strip_comes_from_the_other_photo_and_the_rest_stays(look: Look) -> None:
    made = alter.paste(look.pixels, areas.bottom(SIZE), look.other)
    np.testing.assert_array_equal(made[-7:], look.other[-7:])
    np.testing.assert_array_equal(made[:-8], look.pixels[:-8])


def test_a_cast_is_carried_over(look: Look) -> None:
    (cast,) = [one for one in versions() if one.told.name == "other_cast"]
    wanted = look.pixels.mean(axis=(0, 1)) * np.array([90 / 120, 120 / 110, 160 / 100])
    np.testing.assert_allclose(cast.altered(look).mean(axis=(0, 1)), wanted, rtol=0.02)


def test_grain_is_measured_where_the_scene_is_flat_and_can_be_matched() -> None:
    plain = street(3)
    grainy = alter.noisy(plain, 8)
    fine, coarse = alter.grain_level(plain), alter.grain_level(grainy)
    assert coarse > 3 * fine
    assert alter.grain_level(alter.with_grain(plain, fine, coarse)) == pytest.approx(coarse, rel=0.15)
    assert alter.grain_level(alter.with_grain(grainy, coarse, fine)) < 0.5 * coarse


def test_without_colour_or_detail_there_is_none() -> None:
    photo = alter.noisy(street(4), 20)
    grey = alter.grey(photo)
    assert (grey[..., 0] == grey[..., 1]).all()
    assert alter.grain_level(alter.blurred(photo)) < 0.2 * alter.grain_level(photo)
    outline = alter.outline(np.where(alter.strip(SIZE, 0.5, 1)[..., None], np.uint8(200), np.uint8(50)).repeat(3, 2))
    dark = np.flatnonzero((outline < 128).any(axis=(1, 2)))
    assert set(dark.tolist()) <= set(range(SIZE // 2 - 3, SIZE // 2 + 4))
    assert len(dark)


def test_files_of_other_tables_lose_what_those_lose(look: Look) -> None:
    mild, harsh = (np.abs(look.saved_like(tables) - look.pixels.astype(float)).mean() for tables in
                   (look.own_tables, look.other_tables))  # fmt: skip
    assert mild < harsh
    np.testing.assert_array_equal(look.saved_like(None), look.pixels)
