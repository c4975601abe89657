"""The page as a whole and what it shows of photos: within its budget, mistakes first, the same bytes each time."""

import base64
import hashlib
import re
from dataclasses import replace

import numpy as np
import pytest

from flaneur.evaluation.answers import Answers
from flaneur.evaluation.measures.groups import within_groups
from flaneur.evaluation.measures.how_sure import how_sure
from flaneur.evaluation.measures.which_city import which_city
from flaneur.evaluation.page import album, cities, confusion, gallery
from flaneur.evaluation.page.frame import Frame, whole_page
from flaneur.evaluation.page.page import contents, to_html
from flaneur.evaluation.page.thumbnails import Thumbnails
from flaneur.types import City, Photo
from photos import save
from reports import drawn_report

FRAME = Frame("A <b>", "eyebrow", "subtitle", "footer")


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    return drawn_report(tmp_path_factory.mktemp("noise"))


def answers(truths, guesses, places=None, sure=None):
    """Photos of these cities that get these answers, each as probable as told."""
    count = max([*truths, *guesses]) + 1
    known = tuple(City(f"c{number}", f"City {number}") for number in range(count))
    photos = tuple(
        Photo(f"p{row}", "0" * 64, f"c{truth}", f"{row if places is None else places[row]}", 64, 48, "folder")
        for row, truth in enumerate(truths)
    )
    logits = np.eye(count)[list(guesses)] * (5.0 if sure is None else np.asarray(sure)[:, None])
    return Answers(known, photos, logits, np.zeros(len(photos)))


def with_answers(report, known, paths=None):
    groups, together = within_groups(known, known.photos)
    return replace(
        report, known=known, unknown=known.where(known.labels < 0), which=which_city(known), sure=how_sure(known),
        views=None, groups=groups, all_groups=together, novelty=None, paths=paths or {}, sections={},
    )  # fmt: skip


def test_the_same_report_gives_the_same_bytes(report):
    assert to_html(report) == to_html(report)


def test_only_the_pages_own_script_and_no_address_but_data_is_allowed():
    page = whole_page(FRAME, "<p>main</p>", "let a = 1 < 2;")
    script = re.search(r"<script>(.*)</script>", page, re.DOTALL).group(1)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'" in page
    assert "script-src 'none'" in whole_page(FRAME, "")
    assert "<script" not in whole_page(FRAME, "")
    assert "A &lt;b&gt;" in page


def test_every_heading_of_second_rank_is_in_the_contents(report):
    page = to_html(report, photos=False)
    named = re.findall(r'<h2 id="([\w-]+)"', page.split("<dialog")[0])
    assert re.findall(r'<li><a href="#([\w-]+)">', page.split("</nav>")[0]) == named
    assert len(set(named)) == len(named) > 8
    assert contents("") == '<nav class="contents" aria-label="Contents"><ul></ul></nav>'.replace('contents"', 'toc"', 1)


def test_no_element_has_the_name_of_another(report):
    named = re.findall(r'\sid="([^"]+)"', to_html(report))
    assert len(set(named)) == len(named)


def test_the_page_holds_no_more_pictures_than_its_budget(tmp_path):
    paths = {f"p{number}": save(tmp_path / "a.jpg") for number in range(9)}
    few = Thumbnails(paths, most_photos=4)
    assert [bool(few.address(f"p{number}")) for number in range(9)] == [True] * 4 + [False] * 5
    one = len(Thumbnails(paths).address("p0"))
    light = Thumbnails(paths, most_bytes=2 * one)
    assert [bool(light.address(f"p{number}")) for number in range(4)] == [True, True, False, False]


def test_what_cannot_be_read_costs_nothing(tmp_path):
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    thumbnails = Thumbnails({"broken": tmp_path / "broken.jpg", "whole": save(tmp_path / "a.jpg")}, most_photos=1)
    assert thumbnails.address("broken") == thumbnails.address("elsewhere") == ""
    assert thumbnails.address("whole").startswith("data:image/jpeg;base64,")


def test_photos_of_a_cell_come_most_confident_first_and_no_place_twice_before_all_came_once():
    said = answers([0] * 4, [1] * 4, places=["a", "a", "b", "b"], sure=[4, 3, 2, 1])
    assert album.rows_by_cell(said) == {(0, 1): [0, 2, 1, 3]}
    assert album.rows_by_cell(said, most=2) == {(0, 1): [0, 2]}
    assert album.rows_by_cell(answers([0, 1], [0, 0])) == {(0, 0): [0], (1, 0): [1]}


def test_every_mistake_is_shown_once_before_any_is_shown_twice(report, tmp_path):
    known = answers([0, 0, 0, 1, 1, 2], [1, 1, 1, 2, 1, 2])
    paths = {photo.id: save(tmp_path / "a.jpg") for photo in known.photos}
    made = with_answers(report, known, paths)
    shown, cells = album.album(made, Thumbnails(paths, most_photos=3))
    assert set(cells) == {(0, 1), (1, 2), (1, 1)}
    assert shown.count("<img") == 3
    assert all(f'id="{name}"' in shown for name in cells.values())
    assert album.album(made, Thumbnails({})) == ("", {})


def test_the_least_sure_answers_have_a_gallery_of_their_own():
    rows = gallery.telling_rows(answers([0, 0, 1], [0, 1, 1], sure=[3, 1, 2]))
    assert rows == {"right": [0, 2], "wrong": [1], "unsure": [1, 2, 0], "refused": []}


def test_a_cell_leads_to_its_photos_if_there_are_any():
    known = answers([0, 0, 1], [0, 1, 1])
    which = which_city(known)
    table = confusion.confusion_table(known.cities, which.confusion, which.rates, {(0, 1): "cell-0-1"})
    assert table.count("<a ") == 1
    assert '<a href="#cell-0-1"><b>1</b> <small>50 %</small></a>' in table
    assert "City 0 taken for City 1: 1 of 2 photos, 50.0 % (" in table
    assert "City 1 recognised: 1 of 1 photo, 100.0 % (" in table


def test_the_commonest_mistake_is_the_darkest_and_a_row_without_photos_is_empty():
    known = answers([0] * 10 + [1] * 10, [0] * 8 + [1] * 2 + [1] * 9 + [2])
    which = which_city(known)
    table = confusion.confusion_table(known.cities, which.confusion, which.rates, {})
    shades = dict(re.findall(r'<td class="wrong" style="--r:([\d.]+)" title="[^:]*: (\d+) of', table))
    assert shades == {"1.000": "2", "0.707": "1"}
    last = table.split("<tr")[4]
    assert last.count('class="nil"') == 3
    assert 'data-right="-1.0000"' in last


def test_cities_that_are_mixed_up_stand_together():
    blocks = np.diag([50] * 6)
    for one, other in ((0, 3), (3, 5), (1, 4), (4, 2)):
        blocks[one, other] = blocks[other, one] = 20
    order = confusion.order_alike(blocks).tolist()
    assert {frozenset(order[:3]), frozenset(order[3:])} == {frozenset((0, 3, 5)), frozenset((1, 2, 4))}
    chain = np.diag([50] * 5)
    for one, other in ((2, 0), (0, 4), (4, 1), (1, 3)):
        chain[one, other] = 9
    assert confusion.order_alike(chain).tolist() in ([2, 0, 4, 1, 3], [3, 1, 4, 0, 2])
    assert confusion.order_alike(np.array([[3]])).tolist() == [0]
    assert sorted(confusion.order_alike(np.zeros((4, 4), int)).tolist()) == [0, 1, 2, 3]


def test_what_a_city_is_taken_for_is_told_weakest_city_first(report):
    made = with_answers(report, answers([0] * 4 + [1] * 4, [0, 0, 0, 1, 1, 0, 0, 2]))
    cards = cities.guess_cards(made)
    assert re.findall(r"<h4>(City \d)", cards) == ["City 1", "City 0"]
    assert re.findall(r"<span>(City \d)</span>.*?<b>(\d+) %</b>", cards.split("<h4>")[1]) == [
        ("City 0", "50"), ("City 1", "25"), ("City 2", "25"),
    ]  # fmt: skip
    rows = cities.city_rows(made).split("<tr>")
    assert 'data-v="0.5000">City 0<small>50 %</small>' in rows[2]
    assert 'data-v="0">–' in rows[3]


def test_of_many_cities_most_cards_are_folded(tmp_path):
    page = cities.guess_cards(drawn_report(tmp_path, 20, 400))
    assert page.split("<details>")[0].count('class="card"') == 12
    assert page.count('class="card"') == 20
    assert "The other 8 cities" in page


@pytest.mark.parametrize(("truths", "guesses"), [([0], [0]), ([0], [1]), ([1, 1], [1, 1])])
def test_a_page_of_next_to_nothing_is_a_page(report, truths, guesses):
    page = to_html(with_answers(report, answers(truths, guesses)))
    shown = re.sub(r"<script>.*</script>|<style>.*</style>", "", page, flags=re.DOTALL)
    assert re.findall(r".{40}\bnan\b", shown) == []
    assert "inf" not in re.findall(r'--[a-z]:([^;"]+)', page)


def test_a_table_too_wide_for_a_phone_says_so_there_and_words_of_the_trade_are_explained(report):
    page = to_html(report, photos=False)
    assert '<p class="hint narrow">The table may go on to the right' in page
    assert "p.narrow { display: none; }" in page
    assert "<dt>Encoder, head</dt>" in page


def test_without_photos_there_is_no_picture_but_the_numbers_are_there(report):
    page = to_html(report, photos=False)
    assert "<img" not in page
    assert "data:image" not in page
    assert "taken for" in page
