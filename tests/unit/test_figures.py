"""Pieces of the page: nothing undefined is drawn, nothing certain is claimed, nothing is cut off."""

from html import escape
from math import nan

import numpy as np
import pytest

from flaneur.evaluation.answers import Answers, Doubt
from flaneur.evaluation.page import figures, gallery
from flaneur.evaluation.page.frame import read_part
from flaneur.evaluation.page.thumbnails import Thumbnails
from flaneur.metrics import Interval
from flaneur.types import City, Photo
from photos import save

UNDEFINED = Interval(nan, nan, nan, 0, 0)
HALF = Interval(0.5, 0.4, 0.6, 10, 5)


def test_what_is_undefined_is_one_dash_without_a_bar():
    assert figures.barred_cell("found", UNDEFINED) == '<td class="barred none" data-name="found">not measured</td>'
    assert figures.plain_cell("F1", UNDEFINED) == '<td class="num" data-name="F1">–</td>'
    assert figures.count_cell(UNDEFINED) == '<td class="num" data-name="photos" data-v="0">0</td>'
    assert 'class="bar"' not in figures.number_row("a", "b", UNDEFINED)


def test_a_baseline_inside_the_interval_is_drawn_over_it():
    bar = figures.interval_bar(HALF, 0.5)
    assert bar.index('class="band"') < bar.index('class="mark"') < bar.index('class="tick"')


@pytest.mark.parametrize(
    ("logits", "doubt", "kind", "said", "short"),
    [
        ([9.0, 0.0], Doubt(), "right", "says Arles, over 99 %", "over 99 % sure"),
        ([0.0, 2.0], Doubt(), "wrong", "says Bari, 88 %", "88 % sure"),
        ([0.0, 2.0], Doubt(probability_threshold=1.0), "refused", "refused; first guess Bari, 88 %", "refused, 88 %"),
    ],
)
def test_a_photo_is_right_wrong_or_refused_and_never_certain(tmp_path, logits, doubt, kind, said, short):
    photo = Photo("a", "0" * 64, "arles", "p", 64, 48, "folder")
    cities = (City("arles", "Arles"), City("bari", "Bari"))
    answers = Answers(cities, (photo,), np.array([logits]), np.zeros(1), doubt)
    shown = gallery.figures(answers, [0], Thumbnails({"a": save(tmp_path / "a.jpg")}))
    assert shown.startswith(f'<figure class="{kind}">')
    assert f"<span>{escape(said)}</span>" in shown
    brief = gallery.figures(answers, [0], Thumbnails({"a": save(tmp_path / "a.jpg")}), brief=True)
    assert f"<figcaption><span>{short}</span></figcaption>" in brief


def test_names_of_cities_are_never_cut_off():
    assert "ellipsis" not in read_part("style.css")
