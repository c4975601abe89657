"""Windows: where they lie, what hides, how their values become a map."""

from __future__ import annotations

import numpy as np
import pytest

from flaneur.errors import UsageError
from flaneur.explain.method_settings import read_settings
from flaneur.explain.methods.rise import RiseSettings
from flaneur.explain.windows import FILLS, WindowSettings, filled, pasted, spread, windows


@pytest.mark.parametrize("size_px", [7, 32, 160])
@pytest.mark.parametrize(("size", "stride"), [(0.2, 0.33), (0.05, 1.0), (1.0, 1.0), (0.9, 0.1), (0.013, 1.0)])
def test_every_pixel_is_covered_and_no_window_is_empty(size_px, size, stride):
    boxes = windows(size_px, size, stride)
    assert (boxes[:, 0] < boxes[:, 2]).all()
    assert (boxes[:, 1] < boxes[:, 3]).all()
    assert boxes.min() >= 0
    assert boxes.max() == size_px
    seen = np.zeros((size_px, size_px), bool)
    for left, top, right, bottom in boxes:
        seen[top:bottom, left:right] = True
    assert seen.all()


def test_spread_stands_each_value_at_its_windows_middle():
    values = np.random.default_rng(0).normal(size=36).astype(np.float32)
    made = spread(values, 30)
    assert np.allclose(made[2::5, 2::5], values.reshape(6, 6), atol=1e-6)
    assert (spread(np.full(9, 0.5), 7) == 0.5).all()


def test_windows_are_symmetric():
    boxes = windows(33, 0.3, 0.4)
    mirrored = np.stack([33 - boxes[:, 2], boxes[:, 1], 33 - boxes[:, 0], boxes[:, 3]], axis=1)
    assert {tuple(box) for box in mirrored.tolist()} == {tuple(box) for box in boxes.tolist()}


def test_pasted_changes_the_window_alone():
    rng = np.random.default_rng(0)
    onto, patch = rng.random((2, 8, 8, 3)).astype(np.float32)
    (made,) = pasted(onto, patch, np.array([[2, 1, 5, 4]]))
    assert np.array_equal(made[1:4, 2:5], patch[1:4, 2:5])
    made[1:4, 2:5] = onto[1:4, 2:5]
    assert np.array_equal(made, onto)


@pytest.mark.parametrize("fill", FILLS)
def test_fills_are_pictures_and_the_same_each_time(fill):
    picture = np.random.default_rng(0).random((16, 16, 3)).astype(np.float32)
    made = filled(picture, fill, seed=3)
    assert made.shape == picture.shape
    assert made.dtype == np.float32
    assert made.min() >= 0
    assert made.max() <= 1
    assert np.array_equal(made, filled(picture, fill, seed=3))
    assert made.std() < picture.std()


def test_blur_keeps_what_is_large_and_mean_keeps_nothing():
    halves = np.zeros((64, 64, 3), np.float32)
    halves[32:] = 1
    blurred = filled(halves, "blur")
    assert blurred[2].max() < 0.02
    assert blurred[-2].min() > 0.98
    assert np.allclose(filled(halves, "mean"), 0.5)
    noise = filled(halves, "noise")
    assert np.array_equal(noise[..., 0], noise[..., 2])
    assert not np.array_equal(noise, filled(halves, "noise", seed=1))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"sizes": ()}, "sizes are"),
        ({"sizes": (0.2, 1.2)}, "sizes are"),
        ({"stride": 0}, "stride is"),
        ({"sizes": 0.01, "stride": 0.01}, "windows"),
        ({"fill": "blurr"}, "Did you mean 'blur'"),
        ({"stride": "wide"}, "occlusion: stride is 'wide'; it must be a number"),
        ({"seed": 1.5}, "it must be a whole number"),
        ({"seed": True}, "it must be a whole number"),
        ({"fill": 3}, "it must be text"),
        ({"mask": 3}, "occlusion has no setting 'mask'"),
    ],
)
def test_settings_that_do_not_hold(given, said):
    with pytest.raises(UsageError, match=said):
        read_settings(WindowSettings, given, "occlusion")


def test_settings_as_text_as_values_and_by_default():
    assert read_settings(WindowSettings, {}, "occlusion") == WindowSettings()
    text = {"sizes": "0.2, 0.4", "stride": "0.5", "fill": "mean", "seed": "7"}
    wanted = WindowSettings((0.2, 0.4), 0.5, "mean", 7)
    assert read_settings(WindowSettings, text, "occlusion") == wanted
    assert read_settings(WindowSettings, {"sizes": 1, "stride": 1}, "occlusion").sizes == (1.0,)


@pytest.mark.parametrize("given", [{"masks": 1}, {"cells": 1}, {"shown": 1}, {"shown": 0.0}, {"fill": "white"}])
def test_rise_settings_that_do_not_hold(given):
    with pytest.raises(UsageError, match="rise: "):
        read_settings(RiseSettings, given, "rise")
