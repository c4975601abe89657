"""No place, drive, look-alike or stretch of ground on two sides; sizes near the target; repeatable by seed."""

from collections import Counter
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flaneur import geo
from flaneur.dataset.audit import audit_split
from flaneur.dataset.split import PARTS, Split, SplitRule, read_split, redealt, split, write_split
from flaneur.errors import IntegrityError, UsageError
from flaneur.files import read_json, write_json
from flaneur.types import Location, Photo


def photo(number: int, city: str = "rome", place: str | None = None, **facts: object) -> Photo:
    return Photo(f"t:{number:05d}", "0" * 64, city, place or f"{city}/{number}", 64, 48, "t", **facts)  # type: ignore[arg-type]


def scattered(count: int, seed: int, extent_deg: float = 0.05, places: int = 4) -> list[Photo]:
    """Places of a few photos in two cities, half of them with positions."""
    rng = np.random.default_rng(seed)
    photos = []
    for number in range(count):
        city = ("oslo", "rome")[number % 2]
        group = number // places
        spot = np.random.default_rng([seed, group]).uniform(0, extent_deg, 2) + rng.normal(0, 1e-5, 2)
        where = Location(40 + spot[0], 12 + spot[1]) if group % 2 else None
        photos.append(photo(number, city, f"{city}/{group}", location=where))
    return photos


@settings(max_examples=40, deadline=None)
@given(
    count=st.integers(0, 160), seed=st.integers(0, 99), gap_m=st.sampled_from([0.0, 50.0, 400.0]),
    extent=st.sampled_from([0.002, 0.05, 0.5]), cell_m=st.sampled_from([0.0, 200.0, 500.0]),
)  # fmt: skip
def test_whatever_the_photos_no_split_leaks(count, seed, gap_m, extent, cell_m):
    photos = scattered(count, seed, extent)
    ties = [(photos[0].place, photos[-1].place), ("rome/none", "rome/other")] if count > 8 else []
    made = split(photos, SplitRule(seed=seed, gap_m=gap_m, cell_m=cell_m), ties)
    assert set(made.part_of) == {each.id for each in photos}
    assert audit_split(photos, made, ties).violations == ()
    for one, other in combinations(photos, 2):
        apart = {made.part_of[one.id], made.part_of[other.id]}
        if "unused" in apart or len(apart) == 1:
            continue
        assert one.place != other.place
        assert {one.place, other.place} != set(ties[0]) if ties else True
        if one.location and other.location:
            points = np.array([[each.location.lat, each.location.lon] for each in (one, other)])
            assert geo.distance_km(points[:1], points[1:])[0] * 1000 >= gap_m - 0.01


def test_sequences_and_cells_stay_together():
    drive = [photo(number, sequence="rome/drive") for number in range(20)]
    corner = [photo(number, location=Location(41.90001 + number * 1e-7, 12.5)) for number in range(20, 40)]
    rest = [photo(number) for number in range(40, 200)]
    made = split(drive + corner + rest, SplitRule())
    for group in (drive, corner):
        assert len({made.part_of[each.id] for each in group}) == 1
        assert len({made.group_of[each.id] for each in group}) == 1


def test_shares_are_met_city_by_city():
    photos = [photo(number, city) for city, count in (("oslo", 400), ("rome", 1000)) for number in range(count)]
    photos = [
        Photo(
            f"t:{each.city}{each.id}",
            *[getattr(each, name) for name in ("sha256", "city", "place", "width", "height", "source")],
        )
        for each in photos
    ]
    made = split(photos, SplitRule())
    counts = Counter((each.city, made.part_of[each.id]) for each in photos)
    assert counts == {
        ("oslo", "train"): 280, ("oslo", "validation"): 60, ("oslo", "test"): 60,
        ("rome", "train"): 700, ("rome", "validation"): 150, ("rome", "test"): 150,
    }  # fmt: skip


@pytest.mark.parametrize("sizes", [(100, 100, 100), (500, 3, 2), (363, 296, 83, 72, 60), (1, 1, 1, 1)])
def test_three_groups_are_enough_for_every_part(sizes):
    numbers = iter(range(10_000))
    photos = [photo(next(numbers), place=f"rome/{group}") for group, size in enumerate(sizes) for _ in range(size)]
    made = split(photos, SplitRule())
    assert {made.part_of[each.id] for each in photos} == set(PARTS)


def test_two_groups_are_not_and_the_audit_says_so():
    photos = [photo(number, place=f"rome/{number % 2}") for number in range(10)]
    warnings = audit_split(photos, split(photos, SplitRule())).warnings
    assert len(warnings) == 1
    assert "rome has no" in warnings[0]


def test_only_the_seed_matters():
    photos = scattered(120, 3)
    assert split(photos, SplitRule()).hash == split(photos[::-1], SplitRule()).hash
    assert split(photos, SplitRule()).hash != split(photos, SplitRule(seed=1)).hash


def test_train_photos_give_way_before_test_photos():
    """A row of photos 40 m apart, cells of 400 m: only those at the seams are left out."""
    photos = [photo(number, location=Location(number * 0.00036, 10.0)) for number in range(200)]
    made = split(photos, SplitRule(cell_m=400.0, gap_m=50.0))
    unused = [each for each in photos if made.part_of[each.id] == "unused"]
    whole = split(photos, SplitRule(cell_m=400.0, gap_m=0.0))
    assert 0 < len(unused) < 25
    assert {whole.part_of[each.id] for each in unused} <= {"train", "validation"}
    assert made.ids("test") == whole.ids("test")


def test_a_random_split_flatters_and_the_audit_names_it():
    photos = scattered(160, 1)
    found = audit_split(photos, split(photos, SplitRule(by="photo")))
    assert not found.ok
    assert "places in several parts" in found.violations[0]


def test_the_parts_of_a_split_dealt_again_by_photo_are_as_large_in_each_city_and_leak():
    photos = scattered(300, 2)
    honest = split(photos, SplitRule(gap_m=300.0, seed=3))
    assert honest.ids("unused")
    made = redealt(honest, photos, "as-published")
    for part in (*PARTS, "unused"):
        for city in ("oslo", "rome"):
            mine = [photo.id for photo in photos if photo.city == city]
            assert len(set(mine) & set(made.ids(part))) == len(set(mine) & set(honest.ids(part)))
    assert made.ids("unused") == honest.ids("unused")
    assert made.ids("test") != honest.ids("test")
    assert not audit_split(photos, made).ok
    assert redealt(honest, photos[::-1], "as-published") == made


def test_the_audit_names_each_kind_of_leak():
    photos = [
        photo(0, place="rome/a", location=Location(41.9, 12.5)), photo(1, place="rome/a"),
        photo(2, sequence="s", location=Location(41.9001, 12.5)), photo(3, sequence="s"), photo(4), photo(5), photo(6),
    ]  # fmt: skip
    parts = dict(
        zip([each.id for each in photos[:6]], ["train", "test", "test", "train", "train", "validation"], strict=True)
    )
    made = Split("x", SplitRule(), {**parts, "t:gone": "test"}, {})  # type: ignore[dict-item]
    lines = audit_split(photos, made, [("rome/4", "rome/5")]).violations
    assert [line.split(",")[0] for line in lines] == [
        "in no part: 1 photo",
        "in the split but not in the dataset: 1 photo",
        "1 place in several parts: rome/a in train and test.",
        "1 sequence in several parts: s in train and test.",
        "1 look-alike group in several parts: rome/4 ~ rome/5 in train and validation.",
        "1 train photo nearer than 50 m to test photos; 11.1 m apart: t:00000 and t:00002.",
    ]


def test_a_split_comes_back_as_it_was_or_not_at_all(tmp_path):
    made = split(scattered(60, 2), SplitRule(name="mine", seed=4))
    write_split(tmp_path, made, {"audit": {"ok": True}})
    assert read_split(tmp_path, "mine") == made
    facts = read_json(tmp_path / "mine.json")
    assert facts["audit"] == {"ok": True}
    write_json(tmp_path / "mine.json", facts | {"hash": "0" * 64})
    with pytest.raises(IntegrityError, match="Make the split again"):
        read_split(tmp_path, "mine")


@pytest.mark.parametrize(
    "wrong", [{"train": 0.8}, {"train": 1.0, "validation": 0.0, "test": 0.0}, {"gap_m": -1.0}, {"name": "../x"}]
)
def test_rules_that_do_not_hold_together(wrong):
    with pytest.raises(UsageError):
        SplitRule(**wrong)
