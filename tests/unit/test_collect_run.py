"""Which photos a collection has depends on the order alone: not on timing, not on where it was stopped."""

import json
import threading
from dataclasses import replace

import numpy as np
import pytest

from flaneur.area import Disc, Points
from flaneur.collect.journal import Journal
from flaneur.collect.order import TRIES_PER_PLACE
from flaneur.collect.run import collect
from flaneur.collect.spot_by_spot import AHEAD, AT_ONCE, OUTAGE, WINDOW
from flaneur.dataset.store import open_dataset, verify_dataset
from flaneur.errors import BudgetError, CredentialsError, InputError, IntegrityError, UsageError
from flaneur.files import read_table
from flaneur.geo import distance_km
from flaneur.net import Refused, Unreachable
from flaneur.types import City, Location
from tiny_source import CENTRES, TinySource, order, run

TABLES = ("photos.parquet", "imported.parquet", "dropped.parquet", "ties.parquet")


def tables(root):
    return {name: (root / name).read_bytes() for name in TABLES}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    root = tmp_path_factory.mktemp("undisturbed") / "d"
    found = run(TinySource(refused=0.25), root, 30)
    assert found.places == {"north": 30, "south": 30}
    assert not found.problem
    return root


def test_whatever_the_timing_the_same_photos(undisturbed, tmp_path):
    for pause_s in (0.002, 0.02):
        root = tmp_path / f"{pause_s}"
        run(TinySource(refused=0.25, pause_s=pause_s), root, 30)
        assert tables(root) == tables(undisturbed)
    assert verify_dataset(open_dataset(undisturbed)) == []


def test_a_finished_run_asks_for_nothing(undisturbed):
    source, before = TinySource(refused=0.25), tables(undisturbed)

    def no_client():
        raise AssertionError

    source.client = no_client
    assert run(source, undisturbed, 30).places == {"north": 30, "south": 30}
    assert run(source, undisturbed, 20).places == {"north": 30, "south": 30}
    assert source.requests == 0
    assert tables(undisturbed) == before


def test_nothing_is_fetched_twice_and_no_more_than_needed(tmp_path):
    source = TinySource(refused=0.25, pause_s=0.004)
    run(source, tmp_path / "d", 30)
    assert max(source.fetched.values()) == 1
    rows = read_table(tmp_path / "d" / "imported.parquet")
    assert sum(source.fetched.values()) == len(rows)
    assert sum(not row["reason"] for row in rows) == 60


def test_a_larger_count_goes_on_as_if_it_had_been_asked_for_at_once(undisturbed, tmp_path):
    source, root = TinySource(refused=0.25), tmp_path / "d"
    run(source, root, 11, cities=("north",))
    run(source, root, 30)
    assert tables(root) == tables(undisturbed)
    assert max(source.fetched.values()) == 1


def test_rows_say_where_when_and_by_whom(undisturbed):
    data = open_dataset(undisturbed)
    photo = data.photos[0]
    assert photo.id == f"tiny:{photo.original}"
    assert (photo.author, photo.licence, photo.captured_at) == ("Ada", "CC0-1.0", "2020-05-01")
    assert photo.page_url == f"https://example.org/{photo.original}"
    assert photo.place == f"{photo.city}/{photo.original}"
    source = TinySource()
    index = int(photo.original[1:])
    assert (photo.location.lat, photo.location.lon) == tuple(source.points[index].tolist())
    assert photo.heading_deg == index % 360 or photo.heading_deg is not None
    collected = data.manifest["collected"]["tiny"]
    assert collected["licence"] == "CC0-1.0"
    assert collected["places"] == {"north": 30, "south": 30}
    assert [(city.slug, city.name, city.country) for city in data.cities] == [
        (errand.city.slug, errand.city.name, errand.city.country) for errand in order(source, 30).errands
    ]
    assert {dropped.reason for dropped in data.dropped} == {"not_found"}


def test_photos_lie_in_the_area_and_apart(tmp_path):
    found = run(TinySource(step_m=60), tmp_path / "d", 25, min_distance_m=150.0, seed=3)
    assert found.refused["too_near"] > 0
    for city in open_dataset(tmp_path / "d").cities:
        photos = [photo for photo in open_dataset(tmp_path / "d").photos if photo.city == city.slug]
        points = np.array([(photo.location.lat, photo.location.lon) for photo in photos])
        centre = np.array([CENTRES[city.slug]])
        assert distance_km(points, centre).max() <= 1.0 + 1e-6
        apart = np.array([distance_km(points, point[None]) * 1000 for point in points])
        assert apart[~np.eye(len(points), dtype=bool)].min() >= 150


def test_candidates_that_cannot_be_credited_or_lie_outside_are_refused_and_counted(tmp_path):
    source = TinySource()
    plain = source.candidate

    def odd(index):
        made = plain(index)
        return replace(made, author="") if index % 3 == 0 else made

    source.candidate = odd
    found = run(source, tmp_path / "d", 10)
    assert found.refused["no_licence"] > 0
    assert all(photo.author for photo in open_dataset(tmp_path / "d").photos)
    assert run(TinySource(), tmp_path / "e", 10, radius_m=600.0).refused["wrong_city"] > 0


def test_several_views_of_a_place(tmp_path):
    run(TinySource(), tmp_path / "d", 5, views=3)
    photos = open_dataset(tmp_path / "d").photos
    assert len(photos) == 2 * 5 * 3
    places = {photo.place for photo in photos}
    assert len(places) == 10
    first = sorted(photo.heading_deg for photo in photos if photo.place == photos[0].place)
    assert np.diff(first).round() == pytest.approx([120, 120])


def test_what_was_found_out_is_kept_when_the_provider_goes_away(undisturbed, tmp_path):
    source, root = TinySource(refused=0.25), tmp_path / "d"
    began = threading.Event()

    def away(what):
        if sum(source.fetched.values()) > 20 or began.is_set():
            began.set()
            raise Unreachable("no answer")

    source.trouble = away
    with pytest.raises(InputError, match=r"Tiny cannot be reached now\. no answer"):
        run(source, root, 30)
    assert 10 <= len(open_dataset(root).photos) <= 25
    source.trouble = lambda _: None
    run(source, root, 30)
    assert tables(root) == tables(undisturbed)


def test_one_photo_that_cannot_be_had_now_is_waited_for_at_the_end(undisturbed, tmp_path):
    source, root = TinySource(refused=0.25), tmp_path / "d"
    wanted = sorted(photo.original for photo in open_dataset(undisturbed).photos)
    once, never = set(wanted[3:6]), wanted[10]

    def moody(what):
        if what == never or (what in once and source.fetched[what] == 1):
            raise Unreachable("no answer")

    source.trouble = moody
    found = run(source, root, 30)
    assert found.later == 1
    assert found.problem == "1 photo could not be had now. The same command goes on."
    assert all(source.fetched[key] == 2 for key in (*once, never))
    source.trouble = lambda _: None
    assert not run(source, root, 30).problem
    assert tables(root) == tables(undisturbed)


def test_a_provider_that_only_fails_is_asked_once_for_each_photo_and_fills_no_screen(tmp_path, caplog):
    source = TinySource()

    def broken(what):
        if what != "near":
            raise Unreachable(f"https://example.org/{what} could not be had now", "HTTP 500")

    source.trouble = broken
    found = run(source, tmp_path / "d", 6, cities=("north",))
    assert found.problem == "6 photos could not be had now. The same command goes on."
    assert sorted(source.fetched.values()) == [1] * 6
    assert [record.getMessage() for record in caplog.records] == ["no answer for 6 photos: HTTP 500"]
    source.fetched.clear()
    with pytest.raises(InputError, match="cannot be reached now"):
        run(source, tmp_path / "e", 100, cities=("north",))
    assert source.fetched.total() <= OUTAGE + WINDOW
    source.trouble = lambda _: None
    caplog.clear()
    assert not run(source, tmp_path / "d", 6, cities=("north",)).problem
    assert not caplog.records


def test_who_is_turned_away_asks_once(tmp_path):
    source = TinySource()

    def forbidden(what):
        raise Refused("https://example.org: refused (HTTP 403).", status=403)

    source.trouble = forbidden
    with pytest.raises(CredentialsError, match=r"Turned away, so nothing more is asked.*HTTP 403"):
        run(source, tmp_path / "d", 6, cities=("north",))
    assert set(source.asked.values()) == {1}
    assert source.asked.total() <= AHEAD


def test_a_spot_that_always_fails_is_gone_round(tmp_path):
    source, bad = TinySource(pause_s=0.002), []
    plain = source.near

    def near(spot, radius_m, wish, client):
        if not bad:
            bad.append(spot)
        if spot == bad[0]:
            raise Unreachable("too dense")
        return plain(spot, radius_m, wish, client)

    source.near = near
    assert not run(source, tmp_path / "d", 12).problem
    found = run(source, tmp_path / "e", 5, tries=6, cities=("north",))
    assert found.places["north"] == 5


@pytest.mark.parametrize("error", [CredentialsError("refused"), BudgetError("spent"), KeyboardInterrupt()])
def test_what_was_had_is_in_the_dataset_whatever_ends_the_run(undisturbed, tmp_path, error):
    source, root, stopped = TinySource(refused=0.25, pause_s=0.002), tmp_path / "d", threading.Event()

    def stop(what):
        if what != "near" and sum(source.fetched.values()) >= 25 and not stopped.is_set():
            stopped.set()
            raise error

    source.trouble = stop
    with pytest.raises(type(error)):
        run(source, root, 30)
    had = len(read_table(root / "imported.parquet"))
    assert had >= 10
    source.trouble = lambda _: None
    run(source, root, 30)
    assert tables(root) == tables(undisturbed)
    assert sum(source.fetched.values()) <= len(read_table(root / "imported.parquet")) + AT_ONCE


def test_other_settings_under_the_same_name_are_named(tmp_path):
    root = tmp_path / "d"
    run(TinySource(), root, 3)
    with pytest.raises(UsageError, match=r"--seed 0, now 1") as refused:
        run(TinySource(), root, 3, seed=1, min_distance_m=5.0)
    assert "--min-distance 0, now 5" in str(refused.value)
    other = order(TinySource(), 3, cities=("north",))
    smaller = replace(other.errands[0], area=Disc(Location(48.0, 2.0), 0.5))
    with pytest.raises(UsageError, match="the area of north"):
        collect(replace(other, errands=(smaller,)), root, name="d", open_client=TinySource().client)


def test_nothing_found_says_why_and_may_be_tried_with_other_settings(tmp_path):
    source = TinySource()
    found = run(source, tmp_path / "d", 2, radius_m=0.5, cities=("north",))
    assert found.places == {"north": 0}
    assert found.spots == {"north": 2 * TRIES_PER_PLACE}
    assert "Nothing was found for north at 60 spots: 60 nothing_there. Try" in found.problem
    asked = source.requests
    assert run(source, tmp_path / "d", 2, radius_m=0.5, cities=("north",)).problem
    assert source.requests == asked
    assert not run(source, tmp_path / "d", 2, cities=("north",)).problem


def test_a_torn_line_is_forgotten_and_a_damaged_one_is_not(tmp_path):
    root = tmp_path / "d"
    run(TinySource(), root, 4)
    whole, journal = tables(root), root / "collect" / "tiny.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:-2]) + lines[-2][: len(lines[-2]) // 2])
    run(TinySource(), root, 4)
    assert tables(root) == whole
    with Journal(journal) as reread:
        assert reread.log.cities["south"].places == 4
    journal.write_bytes(b"".join([*lines[:3], lines[3][:20] + b"\n", *lines[4:]]))
    with pytest.raises(IntegrityError, match="line 4 is damaged"):
        run(TinySource(), root, 4)


def test_a_stored_photo_that_is_lost_or_torn_comes_again(tmp_path):
    root = tmp_path / "d"
    run(TinySource(), root, 4)
    whole = tables(root)
    files = sorted((root / "collect" / "tiny" / "images").rglob("*.jpg"))
    files[0].unlink()
    source = TinySource()
    run(source, root, 4)
    assert sum(source.fetched.values()) == 1
    (root / "imported.parquet").unlink()
    (root / "photos.parquet").unlink()
    files[1].write_bytes(files[1].read_bytes()[:100])
    run(source, root, 4)
    assert sum(source.fetched.values()) == 2
    assert tables(root) == whole
    assert verify_dataset(open_dataset(root)) == []


def test_the_journal_names_no_pixels_and_each_photo_once(undisturbed):
    entries = [json.loads(line) for line in (undisturbed / "collect" / "tiny.jsonl").read_text().splitlines()]
    results = [entry["key"] for entry in entries if entry["is"] == "result"]
    assert len(results) == len(set(results))
    spots = [entry["spot"] for entry in entries if entry["is"] == "spot" and entry["city"] == "north"]
    assert spots == list(range(len(spots)))


def test_cities_that_overlap_share_no_photo(tmp_path):
    both = order(TinySource(), 12, cities=("north",))
    (errand,) = both.errands
    twin = replace(errand, city=City("twin", "Twin"))
    found = collect(replace(both, errands=(errand, twin)), tmp_path / "d", name="d", open_client=both.source.client)
    assert found.places == {"north": 12, "twin": 12}
    assert len(open_dataset(tmp_path / "d").photos) == 24
    assert not open_dataset(tmp_path / "d").dropped


def test_the_same_picture_under_two_keys_is_one_place(tmp_path):
    roots = [tmp_path / "a", tmp_path / "b"]
    for root, pause_s in zip(roots, (0.0, 0.01), strict=True):
        source = TinySource(pause_s=pause_s)
        plain = source.candidate
        source.candidate = lambda index, plain=plain: replace(plain(index), facts={"index": str(index % 40)})
        assert not run(source, root, 20, cities=("north",)).problem
        assert len(open_dataset(root).photos) == 20
        assert {row.reason for row in open_dataset(root).dropped} == {"exact_duplicate"}
    assert tables(roots[0]) == tables(roots[1])


def test_a_list_of_positions_ends_where_it_ends(tmp_path):
    source = TinySource()
    spots = Points(tuple(Location(*point) for point in source.points[:200:40].tolist()))
    (errand,) = order(source, 50, cities=("north",)).errands
    wanted = replace(
        order(source, 50, cities=("north",)),
        errands=(replace(errand, area=spots),),
        sampling="positions",
        radius_m=30.0,
    )
    found = collect(wanted, tmp_path / "d", name="d", open_client=source.client)
    assert (found.places, found.spots) == ({"north": 5}, {"north": 5})
    asked = source.requests
    collect(wanted, tmp_path / "d", name="d", open_client=source.client)
    assert source.requests == asked
