"""Maps for any model, held against a model that adds pixels up, and against hand arithmetic."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from bundles import CITIES, tiny_card, tiny_encoder, tiny_head
from flaneur.bundle.folder import Bundle
from flaneur.bundle.golden import Golden
from flaneur.errors import UsageError
from flaneur.explain.methods import cam, inclusion, occlusion, rise
from flaneur.explain.target import as_input, target
from flaneur.onnx_files import graph as onnx_graph
from flaneur.onnx_files import proto as onnx_proto
from flaneur.predict import Model
from marked_city import built_model, marked_photos


class AddsUp:
    """A target whose score is the sum over pixels of a weight times the red channel."""

    def __init__(self, weights):
        self.weights, self.size_px = weights, len(weights)
        self.score = float(self.scores([self.picture()])[0])

    def picture(self):
        return np.ones((self.size_px, self.size_px, 3), np.float32)

    def scores(self, pictures):
        return np.array([float((self.weights * picture[..., 0]).sum()) for picture in pictures])


@pytest.fixture
def weights():
    made = np.random.default_rng(0).normal(0, 0.1, (25, 25))
    made[4:8, 14:18] = 2
    return made


def test_a_window_is_worth_the_sum_of_its_pixels(weights):
    settings = {"sizes": 0.2, "stride": 1.0, "fill": "black"}
    sums = weights.reshape(5, 5, 5, 5).sum((1, 3))
    assert np.allclose(occlusion.explain(AddsUp(weights), settings)[2::5, 2::5], sums, atol=1e-4)
    assert np.allclose(inclusion.explain(AddsUp(weights), settings)[2::5, 2::5], sums - sums.mean(), atol=1e-4)


def test_several_sizes_are_the_mean_of_their_maps(weights):
    asked, other = AddsUp(weights), {"stride": 0.5, "fill": "black"}
    both = occlusion.explain(asked, {"sizes": (0.2, 0.5), **other})
    each = [occlusion.explain(asked, {"sizes": size, **other}) for size in (0.2, 0.5)]
    assert np.allclose(both, np.mean(each, axis=0), atol=1e-5)


def test_what_speaks_against_is_below_zero(weights):
    weights[16:20, 4:8] = -2
    for method in (occlusion, inclusion, rise):
        made = method.explain(AddsUp(weights), {"fill": "black"})
        assert made[17, 6] < 0 < made[5, 16]
        assert np.unravel_index(made.argmin(), made.shape)[0] > 12 > np.unravel_index(made.argmax(), made.shape)[0]


def test_rise_finds_the_slope_and_its_noise_falls_with_masks(weights):
    smooth = np.zeros((24, 24))
    smooth[:12, :12] = 0.5
    few, many = (rise.explain(AddsUp(smooth), {"masks": masks, "fill": "black"}) for masks in (100, 3000))
    assert many[4, 4] > 10 * abs(many[20, 20])
    assert few[12:, 12:].std() > 2 * many[12:, 12:].std()


@pytest.mark.parametrize("method", [occlusion, inclusion, rise, cam])
def test_same_input_same_bytes_and_the_photo_stays(method):
    photo = marked_photos(1, seed=4)[0]
    before = photo.image.tobytes()
    settings = {"rise": {"masks": 40}}.get(method.__name__.rsplit(".", 1)[-1], {} if method is cam else {"sizes": 0.5})
    made = [method.explain(target(built_model(), photo.image), settings) for _ in range(2)]
    assert made[0].tobytes() == made[1].tobytes()
    assert made[0].shape == (96, 96)
    assert made[0].dtype == np.float32
    assert photo.image.tobytes() == before


@pytest.fixture(scope="module")
def linear():
    """Mean pooling and a linear head on the tiny encoder."""
    graph = onnx_graph.append_head(tiny_encoder(), tiny_head(3))
    return Model(Bundle(tiny_card(), onnx_proto.to_bytes(graph), Golden({}, {}), SimpleNamespace()))


def test_cam_is_that_of_zhou_under_mean_pooling_and_a_linear_head(linear):
    photo = Image.fromarray(np.random.default_rng(3).integers(0, 256, (40, 40, 3), dtype=np.uint8))
    asked = target(linear, photo, "rome", "paris")
    image = as_input(asked.picture(), asked.spec)[None]
    (features,) = linear.session(1).run(["feature_map"], {"image": image})
    weight = tiny_head(3).weight
    column = (weight[:, 1] - weight[:, 0]) / linear.card.temperature
    wanted = np.einsum("khw,k->hw", features[0], column) / 64
    assert np.allclose(cam.cell_shares(asked), wanted, atol=1e-4)
    assert cam.cell_shares(asked).sum() == pytest.approx(asked.score - _bias(linear), abs=1e-3)


def _bias(model):
    bias = tiny_head(len(CITIES)).bias
    return float(bias[1] - bias[0]) / model.card.temperature


def test_cam_without_a_feature_map_says_what_else_to_take(linear):
    graph = onnx_proto.load(linear.bundle.model)
    kept = [output for output in graph.graph.output if output.name != "feature_map"]
    del graph.graph.output[:]
    graph.graph.output.extend(kept)
    bare = Model(Bundle(linear.card, onnx_proto.to_bytes(graph), Golden({}, {}), SimpleNamespace()))
    with pytest.raises(UsageError, match=r"gives out none\. Try occlusion"):
        cam.explain(target(bare, Image.new("RGB", (40, 40))), {})
    with pytest.raises(UsageError, match="cam has no setting 'size'"):
        cam.explain(target(linear, Image.new("RGB", (40, 40))), {"size": 1})
