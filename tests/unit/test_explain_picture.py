"""The picture of a map: one width, right proportions, words that fit, for photos of every shape; and its sentences."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageFont

from flaneur.errors import InputError, UsageError
from flaneur.explain import words
from flaneur.explain.evidence import Evidence, Known
from flaneur.explain.faithfulness import Faithfulness
from flaneur.explain.methods import occlusion
from flaneur.explain.picture import picture, picture_html, save_picture
from flaneur.explain.run import explain, methods
from flaneur.explain.sheet import bars, fitted, lines, plain, text
from flaneur.explain.square import spread
from flaneur.types import City, CityScore, Location, Photo
from marked_city import built_model, marked_photos


@pytest.fixture(scope="module")
def street():
    return marked_photos(1)[0].image


@pytest.fixture(scope="module")
def heatmap(street):
    return explain(built_model(), street, check=False)


def shaped(street, size):
    return explain(built_model(), street.resize(size), city="arles", check=False)


@pytest.mark.parametrize(
    "size", [(400, 300), (300, 400), (300, 300), (1200, 200), (100, 900), (12, 9), (4000, 12), (9, 3000)], ids=str
)
def test_every_shape_gives_a_picture_that_a_phone_can_show(street, size):
    drawn = picture(shaped(street, size))
    assert drawn.width == 1080
    assert 1000 < drawn.height < 3500
    margin = np.asarray(drawn)[:, :20]
    assert (margin == 255).all()
    assert (np.asarray(drawn)[:, -20:] == 255).all()


def test_the_photo_keeps_its_proportions(street):
    drawn = np.asarray(picture(explain(built_model(), street.crop((40, 0, 100, 96)), check=False)).convert("L"))
    # photo, 324 wide, and map, 648 wide, stand side by side below the heading; the gap between them is white
    top = 215
    assert (drawn[top : top + 900, 40 + 324 : 40 + 324 + 28] == 255).all()
    ends = [
        np.flatnonzero((drawn[top : top + 1045, x] == 255).all(axis=1))[0] for x in (slice(60, 300), slice(500, 900))
    ]
    assert ends == pytest.approx([324 * 96 / 60, 648 * 96 / 60], abs=25)


def test_a_long_photo_that_was_seen_whole_is_shown_whole(street):
    strip = shaped(street, (1200, 200))
    whole = replace(strip, box=(0.0, 0.0, 1.0, 1.0), values=spread(strip.seen, (0.0, 0.0, 1.0, 1.0), (1200, 200)))
    drawn = picture(whole)
    assert drawn.height < picture(strip).height
    assert (np.asarray(drawn)[215 : 215 + 2 * 167 + 28, 42:1038].std(axis=(1, 2)) > 5).sum() > 300


def test_the_same_map_gives_the_same_bytes(heatmap, tmp_path):
    first, second = (save_picture(heatmap, tmp_path / name).read_bytes() for name in ("a.png", "b.png"))
    assert first == second
    with Image.open(tmp_path / "a.png") as drawn:
        assert drawn.width == 1080
    assert save_picture(heatmap, tmp_path / "c.jpg").stat().st_size < len(first)


def test_other_endings_are_refused(heatmap, tmp_path):
    with pytest.raises(UsageError, match=r"why.gif: .*\.png"):
        heatmap.save(tmp_path / "why.gif")


def test_a_notebook_shows_it_with_words_for_those_who_do_not_see_it(heatmap):
    html = picture_html(replace(heatmap, city=City("arles", '"Arles" <b>')))
    assert html == replace(heatmap, city=City("arles", '"Arles" <b>'))._repr_html_()
    assert 'alt="Why &quot;Arles&quot; &lt;b&gt;?' in html
    assert html.count("<") == 1


def test_one_colour_says_that_there_is_nothing(monkeypatch):
    monkeypatch.setattr(occlusion, "explain", lambda *_: pytest.fail("a method was asked"))
    photo = Image.new("RGB", (64, 48), (128, 128, 128))
    grey = explain(built_model(), photo)
    assert grey.limit == 0
    assert words.trust(grey).verdict == "Nothing to show"
    assert "No part" in words.where(grey)
    over = np.asarray(grey.overlay())
    assert (over[:, 24:40] == 128).all()
    with pytest.raises(UsageError, match="no setting 'strid'"):
        explain(built_model(), photo, settings={"strid": 1})


def test_an_answer_that_is_not_the_first_is_told(heatmap):
    ranking = tuple(
        CityScore(City(slug, slug.title()), p, 0.0) for slug, p in (("bari", 0.9), ("cork", 0.0995), ("arles", 0.0005))
    )
    told = replace(heatmap, prediction=replace(heatmap.prediction, ranking=ranking, abstained=False))
    assert words.answer(told) == "The model says Bari, 90 %. Arles comes 3rd, with under 0.1 %."
    doubting = replace(told, prediction=replace(told.prediction, abstained=True))
    assert words.answer(doubting).startswith("The model says: none of the cities I know. First would be Bari.")
    against = replace(told, against=City("cork", "Cork"))
    assert words.question(against) == "Why Arles rather than Cork?"
    assert words.legend(against) == ("for Cork", "for Arles")


@pytest.mark.parametrize(
    ("measured", "verdict"),
    [
        ((0.2, 0.8, 0.5, 0.5, 0.1), "The map holds up"),
        ((0.2, 0.8, 0.5, 0.5, None), "The map holds up"),
        ((0.2, 0.51, 0.5, 0.5, 0.1), "The map holds up in part"),
        ((0.49, 0.8, 0.5, 0.5, 0.1), "The map holds up in part"),
        ((0.6, 0.4, 0.5, 0.5, 0.1), "Do not trust this map"),
        ((0.39, 0.8, 0.16, 0.5, 0.1), "Do not trust this map"),
        ((0.2, 0.4, 0.5, 0.5, 0.1), "Do not trust this map"),
        ((0.2, 0.8, 0.5, 0.5, 0.9), "Do not trust this map"),
        ((0.2, 0.8, 0.5, 0.5, -0.9), "Do not trust this map"),
    ],
)
def test_how_far_to_trust_it(measured, verdict):
    told = words.held(Faithfulness(*measured))
    assert told.verdict == verdict
    assert "20 %" in told.why or measured[0] != 0.2


def test_an_order_worse_than_chance_is_told_as_worse():
    told = words.held(Faithfulness(0.39, 0.5, 0.16, 0.5)).why
    assert "lowers its probability less than hiding at random: on average to 39 %, at random to 16 %" in told
    assert "raises it no further than showing at random: 50 %, at random 50 %" in told
    assert "raises it less than showing at random" in words.held(Faithfulness(0.2, 0.4, 0.5, 0.5)).why


@pytest.mark.parametrize("method", methods())
def test_the_numbers_of_every_method_have_their_unit_below_the_scale(heatmap, method):
    told = words.unit(replace(heatmap, method=method))
    assert ("log-odds" in told) != ("no unit" in told)
    assert ImageFont.load_default(29).getlength(told) <= 1000


def test_caveats(street, heatmap):
    assert words.caveats(heatmap) == ["The network saw only the middle 75 % of the photo."]
    small = shaped(street, (24, 24))
    assert words.caveats(small) == ["The photo is small, 24 pixels: the network saw it enlarged."]


def test_evidence_stands_in_the_picture(heatmap, tmp_path, street):
    street.save(tmp_path / "a.png")
    spot = Location(53.35012, -6.26031)
    one = Known(Photo("a", "0", "dublin", "dublin/x", 9, 9, "s", spot, captured_at="2021-07-03"), tmp_path / "a.png",
                0.1234, True)  # fmt: skip
    lost = replace(one, photo=replace(one.photo, location=None, captured_at=None), path=tmp_path / "gone.png")
    known = replace(heatmap, evidence=Evidence("mine", (one, lost, one, one), 0.75))
    assert picture(known).height > picture(heatmap).height + 700
    assert words.caption(one, {"dublin": "Dublin"}) == ["Dublin", "53.3501, -6.2603", "2021-07-03", "distance 0.123"]
    assert words.caption(lost, {}) == ["Dublin", "x", "no date", "distance 0.123"]
    unnamed = replace(lost, photo=replace(lost.photo, place="dublin/cb052e662d88"))
    assert words.caption(unnamed, {}) == ["Dublin", "no date", "distance 0.123"]
    assert words.vote(known.evidence, {}) == (
        "The 4 photos of mine most like it, one a place: 4 Dublin. The nearest is about as near as usual: 25 % "
        "of its photos have a nearer one at another place. The model was trained on 4 of them."
    )
    told = words.vote(Evidence("mine", (one,), 0.75, "a", itself_learnt=True), {"dublin": "Baile"})
    assert told.endswith("The photo itself is there, and left out with its place. The model was trained on it.")
    assert "1 Baile" in told
    copy = Evidence("mine", (replace(one, distance=0.011),), 0.75)
    assert words.vote(copy, {}).endswith(" The nearest may be this very photo, cropped or saved again.")
    assert "may be" not in words.vote(replace(copy, itself="b"), {})
    for share, said in ((0.16, "is far for this dataset: 84 % of"), (0.9, "is near for this dataset: 10 % of")):
        assert said in words.vote(Evidence("mine", (one,), share), {})
    assert "no other place" in words.vote(Evidence("mine", (), 0.0), {})


def test_words_fit():
    font = ImageFont.load_default(30)
    rows = lines("Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch is a village in Wales", font, 300)
    assert all(font.getlength(row) <= 300 for row in rows)
    assert rows[-1].endswith("Wales")
    assert text("a b", 200, 30).width == bars([("Łódź", 1.0, (0, 0, 0))], 200, 30).width == 200


def test_letters_that_the_font_lacks():
    assert plain("Zürich – São Paulo × Ürümqi") == "Zurich - Sao Paulo x Urumqi"


def test_tiny_pictures_are_shown_pixel_by_pixel():
    dots = Image.fromarray(np.array([[0, 255], [255, 0]], np.uint8))
    assert set(np.asarray(fitted(dots, 100, 100)).ravel().tolist()) == {0, 255}


def test_a_place_that_cannot_be_written_is_told(heatmap, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be written"):
        heatmap.save(tmp_path / "file" / "why.png")
