"""Batches: a pure function of seed, epoch and position; entered at any step; shared; places with their views."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from flaneur.decode import decode
from flaneur.errors import PhotoError
from flaneur.preprocess import preprocess
from flaneur.protocols import PreprocessSpec
from flaneur.training.networks.loader import (
    Feed,
    Item,
    LabelledPhoto,
    epoch_order,
    make_items,
    plain_batches,
    steps_of,
    training_batches,
)  # fmt: skip
from flaneur.training.recipes.recipe import AugmentRule, ViewsRule

SPEC = PreprocessSpec(24, (0.5,) * 3, (0.25,) * 3)
OFF = dict.fromkeys(("flip", "colour", "grey", "blur", "jpeg", "shrink", "erase"), 0.0)


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder, rng, made = tmp_path_factory.mktemp("photos"), np.random.default_rng(0), []
    for number in range(12):
        path = folder / f"{number}.png"
        Image.fromarray(rng.integers(0, 256, (30, 40, 3)).astype(np.uint8)).save(path)
        made.append(LabelledPhoto(path, number % 3, f"place-{number // 6}"))
    return made


def batches(photos, feed, rule=None, order=None):
    items = make_items(photos, feed.views)
    order = np.arange(len(items)) if order is None else order
    return list(training_batches(items, order, SPEC, rule or AugmentRule(), feed))


def test_batches_are_the_same_for_a_seed_and_an_epoch_and_differ_otherwise(photos):
    one, again, seed, epoch = (batches(photos, Feed(4, *pair))[0].images for pair in ((1, 0), (1, 0), (2, 0), (1, 1)))
    assert one.shape == (4, 1, 3, 24, 24)
    assert one.dtype == np.float32
    assert np.array_equal(one, again)
    assert not np.array_equal(one, seed)
    assert not np.array_equal(one, epoch)


def test_an_epoch_can_be_entered_at_any_step(photos):
    whole = batches(photos, Feed(4, 1))
    for first in range(4):
        rest = batches(photos, Feed(4, 1, first=first))
        assert len(rest) == 3 - first
        for a, b in zip(whole[first:], rest, strict=True):
            assert np.array_equal(a.images, b.images)
            assert np.array_equal(a.labels, b.labels)


@pytest.mark.parametrize("ranks", [2, 4])
def test_processes_share_each_batch(photos, ranks):
    whole = batches(photos, Feed(4, 1))
    shares = [batches(photos, Feed(4, 1, rank=rank, ranks=ranks)) for rank in range(ranks)]
    for step, batch in enumerate(whole):
        assert np.array_equal(batch.images, np.concatenate([share[step].images for share in shares]))
        assert np.array_equal(batch.labels, np.concatenate([share[step].labels for share in shares]))


def test_without_augmentation_it_is_what_the_finished_model_sees(photos):
    calm = AugmentRule(crop_area_min=1.0, **OFF)
    for batch, plain in zip(batches(photos, Feed(4), calm), plain_batches(photos, SPEC, batch=4), strict=True):
        assert np.array_equal(batch.images, plain.images)
        assert np.array_equal(batch.labels, plain.labels)
    assert np.array_equal(plain.images[-1, 0], preprocess(decode(photos[-1].path).image, SPEC))


def test_a_batch_larger_than_all_there_is_takes_all(photos):
    (only,) = batches(photos[:3], Feed(8))
    assert len(only.labels) == 3
    assert [len(one) for one in steps_of(11, 4)] == [4, 4]


def test_places_are_items_and_places_of_two_cities_are_two():
    made = [LabelledPhoto(Path(str(n)), label, place) for n, (label, place) in enumerate(
        [(0, "a"), (0, "a"), (1, "a"), (0, ""), (0, "")])]  # fmt: skip
    assert make_items(made, ViewsRule(train=2)) == [
        Item((Path("0"), Path("1")), 0), Item((Path("2"),), 1), Item((Path("3"),), 0), Item((Path("4"),), 0),
    ]  # fmt: skip
    assert len(make_items(made, ViewsRule())) == 5


def test_views_are_drawn_without_repeating_and_counted(photos):
    calm, views = AugmentRule(crop_area_min=1.0, **OFF), ViewsRule(train=3)
    places = [LabelledPhoto(photo.path, 0, "full" if n < 4 else "short") for n, photo in enumerate(photos[:6])]
    (batch,) = batches(places, Feed(2, views=views), calm)
    assert batch.images.shape == (2, 3, 3, 24, 24)
    assert batch.shown.tolist() == [[True, True, True], [True, True, False]]
    assert not batch.images[1, 2].any()
    assert len({view.tobytes() for view in batch.images[0]}) == 3
    feed = Feed(1, views=ViewsRule(train=4, random=True))
    counts = {int(batches(places[:4], Feed(1, seed, views=feed.views), calm)[0].shown.sum()) for seed in range(30)}
    assert counts == {1, 2, 3, 4}


def test_views_of_a_place_have_the_same_colours(tmp_path):
    made = []
    for number in range(6):
        Image.new("RGB", (40, 30), (90, 120, 150)).save(tmp_path / f"{number}.png")
        made.append(LabelledPhoto(tmp_path / f"{number}.png", 0, f"place-{number // 3}"))
    rule = AugmentRule(colour=1.0, erase=0, jpeg=0)
    (batch,) = batches(made, Feed(2, views=ViewsRule(train=3)), rule)
    colours = batch.images.mean((3, 4))
    assert np.allclose(colours, colours[:, :1], atol=1e-5)
    assert not np.allclose(colours[0, 0], colours[1, 0], atol=0.01)


def test_a_photo_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(PhotoError, match=r"gone\.jpg: no such file"):
        batches([LabelledPhoto(tmp_path / "gone.jpg", 0)], Feed(1))


@pytest.mark.parametrize("balance", [0.0, 0.5, 1.0])
def test_epoch_order_is_one_epoch_long_and_balances(balance):
    labels = np.array([0] * 90 + [1] * 10)
    order = epoch_order(labels, balance, np.random.default_rng(0))
    assert len(order) == 100
    rare = (labels[order] == 1).sum()
    assert rare == {0.0: 10, 0.5: 25, 1.0: 50}[balance]
