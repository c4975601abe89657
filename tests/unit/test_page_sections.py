"""Charts of the further sections: every number is there, every text is escaped, nothing undefined is drawn."""

import math
import re
from dataclasses import fields, is_dataclass, replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from flaneur.evaluation.page import axes
from flaneur.evaluation.page.axes import WIDTH, Axis, Chart
from flaneur.evaluation.page.forest import MOST_ROWS, Mark, Row, forest
from flaneur.evaluation.page.sections import RENDERERS, further_sections
from flaneur.metrics import Interval
from flaneur.types import City
from section_examples import EXAMPLES, UNDEFINED, about, examples, share

FOUND = examples()
VOID = {"line", "circle", "polyline", "polygon", "rect", "br", "img"}
HOSTILE = "<script>alert('\"&')</script>"


class Balance(HTMLParser):
    """Notes what is not closed, and every id."""

    def __init__(self):
        super().__init__()
        self.open, self.ids = [], []

    def handle_starttag(self, tag, attrs):
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        assert tag in VOID

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def rendered(found):
    page = RENDERERS[found.key](found)
    checked = Balance()
    checked.feed(page)
    assert checked.open == []
    assert checked.ids == [found.key]
    return page


def changed(value, how):
    """The same dataclass, every leaf inside changed."""
    if isinstance(value, Interval):
        return how(value)
    if is_dataclass(value) and not isinstance(value, City):
        return replace(value, **{one.name: changed(getattr(value, one.name), how) for one in fields(value)})
    if isinstance(value, City):
        return replace(value, name=how(value.name))
    if isinstance(value, tuple):
        return tuple(changed(one, how) for one in value)
    if isinstance(value, dict):
        return {changed(key, how): changed(one, how) for key, one in value.items()}
    return how(value)


def numbers(svg, kind):
    return [float(found) for found in re.findall(rf'\b{kind}="(-?[\d.]+)"', svg)]


@pytest.mark.parametrize("key", FOUND)
def test_a_section_has_a_heading_a_sentence_a_chart_and_its_numbers_as_a_table(key):
    page = rendered(FOUND[key])
    assert re.search(r'<h2 id="\w+">[^<]{8,}</h2><p class="hint">[^<]{40,}</p>', page)
    assert page.count('role="img" aria-label="') >= 1
    assert "<details><summary>" in page
    assert page.count("<tr>") > 3
    assert not re.search(r"\b(nan|inf|None|Interval)\b", page)
    assert page == RENDERERS[key](examples()[key])


@pytest.mark.parametrize("key", FOUND)
def test_all_lies_within_the_picture(key):
    for height, svg in re.findall(rf'<svg viewBox="0 0 {WIDTH} (\d+)"(.*?)</svg>', rendered(FOUND[key]), re.DOTALL):
        across = numbers(svg, "cx") + numbers(svg, "x1") + numbers(svg, "x2") + numbers(svg, "x")
        down = numbers(svg, "cy") + numbers(svg, "y1") + numbers(svg, "y2") + numbers(svg, "y")
        assert all(0 <= x <= WIDTH for x in across)
        assert all(0 <= y <= float(height) for y in down)
        for x, text in re.findall(r'<text x="([\d.]+)" y="[\d.]+" text-anchor="middle">([^<]*)</text>', svg):
            half = 0.5 * axes.LETTER * len(text)
            assert half <= float(x) + 0.1
            assert float(x) <= WIDTH - half + 0.1


@pytest.mark.parametrize("key", FOUND)
def test_texts_are_escaped(key):
    def hostile(value):
        return HOSTILE if isinstance(value, str) and value not in ("removal", "camera", "transplant") else value

    found = changed(FOUND[key], hostile)
    page = rendered(found)
    assert "<script" not in page
    assert "=\"'" not in page


@pytest.mark.parametrize("key", FOUND)
def test_what_is_undefined_is_not_drawn(key):
    page = rendered(changed(FOUND[key], lambda value: UNDEFINED if isinstance(value, Interval) else value))
    assert not re.search(r"\b(nan|inf|None)\b", page)
    assert '<line class="whisker' not in page


def test_every_further_section_has_a_renderer_and_they_come_in_one_order():
    assert set(FOUND) == set(RENDERERS)
    page = further_sections(dict(reversed(FOUND.items())) | {"of a plug-in": FOUND["distance"]})
    assert re.findall(r'<h2 id="(\w+)"', page) == list(RENDERERS)
    assert further_sections({}) == ""


def test_points_lie_where_their_numbers_say():
    chart = Chart(Axis("", (), 1, 100, logarithmic=True), Axis("", ((0, "0"), (1, "1")), 0, 1))
    left, right = chart.across(1), chart.across(100)
    assert chart.across(10) == pytest.approx((left + right) / 2)
    assert chart.down(0.25) == pytest.approx(0.75 * chart.down(0) + 0.25 * chart.down(1))
    mark = axes.whiskered(chart, 10, share(0.5, 0.25), 1, "a < b")
    assert f'cx="{chart.across(10):.1f}" cy="{chart.down(0.5):.1f}"' in mark
    assert f'y1="{chart.down(0.25):.1f}"' in mark
    assert f'y2="{chart.down(0.75):.1f}"' in mark
    assert "<title>a &lt; b</title>" in mark


def test_colours_are_never_alone_in_telling_marks_apart():
    assert len({re.sub(r"key-\d|[\d.]+", "", axes.symbol(9, 9, key)) + str(key in (1, 2)) for key in (1, 3)}) == 2
    shapes = [re.sub(r'class="key-\d"', "", axes.symbol(9, 9, key)) for key in (0, 1, 3)]
    assert len(set(shapes)) == 3


@pytest.mark.parametrize(
    "axis",
    [
        axes.share_axis("", [0.42, 0.97]),
        axes.share_axis("", [1.0, 1.0]),
        axes.share_axis("", [0.0]),
        axes.share_axis("", []),
        axes.share_axis("", [math.nan]),
        axes.share_axis("", [-0.71, 0.02], signed=True),
        axes.number_axis("", [0.5]),
        axes.number_axis("", [3, 3], whole=True),
        axes.number_axis("", [2, 100], whole=True),
        axes.log_axis("", [7.0]),
        axes.log_axis("", [1.0, 1e6]),
        axes.log_axis("", []),
    ],
)
def test_an_axis_has_ascending_ticks_within_its_ends(axis):
    values = [value for value, _ in axis.ticks]
    assert 1 <= len(values) <= 10
    assert values == sorted(set(values))
    assert axis.low - 1e-9 <= values[0] <= values[-1] <= axis.high + 1e-9
    assert all(0 <= axis.share(value) <= 1 for value in values)


def test_labels_below_a_chart_never_touch():
    axis = axes.log_axis("", [1.0, 9.0], ticks=[1, 2, 3, 4, 5, 5.01, 5.02, 9])
    drawn = axes.bottom_labels(axis, lambda value: 20 + 300 * axis.share(value), 100)
    found = [
        (float(x), text) for x, text in re.findall(r'<text x="([\d.]+)" y="[\d.]+" text-anchor="middle">(.*?)<', drawn)
    ]
    ends = [(x - axes.LETTER * len(text) / 2, x + axes.LETTER * len(text) / 2) for x, text in found]
    assert all(end < start for (_, end), (start, _) in pairwise(ends))
    assert "5.01" not in drawn


def test_a_forest_draws_the_first_rows_and_breaks_long_names():
    row = Row("a name much longer than a phone is wide, of some campaign of 2017", "90 %", (Mark(1, about(0.9), "t"),))
    axis = axes.share_axis("", [0.8, 1.0])
    assert forest([row], axis, "label").count('class="row name"') == 2
    many = forest([replace(row, name=str(number)) for number in range(3 * MOST_ROWS)], axis, "label")
    assert many.count('class="row name"') == MOST_ROWS


def test_a_section_without_measured_groups_still_says_why():
    bare = replace(FOUND["cross"], drops=(), drop=None, bound=("a", "b"))
    assert "Nothing can be said of a, b" in rendered(bare)
    alone = replace(FOUND["source_probe"], cities=(), accuracy=None)
    assert "<svg" not in rendered(alone)
    assert "cannot be measured here" in rendered(alone)
    unfitted = replace(FOUND["learning_curve"], fit=None)
    assert "For so many right answers" not in rendered(unfitted)


def test_one_photo_of_which_a_column_is_not_known_is_one_photo():
    table = replace(FOUND["slices"].tables[0], without=1)
    assert "; not known of 1 photo<" in further_sections({"slices": replace(FOUND["slices"], tables=(table,))})


def test_examples_are_of_every_section():
    assert len(EXAMPLES) == len(FOUND)
