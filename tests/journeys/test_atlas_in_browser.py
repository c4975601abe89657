"""The page of an atlas in a real browser: it opens, moves, finds, picks and lists, for everybody, and asks nobody."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from benchmarks.atlas import drawn_atlas, measured

from flaneur.explain.atlas.atlas import Atlas
from flaneur.explain.atlas.write import write_atlas
from serving import PATIENCE_MS, expect, until

HOSTILE = '</script><img src=x onerror=alert(1)>,"'
PHOTOS = 900


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> tuple[Atlas, Path]:
    folder = tmp_path_factory.mktemp("atlas")
    made = drawn_atlas(folder, PHOTOS, cities=12, name=HOSTILE)
    return made, write_atlas(made, folder / "atlas.html")


def opened(browser: Any, page: Path, width: int = 1280, scheme: str = "light") -> tuple[Any, list[str]]:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, accept_downloads=True)
    context.set_default_timeout(PATIENCE_MS)
    tab, complaints, asked = context.new_page(), [], []
    tab.on("console", lambda message: complaints.append(message.text))
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(page.as_uri())
    expect(tab.locator(".atlas-sheet")).to_have_count(0)
    complaints += [url for url in asked if not url.startswith(("file:", "data:", "blob:"))]
    return tab, complaints


def colours(tab: Any) -> list[int]:
    """Of fifty pixels of the canvas or more, sorted."""
    return list(
        tab.evaluate(
            """() => {
              const canvas = document.querySelector(".atlas-stage > canvas");
              const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
              const counts = new Map();
              for (const pixel of new Uint32Array(data.buffer)) counts.set(pixel, (counts.get(pixel) ?? 0) + 1);
              return [...counts].filter(([, count]) => count >= 50).map(([pixel]) => pixel).sort();
            }"""
        )
    )


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (360, "light")])
def test_anybody_can_use_it_anywhere(browser: Any, drawn: tuple[Atlas, Path], width: int, scheme: str) -> None:
    tab, complaints = opened(browser, drawn[1], width, scheme)
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    until(lambda: len(colours(tab)) > 8)  # twelve cities on a ground
    tab.evaluate((resources.files("axe_core_python") / "axe.min.js").read_text("utf-8"))
    wrong = tab.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    assert [one["id"] for one in wrong if one["impact"] in ("serious", "critical")] == []
    assert complaints == []


def test_search_legend_and_lasso_pick_and_the_list_is_saved(browser: Any, drawn: tuple[Atlas, Path]) -> None:
    found, page = drawn
    tab, complaints = opened(browser, page)
    count = tab.locator(".atlas-count")
    tab.fill("[data-search]", "AUTHOR 171")
    expect(count).to_contain_text(f"4 of {PHOTOS} photos")  # one by the author's name, three of a place
    tab.fill("[data-search]", "")
    expect(count).to_contain_text("Pick some")
    first = tab.locator(".atlas-legend button").first
    first.click()
    name = tab.locator(".atlas-legend button span").first.inner_text()
    mine = sum(f"Town {photo.city[5:]}{HOSTILE}" == name for photo in found.answers.photos)
    expect(count).to_contain_text(f"{mine} of {PHOTOS} photos")
    first.click()
    tab.click("[data-lasso]")
    tab.evaluate("document.querySelector('.atlas').scrollIntoView()")
    box = tab.locator(".atlas-stage > canvas").bounding_box()
    corners = [(0.02, 0.02), (0.98, 0.02), (0.98, 0.98), (0.02, 0.98)]
    spots = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in corners]
    tab.mouse.move(*spots[0])
    tab.mouse.down()
    for spot in spots[1:]:
        tab.mouse.move(*spot, steps=3)
    tab.mouse.up()
    expect(count).to_contain_text(f"{PHOTOS} of {PHOTOS} photos")  # all of them were inside
    expect(tab.locator(".atlas-list button")).to_have_count(60)
    with tab.expect_download() as download:
        tab.click("[data-csv]")
    lines = Path(download.value.path()).read_text("utf-8").splitlines()
    assert lines[0].startswith("photo,x,y,city,verdict,guess,")
    assert len(lines) == PHOTOS + 1
    assert lines[1].startswith('"folder:drawn/000000</script><img src=x onerror=alert(1)>,"".jpg",')
    tab.click("[data-clear]")
    expect(count).to_contain_text("Pick some")
    assert complaints == []


def test_hovering_tells_a_click_keeps_and_zooming_shows_the_photos(browser: Any, drawn: tuple[Atlas, Path]) -> None:
    tab, complaints = opened(browser, drawn[1])
    tab.evaluate("document.querySelector('.atlas').scrollIntoView()")
    until(lambda: len(colours(tab)) > 8)
    before = colours(tab)
    tab.locator(".atlas-stage > canvas").focus()
    for _ in range(6):
        tab.keyboard.press("+")
    until(lambda: colours(tab) != before)
    tab.keyboard.press("0")
    tab.fill("[data-search]", "000123")
    expect(tab.locator(".atlas-count")).to_contain_text("1 of")
    tab.locator(".atlas-list button").click()  # the map moves to it
    expect(tab.locator(".atlas-one a")).to_have_attribute("href", "https://example.org/photo/123")
    box = tab.locator(".atlas-stage > canvas").bounding_box()
    tab.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(tab.locator(".atlas-tip b")).to_contain_text(f"000123{HOSTILE}")
    tab.select_option("[data-colour]", "year")
    expect(tab.locator(".atlas-ends")).to_have_text(re.compile("2010.*2024"))
    tab.click("[data-layout='1']")
    tab.click("[data-whole]")
    until(lambda: tab.locator(".atlas-stage").bounding_box()["x"] == 0)
    tab.keyboard.press("Escape")
    tab.keyboard.press("Escape")
    tab.keyboard.press("Escape")
    expect(tab.locator(".atlas.whole")).to_have_count(0)
    assert complaints == []


def test_how_evenly_it_moves_can_be_measured(browser: Any, drawn: tuple[Atlas, Path]) -> None:
    found = measured(browser, drawn[1], ratio=1, frames=3)  # how evenly it does, only an idle computer can tell
    assert set(found["frames_ms"]) == {0, 2, 6, 10}
