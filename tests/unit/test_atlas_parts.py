"""Sub-clusters, galleries and where a model succeeds, on atlases whose answer is known; their sections of the page."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from flaneur.errors import InputError
from flaneur.evaluation.page.thumbnails import Thumbnails
from flaneur.explain.atlas.basis import spots
from flaneur.explain.atlas.clusters.agreement import Agreement
from flaneur.explain.atlas.clusters.clusters import clusters
from flaneur.explain.atlas.clusters.modes import divide
from flaneur.explain.atlas.galleries import galleries
from flaneur.explain.atlas.page.local_map import Ground, local_map
from flaneur.explain.atlas.page.sections import RENDERERS, further_sections
from flaneur.explain.atlas.parts import MEASURES, with_parts
from flaneur.explain.atlas.where import districts, where
from flaneur.types import Location
from planted_atlas import HOSTILE, planted, with_facts

MINE = ("cities", "clusters", "galleries", "where")


def two_faced(apart=9.0, each=80):
    """Two cities; half of the first one's places lie elsewhere."""
    atlas = planted(np.array([[0.0, 0, 0, 0], [0, 30, 0, 0]]), each)
    rows = atlas.embeddings.copy()
    rows[:each:2, 4] += apart
    return replace(atlas, embeddings=rows)


def test_planted_parts_are_found_and_one_cloud_is_not_divided():
    found = clusters(two_faced())
    first, second = found.cities
    assert (len(first.parts), len(second.parts)) == (2, 1)
    assert first.division.apart
    assert first.division.strength > 0.95
    assert sorted(first.parts[0].rows.tolist()) in (list(range(0, 80, 2)), list(range(1, 80, 2)))
    assert np.unique(found.codes[:80]).tolist() == [0, 1]
    assert (found.codes[80:] == -1).all()
    (column,) = found.columns()
    assert column.names == ("Town 0 A", "Town 0 B", "none in its city")
    assert np.unique(column.codes[80:]).tolist() == [2]
    assert first.parts[0].share.value == pytest.approx(0.5)


def test_many_photos_of_one_spot_make_no_part():
    atlas = planted(np.zeros((1, 4)), 45, views=6)
    assert not clusters(atlas).cities[0].divided
    one_square = [Location(5.0 + 1e-5 * row, 5.0) for row in range(270)]
    with pytest.raises(InputError, match="40 places"):
        clusters(with_facts(atlas, location=one_square))


def test_a_long_cloud_may_be_cut_but_is_not_said_to_stand_apart():
    rng = np.random.default_rng(0)
    found = divide(rng.normal(size=(300, 3)) * (6, 1, 1), np.arange(300))
    assert found.explained <= found.one_cloud[1] * 1.02
    assert not found.apart


def test_what_parts_follow_comes_first_and_is_named():
    atlas = two_faced()
    years = ["2012" if row % 2 else "2019" for row in range(160)]
    found = clusters(with_facts(atlas, captured_at=years))
    follows = found.cities[0].follows
    assert follows[0].column == "year"
    assert follows[0].more.value == pytest.approx(0.5, abs=0.05)
    assert "ground" not in [one.column for one in follows]  # no two of these places share a kilometre
    assert any("same year" in text for text in found.findings().beware)


def test_agreement_is_a_share_of_pairs_from_different_places():
    rng = np.random.default_rng(3)
    groups, facts, places = rng.integers(0, 3, 40), rng.integers(0, 4, 40), np.repeat(np.arange(20), 2)
    other = places[:, None] != places
    same, fact = groups[:, None] == groups, facts[:, None] == facts
    expected = same[fact & other].mean() - same[other].mean()
    assert Agreement.of(groups, facts, places)(np.ones((1, 40)))[0, 0] == pytest.approx(expected)


def test_spots_join_places_within_a_square_and_never_two_cities():
    atlas = planted(np.zeros((2, 2)), 3)
    near = with_facts(atlas, location=[Location(1.0, 1.0 + 1e-6 * row) for row in range(6)])
    assert len(set(spots(near.answers.photos).tolist())) == 2
    assert len(set(spots(with_facts(atlas, location=[None] * 6).answers.photos).tolist())) == 6


def test_galleries_show_what_was_planted():
    atlas = planted(np.array([[0.0, 0, 0], [40, 0, 0]]), 30)
    rows, logits = atlas.embeddings.copy(), atlas.answers.logits.copy()
    rows[7, 3] += 60
    logits[4], logits[5] = (-30, 30), (60, -60)
    found = galleries(replace(atlas, embeddings=rows, answers=replace(atlas.answers, logits=logits)))
    town = found.cities[0]
    assert (town.typical[0], town.confused[0], town.untypical[0]) == (5, 4, 7)
    assert len({*town.typical, *town.confused, *town.untypical}) == 12
    assert int(found.away[:30].argmax()) == 7
    assert np.isfinite(found.away).all()


def test_galleries_and_maps_are_of_new_photos():
    atlas = planted(np.eye(2), 30)
    half = replace(atlas, learnt=np.arange(60) % 2)
    found = galleries(half)
    assert all(row % 2 == 0 for one in found.cities for row in (*one.typical, *one.confused, *one.untypical))
    assert np.isnan(found.away[1::2]).all()
    assert all(row % 2 == 0 for one in where(half).cities for row in one.rows.tolist())


def test_a_district_where_the_model_fails_is_named():
    atlas = planted(np.eye(2), 60)
    logits = atlas.answers.logits.copy()
    logits[:15] = (-9, 9)
    found = where(replace(atlas, answers=replace(atlas.answers, logits=logits)))
    recalls = [district.recall.value for district in found.cities[0].districts]
    assert recalls == [0.0, 1.0, 1.0, 1.0]
    assert all(district.recall.groups == 15 for district in found.cities[0].districts)
    assert "Town 0 (0 %" in found.findings().beware[-1]
    with pytest.raises(InputError, match="position"):
        where(with_facts(atlas, location=[None] * 120))


def test_districts_never_part_a_place():
    rng = np.random.default_rng(5)
    at, places = np.repeat(rng.uniform(0, 1, (70, 2)), 3, axis=0), np.repeat(np.arange(70), 3)
    found = districts(at + rng.normal(0, 1e-3, at.shape), places)
    assert all(len(set(found[places == place])) == 1 for place in range(70))
    assert min(len(set(places[found == one])) for one in set(found)) >= 12


@pytest.mark.parametrize(
    ("lat", "lon"), [((60.0, 60.1), (10.0, 10.01)), ((-33.9, -33.89), (151.0, 152.0)), ((0, 0), (5, 5))]
)
def test_maps_keep_distances_alike_in_both_directions(lat, lon):
    at = np.column_stack([np.linspace(*lat, 50), np.linspace(*lon, 50)])
    ground = Ground.around(at)
    right, down = ground.px_per_degree
    assert right / down == pytest.approx(np.cos(np.radians(at[:, 0].mean())), rel=0.02)
    inside = sum(ground.holds(*ground.place(*one)) for one in at.tolist())
    assert inside >= 48
    drawn = local_map([Location(*one) for one in at.tolist()], [1] * 50, "map")
    assert len(re.findall("<circle", drawn)) == inside


def test_the_sections_need_no_photo_repeat_themselves_and_keep_texts_texts(tmp_path):
    atlas = with_facts(two_faced(), author=[HOSTILE] * 160)
    Image.new("RGB", (80, 60), "teal").save(tmp_path / "one.jpg")
    atlas = replace(atlas, paths={photo.id: tmp_path / "one.jpg" for photo in atlas.answers.photos})
    made = with_parts(replace(atlas, answers=atlas.answers.where(np.ones(160, bool))))
    parts = {key: made.parts[key] for key in MINE}
    page = further_sections(parts, Thumbnails(atlas.paths))
    assert page == further_sections(parts, Thumbnails(atlas.paths))
    assert HOSTILE not in page
    assert 'class="scroll matrix' not in page  # the script of every page takes that for the matrix of an evaluation
    assert page.count("<img alt=") == page.count('<figure class="right">') + page.count('<figure class="wrong">')
    assert page.count('src="data:image/jpeg') >= 24
    without = further_sections(parts, Thumbnails({}))
    assert "<img" not in without
    assert 'id="where"' in without
    assert list(parts) == [key for key in RENDERERS if key in MINE]
    for part in parts.values():
        part.to_dict(), part.findings(), part.columns()
    assert set(MINE) <= set(MEASURES)


def test_what_cannot_be_measured_is_said():
    made = with_parts(planted(np.zeros((1, 3)), 3))
    assert set(MINE) <= set(made.not_measured)
    assert made.not_measured["cities"].startswith("Not measured: how far apart cities are. It takes 2 cities")


def test_without_photos_no_sentence_tells_of_photos_shown():
    made = with_parts(two_faced())
    page, bare = (further_sections(made.parts, Thumbnails({}, most)) for most in (8, 0))
    for words in ("Shown are the photos nearest", "four photos of a kind"):
        assert words in page
        assert words not in bare


def test_cities_with_too_few_places_are_not_said_to_have_no_parts():
    atlas = planted(np.zeros((2, 3)), 60)
    few = atlas.answers.photos[:66]
    keep = np.arange(120) < len(few)
    some = replace(
        atlas, answers=atlas.answers.where(keep), embeddings=atlas.embeddings[keep], learnt=atlas.learnt[keep]
    )
    found = clusters(some).findings()
    assert found.good == ("No sub-clusters were found in 1 city; for 1 city more, places are too few to tell.",)
