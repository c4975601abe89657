"""Every method, on photos whose city one object tells: the map's highest point lies on that object."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from flaneur import discover
from flaneur.explain.target import target
from marked_city import built_model, hits, marked_photos, mass_on

FEW: dict[str, dict[str, Any]] = {  # fewer runs than usual, for the time a test may take
    "occlusion": {"sizes": (0.2,), "stride": 0.5},
    "inclusion": {"sizes": (0.2,), "stride": 0.5},
    "rise": {"masks": 150},
}
TRANSFORMERS = {"tokens"}  # there are none in the hand-built model
METHODS = sorted(set(discover.names("flaneur.explain.methods")) - TRANSFORMERS)
TOLERANCE_PX = 2  # of 96: as strict as 12 of 500


@pytest.mark.parametrize("name", METHODS)
def test_points_at_the_object(name):
    method = discover.load("flaneur.explain.methods", name)
    if method.NEEDS == "train":
        pytest.importorskip("torch")
    hit, on_object, on_decoy = [], [], []
    for photo in marked_photos(5, seed=3):
        relevance = method.explain(target(built_model(), photo.image, photo.slug), FEW.get(name, {}))
        assert relevance.shape == (96, 96)
        assert relevance.dtype == np.float32
        hit.append(hits(relevance, photo.box, tolerance_px=TOLERANCE_PX))
        on_object.append(mass_on(relevance, photo.box, tolerance_px=TOLERANCE_PX))
        on_decoy.append(mass_on(relevance, photo.decoy))
    assert np.mean(hit) >= 0.95
    assert np.mean(on_object) > 0.25  # the object is 3 % of the square
    assert np.mean(on_decoy) < 0.1 * np.mean(on_object)


@pytest.mark.parametrize("name", METHODS)
def test_contrast_points_at_the_object_of_either_city(name):
    """A photo with two cities' objects: what speaks for the one rather than the other is its own."""
    method = discover.load("flaneur.explain.methods", name)
    if method.NEEDS == "train":
        pytest.importorskip("torch")
    for_arles, for_bari = _both()
    one = method.explain(target(built_model(), for_arles.image, "arles", "bari"), FEW.get(name, {}))
    other = method.explain(target(built_model(), for_arles.image, "bari", "arles"), FEW.get(name, {}))
    assert hits(one, for_arles.box, tolerance_px=TOLERANCE_PX)
    assert hits(other, for_bari.decoy, tolerance_px=TOLERANCE_PX)


def _both():
    """A photo of the first city with the second's tile in the place of the one that tells nothing."""
    arles, bari, _ = marked_photos(1, seed=8)
    pixels, other = np.asarray(arles.image).copy(), np.asarray(bari.image)
    offset = (arles.image.width - arles.image.height) // 2
    (left, top, right, bottom), (x, y, _, _) = arles.box, arles.decoy
    pixels[y : y + 16, offset + x : offset + x + 16] = other[top:bottom, offset + left : offset + right]
    return replace(arles, image=Image.fromarray(pixels)), bari
