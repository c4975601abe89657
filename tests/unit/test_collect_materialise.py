"""Sources that forbid keeping pictures: recipes in the dataset, pictures in the user's cache, always the same."""

import pytest

from flaneur.collect.materialise import materialise
from flaneur.dataset.store import open_dataset, verify_dataset
from flaneur.errors import BudgetError, InputError
from flaneur.files import read_table
from flaneur.net import Unreachable
from tiny_source import TinySource, run


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("FLANEUR_HOME", str(tmp_path / "home"))
    return tmp_path / "d"


def pictures(source, root):
    return materialise(source, "tiny", open_dataset(root), source.client)


def test_collecting_keeps_recipes_and_fetches_nothing(root):
    source = TinySource(may_store=False)
    assert run(source, root, 4, views=3).places == {"north": 4, "south": 4}
    assert not source.fetched
    assert not list(root.rglob("*.jpg"))
    recipes = read_table(root / "recipes.parquet")
    assert len(recipes) == 2 * 4 * 3
    assert all(row["author"] and row["licence"] and row["page_url"] and row["sha256"] is None for row in recipes)
    one = [row for row in recipes if row["key"] == recipes[0]["key"]]
    assert len({row["place"] for row in one}) == 1
    assert sorted(round(row["heading_deg"] - one[0]["heading_deg"]) % 360 for row in one) == [0, 120, 240]
    data = open_dataset(root)
    assert data.photos == ()
    assert data.manifest["collected"]["tiny"]["may_store"] is False
    asked = source.requests
    run(source, root, 4, views=3)
    assert source.requests == asked


def test_recipes_become_photos_that_lie_in_the_cache(root, tmp_path):
    source = TinySource(may_store=False, refused=0.3)
    run(source, root, 8, views=3)
    found = pictures(source, root)
    gone = sum(not row["sha256"] for row in read_table(root / "recipes.parquet"))
    assert (found.photos + gone, found.refused, found.changed, found.later) == (48, gone // 3, 0, 0)
    data = open_dataset(root)
    assert len(data.photos) == found.photos
    assert verify_dataset(data) == []
    assert all(data.image_path(photo).is_relative_to(tmp_path / "home" / "cache" / "tiny") for photo in data.photos)
    recipes = {row["id"]: row for row in read_table(root / "recipes.parquet")}
    for photo in data.photos:
        assert recipes[photo.id]["sha256"] == photo.sha256
        assert recipes[photo.id]["heading_deg"] == photo.heading_deg
        assert recipes[photo.id]["place"] == photo.place
    assert {row.reason for row in data.dropped} == {"not_found"}

    fetched = dict(source.fetched)
    assert pictures(source, root) == found
    assert source.fetched == fetched
    run(source, root, 8, views=3)
    assert [row["sha256"] for row in recipes.values()] == [
        row["sha256"] for row in read_table(root / "recipes.parquet")
    ]


def test_it_goes_on_where_it_was_stopped(root):
    source = TinySource(may_store=False)
    run(source, root, 6, views=2)

    def spent(_):
        if sum(source.fetched.values()) > 5:
            raise BudgetError("spent")

    source.trouble = spent
    with pytest.raises(BudgetError):
        pictures(source, root)
    assert len(open_dataset(root).photos) == 10
    source.trouble = lambda _: None
    assert pictures(source, root).photos == 24
    assert sorted(source.fetched.values())[-8:] <= [2] * 8


def test_what_is_lost_from_the_cache_comes_again_and_what_has_changed_is_told(root, tmp_path, monkeypatch):
    source = TinySource(may_store=False)
    run(source, root, 3, views=1)
    pictures(source, root)
    monkeypatch.setenv("FLANEUR_HOME", str(tmp_path / "another"))
    changed = TinySource(may_store=False)
    monkeypatch.setattr("tiny_source.picture", lambda number, plain=changed: _other(number))
    assert pictures(changed, root).changed == 6
    data = open_dataset(root)
    assert verify_dataset(data) == []
    assert all(data.image_path(photo).is_relative_to(tmp_path / "another") for photo in data.photos)


def test_a_place_that_cannot_be_had_now_and_a_dataset_without_recipes(root, tmp_path):
    source = TinySource(may_store=False)
    run(source, root, 3)
    key = read_table(root / "recipes.parquet")[0]["key"]

    def moody(what):
        if what == key:
            raise Unreachable("no answer")

    source.trouble = moody
    assert pictures(source, root).later == 1
    run(TinySource(), tmp_path / "e", 2)
    with pytest.raises(InputError, match=r"has no recipes of tiny\. Make some: flaneur collect tiny"):
        materialise(source, "tiny", open_dataset(tmp_path / "e"), source.client)


def _other(number):
    from io import BytesIO

    import numpy as np
    from PIL import Image

    out = BytesIO()
    pixels = np.random.default_rng(number + 10**6).integers(0, 255, (12, 16, 3), np.uint8)
    Image.fromarray(pixels).resize((64, 48)).save(out, "JPEG")
    return out.getvalue()
