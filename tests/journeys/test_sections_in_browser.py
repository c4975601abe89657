"""Charts of the further sections in a real browser: no words over words, nothing cut off, nothing in anybody's way."""

from importlib import resources

import pytest

from chart_clashes import CLASHES, unfolded
from flaneur.evaluation.page.frame import Frame, whole_page
from flaneur.evaluation.page.sections import further_sections
from section_examples import examples


@pytest.fixture(scope="module")
def page(browser, tmp_path_factory):
    file = tmp_path_factory.mktemp("sections") / "page.html"
    file.write_text(
        whole_page(Frame("Charts", "flaneur", "made-up numbers", "end"), further_sections(examples())), "utf-8"
    )
    with unfolded(browser, file) as opened:
        yield opened


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_words_are_whole_and_apart_and_nothing_scrolls_sideways(page, width):
    page.set_viewport_size({"width": width, "height": 900})
    assert page.locator("figure.chart > svg").count() > len(examples())
    assert page.evaluate(CLASHES) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_serious_stands_in_anybodys_way(page, scheme):
    page.emulate_media(color_scheme=scheme)
    page.evaluate((resources.files("axe_core_python") / "axe.min.js").read_text("utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []
