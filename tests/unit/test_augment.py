"""Augmentation: off it is the plain resize exactly; on it varies, keeps the size, and does what its name says."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from flaneur.preprocess import resize
from flaneur.protocols import PreprocessSpec
from flaneur.training.networks.augment import Look, augment, draw_look
from flaneur.training.recipes.recipe import AugmentRule

OFF = dict.fromkeys(("flip", "colour", "grey", "blur", "jpeg", "shrink", "erase"), 0.0)
CALM = AugmentRule(crop_area_min=1.0, **OFF)


def spec(size_px=48, crop="centre", interpolation="bilinear"):
    return PreprocessSpec(size_px, (0.5,) * 3, (0.25,) * 3, crop, interpolation)


@pytest.fixture
def photo():
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (90, 160, 3)).astype(np.uint8))


@pytest.mark.parametrize("crop", ["centre", "squash"])
@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
def test_off_it_is_the_plain_resize(photo, crop, interpolation):
    seen = spec(crop=crop, interpolation=interpolation)
    assert augment(photo, seen, CALM, np.random.default_rng(0)).tobytes() == resize(photo, seen).tobytes()


def test_it_keeps_the_size_and_varies(photo):
    rng = np.random.default_rng(0)
    rule = AugmentRule(erase=1, jpeg=1, blur=1, shrink=1, flip=1, grey=1, zoom=0.3, shear_deg=15)
    seen = [augment(photo, spec(), rule, rng) for _ in range(3)]
    assert {image.size for image in seen} == {(48, 48)}
    assert len({image.tobytes() for image in seen}) == 3


@pytest.mark.parametrize("name", ["zoom", "shear_deg", *OFF])
def test_each_setting_alone_has_an_effect(photo, name):
    rule = AugmentRule(**{"crop_area_min": 1.0} | OFF | {name: 15.0 if name == "shear_deg" else 1.0})
    changed = augment(photo, spec(), rule, np.random.default_rng(1))
    assert changed.size == (48, 48)
    assert changed.tobytes() != resize(photo, spec()).tobytes()


def _disc(size=96, radius=24):
    y, x = np.mgrid[:size, :size] + 0.5 - size / 2
    inside = (x**2 + y**2 < radius**2)[..., None]
    return Image.fromarray(np.where(inside, 255, 40).repeat(3, 2).astype(np.uint8))


def test_zoom_changes_areas_by_the_square_of_the_scale():
    rule = AugmentRule(crop_area_min=1.0, zoom=0.5, **OFF)
    before = (np.asarray(_disc()) > 147).mean()
    ratios = []
    for seed in range(60):
        after = np.asarray(augment(_disc(), spec(96), rule, np.random.default_rng(seed)))
        ratios.append((before / (after > 147).mean()) ** 0.5)
        assert after.min() == 40  # the edge goes on; nothing black comes in
    assert 0.5 <= min(ratios) < 0.6
    assert 1.4 < max(ratios) <= 1.51


def test_shear_slants_and_keeps_areas():
    rule = AugmentRule(crop_area_min=1.0, shear_deg=30, **OFF)
    centres = []
    for seed in range(60):
        after = np.asarray(augment(_disc(), spec(96), rule, np.random.default_rng(seed)))[..., 0] > 147
        assert after.mean() == pytest.approx((np.asarray(_disc()) > 147).mean(), rel=0.03)
        rows, columns = np.nonzero(after)
        centres.append(np.polyfit(rows, columns, 1)[0])
    assert max(centres) > 0.3
    assert min(centres) < -0.3
    assert max(map(abs, centres)) < np.tan(np.radians(30)) + 0.05


def test_the_whole_photo_is_cropped_from(photo):
    edges = np.full((60, 200, 3), 100, np.uint8)
    edges[:, :20] = 255  # far outside the middle square
    rule = AugmentRule(crop_area_min=0.3, **OFF)
    seen = [np.asarray(augment(Image.fromarray(edges), spec(), rule, np.random.default_rng(s))) for s in range(30)]
    assert any((one == 255).any() for one in seen)


def test_a_look_is_drawn_once_and_shared():
    rng = np.random.default_rng(0)
    look = draw_look(AugmentRule(colour=1.0), rng)
    grey = Image.new("RGB", (60, 40), (90, 120, 150))
    rule = AugmentRule(crop_area_min=0.5, jpeg=0, erase=0)
    views = [np.asarray(augment(grey, spec(), rule, rng, look)) for _ in range(4)]
    assert all(np.array_equal(views[0], one) for one in views[1:])
    assert draw_look(CALM, rng) == Look()
    assert draw_look(AugmentRule(**{"colour": 0.0, "grey": 1.0}), rng) == Look(saturation=0.0)
