"""Grad-CAM, integrated gradients and tokens: by hand, on objects at known places, and without a trace."""

from __future__ import annotations

import dataclasses
import sys

import numpy as np
import pytest
from PIL import Image

from flaneur import discover
from flaneur.bundle.folder import read_bundle
from flaneur.errors import UsageError
from flaneur.explain.methods import gradcam, integrated_gradients, tokens
from flaneur.explain.target import target
from flaneur.explain.windows import filled
from flaneur.predict import Model
from marked_city import built_model, hits, marked_photos, mass_on
from marked_vit import built_transformer

torch = pytest.importorskip("torch")

from flaneur.explain.gradients import question  # noqa: E402
from flaneur.explain.gradients.network import network_of  # noqa: E402

METHODS = {
    "gradcam": (gradcam, built_model),
    "integrated_gradients": (integrated_gradients, built_model),
    "tokens": (tokens, built_transformer),
}


def ask(model=built_model, photo=None, **rest):
    photo = photo or marked_photos(1)[0]
    return target(model(), photo.image, photo.slug, **rest)


def state(network):
    """All that an explanation could leave behind in a network, and in torch."""
    hooks = [
        getattr(module, kind)
        for module in network.modules()
        for kind in ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    ]
    kept = dict(network.named_buffers())
    return {
        "hooks": sum(len(found) for found in hooks),
        "attributes": [sorted(vars(module)) for module in network.modules()],
        "weights": {name: (values.requires_grad, values.grad, values.sum().item()) for name, values in kept.items()},
        "training": [module.training for module in network.modules()],
        "torch": (torch.is_grad_enabled(), torch.is_inference_mode_enabled(), torch.get_num_threads()),
        "random": torch.random.get_rng_state().sum().item(),
    }


@pytest.mark.parametrize("name", METHODS)
def test_a_map_leaves_nothing_behind(name):
    method, model = METHODS[name]
    asked_for = ask(model)
    before, photo = state(network_of(model())), asked_for.picture()
    made = method.explain(asked_for, {})
    assert state(network_of(model())) == before
    assert before["hooks"] == 0
    assert np.array_equal(asked_for.picture(), photo)
    assert np.array_equal(method.explain(asked_for, {}), made)


@pytest.mark.parametrize("name", METHODS)
def test_nor_does_one_that_fails_half_way(name, monkeypatch):
    method, model = METHODS[name]
    network = network_of(model())
    before, calls = state(network), []

    def fail(*_):
        calls.append(1)
        raise RuntimeError("half way")

    monkeypatch.setattr(question.Question, "score", lambda self, images: fail(self.network(images)))
    monkeypatch.setattr("flaneur.explain.gradients.attention.score", fail)
    with pytest.raises(RuntimeError, match="half way"):
        method.explain(ask(model), {})
    assert calls
    assert state(network) == before


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_works_in_any_mode_and_leaves_it(name, mode):
    method, model = METHODS[name]
    expected = method.explain(ask(model), {})
    with mode():
        assert np.array_equal(method.explain(ask(model), {}), expected)
        assert torch.is_inference_mode_enabled() == (mode is torch.inference_mode)
        assert not torch.is_grad_enabled()


def test_integrated_gradients_sum_to_the_difference_of_scores():
    asked_for = ask()
    (start,) = asked_for.scores([filled(asked_for.picture(), "mean")])
    exact = {"steps": 64, "fill": "mean"}
    made = integrated_gradients.explain(asked_for, exact)
    assert made.sum() == pytest.approx(asked_for.score - start, rel=0.02)
    pixels = integrated_gradients.explain(asked_for, {**exact, "smooth": 0})
    assert pixels.sum() == pytest.approx(made.sum(), rel=1e-4)
    assert pixels.max() > made.max()


def test_noise_is_the_same_each_time_and_another_with_another_seed():
    asked_for = ask(built_transformer)
    made = [integrated_gradients.explain(asked_for, {"steps": 4, "noise": 0.04, "seed": seed}) for seed in (0, 0, 1)]
    assert np.array_equal(made[0], made[1])
    assert not np.array_equal(made[0], made[2])


def test_grad_cam_by_hand():
    """Score = 14 (best of one map - log sum of the others): its gradient is 14 at the best cell and 0 elsewhere."""
    asked_for = ask(against="bari")
    (row,) = asked_for.run([asked_for.picture()], ["feature_map"])
    own = row["feature_map"][0]
    best = np.unravel_index(own.argmax(), own.shape)
    local = gradcam.explain(asked_for, {"local": True})
    cells = local.reshape(12, 8, 12, 8)[:, 3:5, :, 3:5].mean((1, 3))  # the middles of the cells
    assert np.unravel_index(cells.argmax(), cells.shape) == best
    highest = 14 * own.max() / 64  # nats of a cell on its 8 x 8 pixels
    assert local.max() == pytest.approx(highest * (1 - 1 / 16) ** 2, rel=1e-3)  # no pixel is at the very middle
    assert np.count_nonzero(np.abs(cells) > 1e-3 * local.max()) <= 9
    averaged = gradcam.explain(asked_for, {"local": False})
    assert local.max() / 144 < averaged.max() <= highest / 144  # its neighbours count too


@pytest.mark.parametrize(("maps", "sides"), [("all", [20, 10, 5]), ("finest", [20]), ("last", [5])])
def test_grad_cam_knows_which_maps_an_answer_is_read_off(maps, sides, monkeypatch):
    from flaneur.explain.gradients import cam

    seen = []
    monkeypatch.setattr(cam, "_on_map", lambda _, name, local: seen.append(name) or torch.ones(sides[len(seen) - 1], 1))
    asked_for = target(Model(read_bundle("base")), marked_photos(1)[0].image)
    gradcam.explain(asked_for, {"maps": maps})
    network = network_of(asked_for.model)
    shapes = network.values(torch.zeros(1, 3, 160, 160), seen)
    assert [shapes[name].shape[2] for name in seen] == sides


def test_grad_cam_of_several_maps_is_their_mean():
    """On each of the maps together the same number of nats, however many cells it has."""
    asked_for = target(Model(read_bundle("base")), marked_photos(1)[0].image)
    every = gradcam.explain(asked_for, {})
    finest = gradcam.explain(asked_for, {"maps": "finest"})
    assert every.shape == finest.shape == (160, 160)
    assert not np.allclose(every, finest)
    from flaneur.explain.gradients.cam import maps_read

    with question.asked(asked_for) as mine:
        names = maps_read(mine.network, mine.square())
        values = mine.network.values(mine.square().requires_grad_(), [*names, "logits"])
        slopes = torch.autograd.grad(question.score(values["logits"], asked_for)[0], [values[name] for name in names])
        sums = [(values[name] * slope).sum().item() for name, slope in zip(names, slopes, strict=True)]
    assert finest.sum() == pytest.approx(sums[0], rel=0.02)
    assert every.sum() == pytest.approx(np.mean(sums), rel=0.02)


def test_tokens_point_at_the_object():
    hit, on_object, on_decoy = [], [], []
    for photo in marked_photos(5, seed=3):
        made = tokens.explain(ask(built_transformer, photo), {})
        assert made.shape == (96, 96)
        assert made.dtype == np.float32
        assert made.min() >= 0
        hit.append(hits(made, photo.box, tolerance_px=2))
        on_object.append(mass_on(made, photo.box, tolerance_px=2))
        on_decoy.append(mass_on(made, photo.decoy))
    assert np.mean(hit) >= 0.95
    assert np.mean(on_object) > 0.5
    assert np.mean(on_decoy) < 0.01


def test_tokens_tell_one_city_from_another_in_one_photo():
    """The tile that tells nothing is replaced by another city's: the class token then looks at both."""
    arles, bari, _ = marked_photos(1, seed=8)
    pixels, other, left = np.asarray(arles.image).copy(), np.asarray(bari.image), 16
    (x, y, right, bottom), (u, v, _, _) = arles.box, arles.decoy
    pixels[v : v + 16, left + u : left + u + 16] = other[y:bottom, left + x : left + right]
    both = Image.fromarray(pixels)
    for city, rival, box in (("arles", "bari", arles.box), ("bari", "arles", arles.decoy)):
        made = tokens.explain(target(built_transformer(), both, city, rival), {})
        assert mass_on(made, box, tolerance_px=2) > 0.9


@pytest.mark.parametrize("shape", [(40, 40), (3, 900), (1, 1)])
def test_grey_tiny_and_long_photos_have_maps_without_gaps(shape):
    asked_for = target(Model(read_bundle("base")), Image.new("RGB", shape, (128, 128, 128)))
    for made in (gradcam.explain(asked_for, {}), integrated_gradients.explain(asked_for, {"steps": 2})):
        assert made.shape == (160, 160)
        assert np.isfinite(made).all()


def test_what_a_network_lacks_is_said():
    with pytest.raises(UsageError, match=r"no attention between all parts of a photo.*'gradcam'"):
        tokens.explain(ask(), {})
    with pytest.raises(UsageError, match=r"no map of 'built-transformer 1.0' has a part in its answer.*'tokens'"):
        gradcam.explain(ask(built_transformer), {})


@pytest.mark.parametrize("name", METHODS)
def test_without_the_extra_it_says_what_to_install(name, monkeypatch):
    method, model = METHODS[name]
    monkeypatch.setitem(sys.modules, "captum", None)
    with pytest.raises(UsageError, match=rf"'{name}' needs gradients, and captum is not installed: .*'train'"):
        method.explain(ask(model), {})


@pytest.mark.parametrize(
    ("name", "settings", "words"),
    [
        ("integrated_gradients", {"steps": 0}, "steps are 0; choose 1 to 1,000"),
        ("integrated_gradients", {"smooth": 2.0}, "smooth is 2.0; it must be 0 to 0.5"),
        ("integrated_gradients", {"noise": 1.5}, "noise is 1.5; it must be 0 to 1"),
        ("integrated_gradients", {"fill": "blurr"}, "no fill 'blurr'. Did you mean 'blur'"),
        ("gradcam", {"locl": True}, "gradcam has no setting 'locl'. Did you mean 'local'"),
        ("gradcam", {"maps": "fine"}, "no maps 'fine'. Did you mean 'finest'. Say: all, finest, last"),
        ("tokens", {"heads": 1}, "tokens has no setting 'heads'"),
    ],
)
def test_settings_are_checked(name, settings, words):
    with pytest.raises(UsageError, match=words):
        METHODS[name][0].explain(ask(), settings)


@pytest.mark.parametrize("name", METHODS)
def test_methods_say_what_they_need(name):
    method = discover.load("flaneur.explain.methods", name)
    assert method.NEEDS == "train"
    assert dataclasses.is_dataclass(method.SETTINGS)
