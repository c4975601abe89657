"""Patches on an atlas whose answer is known: each city's photos have its own mark in one cell, or none has any."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from flaneur.decode import decode
from flaneur.errors import InputError
from flaneur.evaluation.page.thumbnails import Thumbnails
from flaneur.explain.atlas.cells import Cells, cells_of
from flaneur.explain.atlas.page.patches import patches_section
from flaneur.explain.atlas.parts import with_parts
from flaneur.explain.atlas.patches.patches import patches
from flaneur.preprocess import preprocess
from marked_city import built_model
from planted_atlas import HOSTILE, planted, with_facts
from worlds import make_dataset

CITIES, EACH, SIDE, WIDTH = 3, 90, 3, 12


def marked(strength=6.0, share=0.8, cities=CITIES):
    """An atlas with cells of noise in which a city's mark stands in one cell of so many of its photos; and where."""
    atlas = planted(10 * np.eye(cities, 4), EACH)
    rng = np.random.default_rng(1)
    count = len(atlas.answers.photos)
    values = rng.normal(size=(count, WIDTH, SIDE, SIDE)).astype(np.float32)
    at = rng.integers(0, SIDE * SIDE, count)
    has = rng.random(count) < share
    labels = atlas.answers.labels
    for row in np.flatnonzero(has):
        values[row, labels[row], *divmod(int(at[row]), SIDE)] += strength
    learnt = np.tile([1, 1, 1, 2, 0, 0], count // 6).astype(np.int64)
    cells = Cells(values, "squash")
    return replace(atlas, learnt=learnt, cells=lambda _: cells), at, has


def test_marks_are_found_where_they_are_in_new_photos_and_tell_cities():
    atlas, at, has = marked()
    found = patches(atlas)
    for city, own in enumerate(found.patches):
        best = own[0]
        assert best.own.value == pytest.approx(0.8, abs=0.15)
        assert best.elsewhere.value < 0.2
        for crop in best.shown:
            assert atlas.learnt[crop.row] == 0
            assert atlas.answers.labels[crop.row] == city
            assert has[crop.row]
            assert crop.box == atlas.cells(None).box(atlas.answers.photos[crop.row], int(at[crop.row]))
    assert found.told.value > 0.7
    assert found.told.low > found.chance == pytest.approx(1 / 3)
    assert (found.told.n, found.told.groups) == (90, 90)
    assert found.of_project == found.told  # all photos are of one project
    assert len(found.pairs) == 3
    assert all(pair.told.low > 0.5 for pair in found.pairs)
    assert patches(atlas).to_dict() == found.to_dict()


def test_noise_tells_nothing_and_that_is_said():
    atlas, _, _ = marked(strength=0.0)
    found = patches(atlas)
    assert found.told.low <= found.chance
    assert not found.findings().good
    assert "no better than chance" in found.findings().beware[0]


def test_cities_of_projects_of_their_own_are_not_compared_within_one():
    atlas, _, _ = marked()
    found = patches(with_facts(atlas, project=[photo.city for photo in atlas.answers.photos]))
    assert np.isnan(found.of_project.value)
    assert any("camera" in text for text in found.findings().beware)
    assert found.to_dict()["chance_within_projects"] is None


def test_a_city_with_too_few_photos_to_mine_is_left_out():
    atlas, _, _ = marked()
    learnt = atlas.learnt.copy()
    learnt[(atlas.answers.labels == 2) & (learnt == 1)] = 2
    found = patches(replace(atlas, learnt=learnt))
    assert [city.slug for city in found.cities] == ["town-0", "town-1"]
    assert found.basis.left_out == ("Town 2",)
    assert [len(pair.patches) for pair in found.pairs] == [0]
    assert "Too few places: Town 2." in patches_section(found, Thumbnails({}))


@pytest.mark.parametrize("learnt", [0, -1])
def test_what_cannot_be_mined_is_said_in_a_line(learnt):
    atlas, _, _ = marked()
    made = with_parts(replace(atlas, learnt=np.full_like(atlas.learnt, learnt)))
    assert made.not_measured["patches"].startswith("Not measured: what makes each city look like itself. It takes two")
    with pytest.raises(InputError, match="without a feature map"):
        patches(replace(atlas, cells=None))


def test_the_section_shows_pieces_and_keeps_texts_texts(tmp_path):
    atlas, _, _ = marked()
    Image.new("RGB", (80, 60), "teal").save(tmp_path / "one.jpg")
    found = patches(with_facts(atlas, author=[HOSTILE] * len(atlas.answers.photos)))
    paths = {photo.id: tmp_path / "one.jpg" for photo in atlas.answers.photos}
    budget = Thumbnails(paths)
    page = patches_section(found, budget)
    assert page == patches_section(found, Thumbnails(paths))
    assert HOSTILE not in page
    assert page.count('src="data:image/jpeg') == sum(
        len(one.shown) for own in (*found.patches, *(pair.patches for pair in found.pairs)) for one in own
    )
    assert budget.bytes_left < Thumbnails(paths).bytes_left
    assert "<img" not in patches_section(found, Thumbnails({}))
    assert "shown" in page
    assert "shown" not in patches_section(found, Thumbnails({}, 0))


def test_a_piece_is_of_its_place_in_the_photo(tmp_path):
    from base64 import b64decode
    from io import BytesIO

    image = Image.new("RGB", (300, 200), "white")
    image.paste((200, 0, 0), (200, 100, 300, 200))
    image.save(tmp_path / "one.png")
    address = Thumbnails({"a": tmp_path / "one.png"}).crop("a", (2 / 3, 0.5, 1.0, 1.0))
    with Image.open(BytesIO(b64decode(address.partition(",")[2]))) as piece:
        assert piece.size == (100, 100)
        red, green, _ = np.asarray(piece, np.float64).mean(axis=(0, 1))
    assert red > 180
    assert green < 20


def test_cells_are_the_networks_own_and_are_kept(tmp_path):
    data = make_dataset(tmp_path / "data", ["paris", "rome"], places=2)
    model = built_model()
    found = cells_of(model, data, data.photos)
    first = data.photos[0]
    image = preprocess(decode(data.image_path(first)).image, model.card.preprocess)
    (expected,) = model.session(1).run(["feature_map"], {"image": image[None]})
    np.testing.assert_allclose(found.values[0], expected[0], rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(
        found.descriptors(np.array([0]))[0, 1], found.values[0].reshape(len(expected[0]), -1)[:, 1]
    )
    told = []
    again = cells_of(model, data, data.photos, lambda done, total: told.append((done, total)))
    np.testing.assert_array_equal(again.values, found.values)
    assert not told  # nothing was left to do
