"""The nearest known photos are the nearest, one a place, and never the photo itself."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from bundles import tiny_bundle
from flaneur.dataset import store
from flaneur.errors import UsageError
from flaneur.explain.evidence import KnownPhotos
from flaneur.explain.run import explain
from flaneur.explain.target import target
from flaneur.importers import csv
from flaneur.predict import load


def drawn(seed):
    colours = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), np.uint8)
    return Image.fromarray(colours.repeat(10, 0).repeat(10, 1))


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Nine photos of five places: three of place 0, one of them nearly the same as the one that is asked about."""
    folder = tmp_path_factory.mktemp("world")
    rows = ["file,city,place,lat,lon,captured"]
    for number in range(9):
        place = max(0, number - 4) if number > 2 else 0
        image = drawn(number)
        if number == 1:
            image = Image.blend(drawn(0), drawn(50), 0.1)
        image.save(folder / f"{number}.png")
        rows.append(
            f"{number}.png,{'rome' if place % 2 else 'oslo'},p{place},41.{number},12.{number},2020-0{number + 1}"
        )
    (folder / "photos.csv").write_text("\n".join(rows), "utf-8")
    store.import_photos(csv.find(folder / "photos.csv"), folder / "data", name="data", source="csv")
    tiny_bundle(folder / "tiny")
    return folder


@pytest.fixture(scope="module")
def model(world):
    return load(world / "tiny")


@pytest.fixture(scope="module")
def known(world, model):
    return KnownPhotos(model, store.open_dataset(world / "data"))


def test_they_are_sorted_and_one_a_place(known, model):
    found = known.nearest(target(model, drawn(70)), 4)
    distances = [one.distance for one in found.known]
    assert distances == sorted(distances)
    assert min(distances) > 0
    places = [(one.photo.city, one.photo.place) for one in found.known]
    assert len(set(places)) == len(places) == 4
    assert found.itself == ""
    assert not any(one.learnt for one in found.known)


def test_distances_are_cosines_of_embeddings(known, model):
    (near,) = known.nearest(target(model, drawn(70)), 1).known
    own, other = (
        next(iter(model.scores([photo])))[1].embedding.astype(float) for photo in (drawn(70), near.path)
    )  # fmt: skip
    cosine = own @ other / np.linalg.norm(own) / np.linalg.norm(other)
    assert near.distance == pytest.approx(1 - cosine, abs=1e-5)


def test_a_photo_is_no_evidence_for_itself_nor_is_its_place(known, model):
    found = known.nearest(target(model, drawn(0)))
    assert (found.itself, found.itself_learnt) == ("csv:0.png", False)
    assert all(one.photo.place != "oslo/p0" for one in found.known)


def test_a_photo_that_is_nearly_one_of_them_is_nearer_than_they_are_to_each_other(known, model):
    like = known.nearest(target(model, Image.blend(drawn(0), drawn(60), 0.15)))
    unlike = known.nearest(target(model, Image.new("RGB", (40, 40), "white")))
    assert like.known[0].photo.place == "oslo/p0"
    assert like.nearer_than > 0.9
    assert unlike.nearer_than < 0.1


def test_numbers(known, model):
    told = known.nearest(target(model, drawn(70)), 2).to_dict()
    assert told["dataset"] == "data"
    assert told["itself"] is None
    assert set(told["known"][0]) == {
        "photo", "city", "place", "lat", "lon", "captured_at", "distance", "learnt", "author", "licence", "page_url",
    }  # fmt: skip
    assert told["known"][0]["captured_at"].startswith("2020-0")


def test_explain_finds_them_by_the_datasets_folder(world, model):
    heatmap = explain(model, drawn(70), known=world / "data", check=False, settings={"sizes": "0.5", "stride": 1})
    assert len(heatmap.evidence.known) == 5
    assert heatmap.settings == {"sizes": "0.5", "stride": 1}


def test_none_asked_for(known, model):
    with pytest.raises(UsageError, match="1 or more"):
        known.nearest(target(model, drawn(70)), 0)
