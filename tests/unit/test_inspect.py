"""What a network makes up, its filters and its layers, on a network whose filters are known by construction."""

from __future__ import annotations

import json
from functools import cache

import numpy as np
import pytest
from PIL import Image

from flaneur.cli.main import run
from flaneur.dataset.store import open_dataset
from flaneur.errors import UsageError
from flaneur.explain.channels import exciting
from flaneur.explain.dream_settings import DreamSettings
from flaneur.explain.gradients import extra
from flaneur.onnx_files import graph as onnx_graph
from flaneur.onnx_files import proto as onnx_proto
from flaneur.onnx_files.graph import HeadParams
from flaneur.predict import load
from marked_city import CITIES, SIZE_PX, SPEC, built_encoder, built_model, marked_card, marked_photos, write_built

torch = pytest.importorskip("torch")

from flaneur.explain.activation import dream_channel, dream_city  # noqa: E402
from flaneur.explain.filters import feature_maps, filters_sheet, first_filters, layer_of, layers  # noqa: E402
from flaneur.explain.gradients.network import network_of  # noqa: E402

QUICK = {"steps": 30, "seeds": 1, "zoom": 0.1, "total_variation": 20}
LONGER = {"steps": 60, "seeds": 1, "learning_rate": 0.1, "jitter_px": 2, "zoom": 0, "total_variation": 5}


@cache
def open_model(tmp):
    """The hand-built model without its threshold: a tile that hardly fits counts, so there is something to climb."""
    from flaneur.bundle.folder import write_bundle

    encoder = built_encoder()
    encoder.graph.initializer[1].CopyFrom(onnx_proto.tensor("minus", np.zeros(3, np.float32)))
    head = HeadParams(14 * np.eye(3, dtype=np.float32), np.zeros(3, np.float32))
    made = onnx_graph.append_head(encoder, head)
    write_bundle(tmp, onnx_proto.to_bytes(made), marked_card(SPEC, encoder, "open"))
    return load(tmp)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return open_model(tmp_path_factory.mktemp("open") / "open")


def step(picture):
    """Mean step from pixel to pixel."""
    return np.abs(np.diff(np.asarray(picture, float), axis=0)).mean()


@pytest.mark.parametrize("city", CITIES, ids=lambda city: city.slug)
def test_what_is_made_up_for_a_city_is_its_tile(model, city):
    made = dream_city(model, city.slug, settings=LONGER)
    assert made.values[0] > made.grey + 5
    answer = built_model().predict(made.pictures[0])
    assert answer.ranking[0].city == city
    assert answer.ranking[0].probability > 0.6


def test_seeds_are_pictures_of_their_own_and_come_again(model):
    two = dream_city(model, "bari", settings={"steps": 5, "seeds": 2})
    assert two.pictures[0] != two.pictures[1]
    again = dream_city(model, "bari", settings={"steps": 5, "seeds": 2})
    assert [picture.tobytes() for picture in two.pictures] == [picture.tobytes() for picture in again.pictures]
    second = dream_city(model, "bari", settings={"steps": 5, "seeds": 1, "seed": 1})
    assert np.abs(np.asarray(second.pictures[0], int) - np.asarray(two.pictures[1], int)).max() <= 1


def test_penalties_leave_less_grain(model):
    plain = dream_city(model, "cork", settings=QUICK | {"frequency_penalty": 0, "total_variation": 0}).pictures[0]
    coarse = dream_city(model, "cork", settings=QUICK | {"frequency_penalty": 1, "total_variation": 0}).pictures[0]
    smooth = dream_city(model, "cork", settings=QUICK | {"frequency_penalty": 1, "total_variation": 500}).pictures[0]
    assert step(smooth) < step(coarse) < step(plain)


def test_a_rival_is_held_down(model):
    made = dream_city(model, "arles", "bari", settings=QUICK)
    ranking = model.predict(made.pictures[0]).ranking
    assert ranking[0].city.slug == "arles"
    assert "Arles rather than Bari" in made.goal


def test_a_channel_is_raised(model):
    made = dream_channel(model, 2, settings=QUICK)
    assert made.values[0] > 2 * made.grey
    assert "channel 2 of feature_map" in made.goal
    with pytest.raises(UsageError, match="channels 0 to 2; 3 is none"):
        dream_channel(model, 3, settings=QUICK)


def test_nothing_stays_in_the_network(model):
    network = network_of(model)

    def fail(done, _all):
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        dream_city(model, "bari", settings=QUICK, progress=fail)
    assert torch.is_grad_enabled()
    assert not any(module._forward_hooks or module.training for module in network.modules())
    assert all(buffer.grad is None and not buffer.requires_grad for buffer in network.buffers())


@pytest.mark.parametrize("bad", [{"steps": 0}, {"seeds": 13}, {"zoom": 1.0}, {"total_variation": -1.0}])
def test_settings_are_checked(bad):
    with pytest.raises(UsageError):
        DreamSettings(**bad)


def test_first_filters_are_the_tiles():
    weights = first_filters(built_model())
    tiles = onnx_proto.array(built_encoder().graph.initializer[0]).transpose(0, 2, 3, 1)
    assert weights == pytest.approx(tiles / np.array(SPEC.std), rel=1e-5)
    assert filters_sheet(built_model()).width == 1080


def test_layers_are_found_without_detours():
    found = layers(built_model())
    assert [(one.name, one.channels, one.height, one.width) for one in found] == [
        ("fits", 3, 48, 48), ("feature_map", 3, 12, 12),
    ]  # fmt: skip
    assert [(one.height, one.channels) for one in layers(load("base"))] == [
        (80, 16), (40, 32), (20, 192), (10, 672), (5, 192),
    ]  # fmt: skip
    assert layer_of(built_model(), "2").name == "feature_map"
    with pytest.raises(UsageError, match="Did you mean 'fit'"):
        layer_of(built_model(), "fitz")


def test_maps_of_a_photo_light_up_on_its_tile():
    photo = marked_photos(1)[1]
    found = feature_maps(built_model(), photo.image)
    (row, column) = np.unravel_index(found.values[1][photo.city].argmax(), (12, 12))
    left, top, right, bottom = (value / SIZE_PX * 12 for value in photo.box)
    assert left - 1 <= column <= right
    assert top - 1 <= row <= bottom
    assert found.strongest(1, 1) == [photo.city]
    assert found.sheet().width == 1080
    assert found.to_dict()["layers"][1]["strongest"][0] == photo.city


def test_commands(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_built(tmp_path / "built")
    marked_photos(1)[0].image.save(tmp_path / "street.png")
    assert run(["inspect", "filters", "built"]) == 0
    assert "3 filters of 16 x 16 pixels" in capsys.readouterr().out
    assert run(["inspect", "features", "built", "street.png", "--json", "-o", "maps.jpg"]) == 0
    assert json.loads(capsys.readouterr().out)["picture"] == "maps.jpg"
    words = ["inspect", "dream", "built", "--city", "bari", "--set", "steps=1", "--set", "seeds=2"]
    assert run(words) == 0
    assert "Bari: " in capsys.readouterr().out
    for name in ("filters.png", "maps.jpg", "dream-bari.png"):
        with Image.open(tmp_path / name) as drawn:
            assert drawn.width == 1080


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["dream", "built"], "name what to make pictures up for"),
        (["dream", "built", "--city", "bari", "--channel", "1"], "one of them"),
        (["dream", "built", "--city", "bari", "--layer", "1"], "--layer says nothing beside --city"),
        (["dream", "built", "--city", "bary"], "bari"),
        (["dream", "built", "--city", "bari", "--set", "step=3"], "Did you mean 'steps'"),
        (["filters", "built", "-o", "f.gif"], "Name such a file"),
        (["features", "built", "street.png", "-o", "street.png"], "is the photo itself"),
    ],
)
def test_what_is_refused(tmp_path, capsys, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)
    write_built(tmp_path / "built")
    marked_photos(1)[0].image.save(tmp_path / "street.png")
    assert run(["inspect", *words]) == 2
    assert said in capsys.readouterr().err


def test_without_torch_one_line(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(extra, "find_spec", lambda _name: None)
    assert run(["inspect", "filters", "base", "-o", str(tmp_path / "f.png")]) == 2
    error = capsys.readouterr().err
    assert "torch is not installed" in error
    assert error.count("\n") == 1


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """Twelve marked scenes, each a place of every city."""
    folder, home = tmp_path_factory.mktemp("photos"), tmp_path_factory.mktemp("home")
    for number, photo in enumerate(marked_photos(12)):
        place = folder / photo.slug / f"scene-{number // 3}"
        place.mkdir(parents=True)
        photo.image.save(place / "street.png")
    patch = pytest.MonkeyPatch()
    patch.setenv("FLANEUR_HOME", str(home))
    assert run(["import", "folder", str(folder), "--name", "marked"]) == 0
    yield open_dataset("marked")
    patch.undo()


def test_channels_are_excited_by_their_tile_where_it_lies(dataset):
    found = exciting(built_model(), dataset, "all")
    assert [(row.number, row.city) for row in found.channels] == [(0, "arles"), (1, "bari"), (2, "cork")]
    for row in found.channels:
        assert {one.photo.city for one in row.strongest} == {row.city}
        assert len({one.photo.place for one in row.strongest}) == len(row.strongest) >= 4
    assert found.sheet().width == 1080
    boxes = {one.photo.place: one.box for one in exciting(built_model(), dataset, "all", [1]).channels[0].strongest}
    for scene, photo in enumerate(marked_photos(12)[1::3]):
        for place, box in boxes.items():
            if place.endswith(f"scene-{scene}"):
                across = (SIZE_PX / 6 + (photo.box[0] + photo.box[2]) / 2) / (SIZE_PX * 4 / 3)
                assert box[0] <= across <= box[2]
                assert box[1] <= (photo.box[1] + photo.box[3]) / 2 / SIZE_PX <= box[3]
    with pytest.raises(UsageError, match="channels 0 to 2; 5 is none"):
        exciting(built_model(), dataset, "all", [5])


def test_channels_command(dataset, tmp_path, capsys):
    write_built(tmp_path / "built")
    words = ["inspect", "channels", str(tmp_path / "built"), str(dataset.root), "--split", "all", "--channel", "2"]
    assert run([*words, "--json", "-o", str(tmp_path / "c.png")]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [(row["channel"], row["chosen_for"]) for row in told["channels"]] == [(2, None)]
    assert told["channels"][0]["strongest"][0]["city"] == "cork"
    assert (tmp_path / "c.png").exists()
