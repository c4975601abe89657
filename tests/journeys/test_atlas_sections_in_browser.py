"""What an atlas tells of cities, in a real browser: the map starts, words are whole and apart."""

from dataclasses import replace
from importlib import resources

import numpy as np
import pytest

from chart_clashes import CLASHES, unfolded
from flaneur.explain.atlas.atlas import Layout
from flaneur.explain.atlas.page.page import to_html
from flaneur.explain.atlas.parts import MEASURES
from flaneur.metrics import Interval
from planted_atlas import planted

KEYS = ("cities", "clusters", "galleries", "where")


@pytest.fixture(scope="module")
def page(browser, tmp_path_factory):
    atlas = planted(np.random.default_rng(0).normal(0, 4, (9, 4)), 42)
    rows = atlas.embeddings.copy()
    rows[:42:2, 4] += 12
    atlas = replace(atlas, embeddings=rows)
    parts = {key: MEASURES[key][1](atlas, None) for key in KEYS}
    atlas = replace(atlas, parts=parts, layouts=(Layout("pca", rows[:, 1:3].astype(float), Interval(1, 1, 1, 9, 9)),))
    file = tmp_path_factory.mktemp("atlas") / "atlas.html"
    file.write_text(to_html(atlas, photos=False), "utf-8")
    with unfolded(browser, file) as opened:
        yield opened


def test_the_map_starts_and_is_coloured_by_sub_cluster(page):
    assert "sub-cluster" in page.locator("[data-colour] option").all_inner_texts()


@pytest.mark.parametrize("width", [360, 1280])
def test_words_are_whole_and_apart_and_nothing_scrolls_sideways(page, width):
    page.set_viewport_size({"width": width, "height": 900})
    assert page.locator("figure.chart > svg").count() == 12
    assert page.evaluate(CLASHES) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_nothing_serious_stands_in_anybodys_way(page):
    page.evaluate((resources.files("axe_core_python") / "axe.min.js").read_text("utf-8"))
    sections = [[f"section[aria-labelledby={key}]"] for key in KEYS]
    found = page.evaluate("(include) => axe.run({include}, {resultTypes: ['violations']})", sections)["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []
