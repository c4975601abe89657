"""A heatmap lies where its square lies, in colours that everybody can tell apart, and as numbers."""

from __future__ import annotations

import inspect
import json
from importlib import import_module

import numpy as np
import pytest
from PIL import Image

import flaneur
from flaneur.errors import PhotoError, UsageError
from flaneur.explain.colours import AGAINST, FOR, coloured
from flaneur.explain.run import How, explain, relevance
from flaneur.explain.square import pixels, spread
from flaneur.explain.target import target
from flaneur.onnx_files import graph as onnx_graph
from flaneur.onnx_files import proto as onnx_proto
from marked_city import CITIES, SIZE_PX, built_model, hits, marked_photos

# How dichromats see linear RGB: Viénot, Brettel and Mollon, Color Research & Application 24(4), 1999; tritan by
# Machado, Oliveira and Fernandes, IEEE TVCG 15(6), 2009.
BLIND = {
    "protan": [[0.11238, 0.88762, 0], [0.11238, 0.88762, 0], [0.00401, -0.00401, 1]],
    "deutan": [[0.29275, 0.70725, 0], [0.29275, 0.70725, 0], [-0.02234, 0.02234, 1]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def lightness_and_colour(rgb):
    """CIE L*a*b* of linear sRGB."""
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ rgb
    f = np.cbrt(np.clip(xyz / [0.9505, 1, 1.089], 0, None))
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def linear(colour):
    share = np.array(colour) / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


@pytest.fixture(scope="module")
def marked():
    return marked_photos(1)[1]


@pytest.fixture(scope="module")
def heatmap(marked):
    return explain(built_model(), marked.image, city=marked.slug)


@pytest.mark.parametrize("kind", BLIND)
def test_both_ends_of_the_scale_are_told_apart_in_every_colour_blindness(kind):
    ends = [lightness_and_colour(np.clip(np.array(BLIND[kind]) @ linear(end), 0, 1)) for end in (FOR, AGAINST)]
    assert np.linalg.norm(ends[0] - ends[1]) > 60  # 2.3 is just noticeable


def test_and_without_any_colour():
    light = [lightness_and_colour(linear(end))[0] for end in (FOR, AGAINST)]
    assert light[0] - light[1] > 35


def test_nothing_speaks_nothing_is_coloured():
    base = np.full((2, 2, 3), 90, np.float32)
    assert (coloured(base, np.zeros((2, 2), np.float32)) == 90).all()


@pytest.mark.parametrize(
    ("size", "shape"), [((400, 300), (8, 11)), ((300, 400), (11, 8)), ((600, 100), (8, 48)), ((100, 100), (8, 8))]
)
def test_a_map_has_the_photos_proportions_and_lies_in_its_middle(size, shape):
    width, height = size
    side = min(size)
    box = ((1 - side / width) / 2, (1 - side / height) / 2, (1 + side / width) / 2, (1 + side / height) / 2)
    values = spread(np.arange(64, dtype=np.float32).reshape(8, 8), box, size)
    assert values.shape == shape
    left, top, right, bottom = pixels(box, shape[::-1])
    assert (np.isfinite(values) == np.pad(np.ones((bottom - top, right - left), bool),
            ((top, shape[0] - bottom), (left, shape[1] - right)))).all()  # fmt: skip
    assert np.nanmax(values) == 63


def test_a_squashed_photo_was_seen_whole():
    assert np.isfinite(spread(np.ones((8, 8), np.float32), (0, 0, 1, 1), (600, 100))).all()


def test_a_very_long_photo_keeps_its_proportions_in_bounded_memory():
    values = spread(np.ones((64, 64), np.float32), (0.4985, 0.0, 0.5015, 1.0), (4000, 12))
    assert values.shape == (12, 4096)
    assert np.isfinite(values).any()


def test_it_lies_on_what_tells_the_city(heatmap, marked):
    assert heatmap.values.shape == (SIZE_PX, SIZE_PX * 4 // 3)
    assert hits(heatmap.seen, marked.box, tolerance_px=8)
    left, top, right, bottom = marked.box
    x, y = heatmap.peak[0] * SIZE_PX * 4 / 3 - SIZE_PX / 6, heatmap.peak[1] * SIZE_PX
    assert left - 8 < x < right + 8
    assert top - 8 < y < bottom + 8


def test_it_is_what_the_method_says(heatmap, marked):
    asked = target(built_model(), marked.image, marked.slug)
    assert np.allclose(heatmap.seen, relevance(asked, heatmap.method), atol=1e-5)
    assert heatmap.score == pytest.approx(asked.score)


def test_the_overlay_is_orange_there_and_dark_where_nobody_looked(heatmap, marked):
    over = np.asarray(heatmap.overlay()).astype(float)
    assert over.shape == (SIZE_PX, SIZE_PX * 4 // 3, 3)
    rim = SIZE_PX // 6
    left, top, right, bottom = marked.box
    there = over[top:bottom, rim + left : rim + right].mean((0, 1))
    assert there[0] > there[2] + 60
    assert over[:, : rim - 1].mean() < 0.5 * np.asarray(marked.image)[:, : rim - 1].mean()


def test_the_overlay_takes_any_size_and_none_hides_nothing(heatmap):
    assert heatmap.overlay(heatmap.image.resize((40, 30))).size == (40, 30)
    bare = np.asarray(heatmap.overlay(alpha=0.0)).astype(float)
    assert bare[:, 20:-20].std() > 0


def test_contrast_turns_the_map_round(marked):
    one, other = (
        explain(built_model(), marked.image, city=a, against=b, check=False)
        for a, b in (("bari", "cork"), ("cork", "bari"))
    )
    assert np.allclose(one.seen, -other.seen, atol=1e-4)
    assert one.score == pytest.approx(-other.score)
    assert (one.city, one.against) == (CITIES[1], CITIES[2])


def test_numbers_are_json_and_the_same_each_time(heatmap, marked):
    told = heatmap.to_dict()
    again = explain(built_model(), marked.image, city=marked.slug).to_dict()
    assert json.dumps(told, allow_nan=False) == json.dumps(again, allow_nan=False)
    assert np.array(told["map"]).shape == (28, 28)
    assert np.mean(told["map"]) == pytest.approx(float(heatmap.seen.mean()), abs=0.01)
    assert told["box"] == [0.125, 0.0, 0.875, 1.0]
    assert set(told["faithfulness"]) == {
        "deletion_auc", "insertion_auc", "random_deletion_auc", "random_insertion_auc", "sanity",
    }  # fmt: skip


def test_the_package_is_the_function(marked):
    assert flaneur.explain(built_model(), marked.image, check=False).faithfulness is None
    import_module("flaneur.explain.run")
    assert flaneur.explain(built_model(), marked.image, check=False).city.slug == marked.slug


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"city": "bary"}, "Did you mean 'bari'"),
        ({"city": "bari", "against": "bari"}, "itself"),
        ({"method": "oclusion"}, "Did you mean 'occlusion'"),
        ({"settings": {"strid": 1}}, "Did you mean 'stride'"),
        ({"metod": "rise"}, "Did you mean 'method'"),
        ({"stride": 2}, r"setting of 'occlusion': settings=\{'stride': 2\}"),
    ],
)
def test_what_there_is_not_is_suggested(marked, how, said):
    with pytest.raises(UsageError, match=said):
        explain(built_model(), marked.image, **how)


@pytest.mark.parametrize(
    "photo", [["a.jpg", "b.jpg"], np.zeros((64, 64, 3), np.uint8), None], ids=["list", "array", "-"]
)
def test_what_is_no_photo_is_told(photo):
    with pytest.raises(UsageError, match="takes one photo"):
        flaneur.explain(built_model(), photo)


def test_a_call_shows_what_can_be_said():
    said = inspect.signature(flaneur.explain).parameters
    assert set(How.__annotations__) < set(said)
    assert said["method"].default == "occlusion"


def test_a_photo_that_cannot_be_read(tmp_path):
    with pytest.raises(PhotoError, match="no such file"):
        explain(built_model(), tmp_path / "gone.jpg")


def test_a_graph_without_feature_map_names_other_methods(marked):
    from flaneur.bundle.folder import Bundle
    from flaneur.predict import Model

    bundle = built_model().bundle
    graph = onnx_proto.load(bundle.model)
    kept = [output for output in graph.graph.output if output.name != "feature_map"]
    del graph.graph.output[:]
    graph.graph.output.extend(kept)
    bare = Model(Bundle(bundle.card, onnx_graph.to_bytes(graph), bundle.golden, bundle.path))
    with pytest.raises(UsageError, match=r"feature map.*occlusion"):
        explain(bare, marked.image, method="cam")


def test_the_image_is_that_of_the_photo_not_of_the_network(tmp_path):
    Image.linear_gradient("L").resize((2000, 1500)).save(tmp_path / "large.jpg")
    heatmap = explain(built_model(), tmp_path / "large.jpg", check=False)
    assert heatmap.image.size == (1440, 1080)
    assert heatmap.values.shape == (SIZE_PX, SIZE_PX * 4 // 3)
