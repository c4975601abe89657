"""The report's page in a real browser: light and dark, wide and narrow, with and without its script, on paper."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from flaneur.evaluation.page.page import to_html
from reports import HOSTILE, drawn_report
from serving import PATIENCE_MS, expect

WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 360, "height": 740}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    folder = tmp_path_factory.mktemp("pages")
    made = {"small": to_html(drawn_report(folder)), "many": to_html(drawn_report(folder, 40, 2000))}
    made["bare"] = to_html(drawn_report(folder), photos=False)
    for name, text in made.items():
        (folder / f"{name}.html").write_text(text, "utf-8")
    return SimpleNamespace(**{name: folder / f"{name}.html" for name in made})


@pytest.fixture
def look(browser: Any) -> Iterator[Any]:
    """Opens a page; in the end, none may have complained, or asked any host for anything."""
    contexts, complaints, asked = [], [], []

    def open_page(path: Path, size: dict[str, int] = WIDE, **options: Any) -> Any:
        contexts.append(browser.new_context(viewport=size, **options))
        contexts[-1].set_default_timeout(PATIENCE_MS)
        page = contexts[-1].new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(path.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_nothing_serious_stands_in_anybodys_way(files, look, scheme, size):
    page = look(files.small, size, color_scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    page.evaluate((resources.files("axe_core_python") / "axe.min.js").read_text("utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in ("serious", "critical")] == []


@pytest.mark.parametrize("name", ["small", "many", "bare"])
def test_a_phone_need_not_scroll_sideways(files, look, name):
    page = look(getattr(files, name), NARROW)
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]


def test_without_its_script_the_numbers_and_photos_are_there(files, look):
    page = look(files.small, java_script_enabled=False)
    expect(page.get_by_role("heading", name="Key numbers")).to_be_visible()
    expect(page.locator(".numbers strong").first).to_have_text(re.compile("%$"))
    expect(page.locator(".tools")).to_be_hidden()
    expect(page.locator("#photos img").first).to_be_visible()
    block = page.locator(".album .cell").first
    expect(block).to_be_hidden()
    page.locator(f'.confusion a[href="#{block.get_attribute("id")}"]').click()
    expect(block.locator("img").first).to_be_visible()


def test_cities_are_sorted_by_a_click(files, look):
    page = look(files.many)
    table = page.locator("#cities table")

    found = "[...document.querySelectorAll('#cities tbody tr')].map((row) => Number(row.cells[1].dataset.v))"
    table.get_by_role("button", name="found").click()
    expect(table.locator("th").nth(1)).to_have_attribute("aria-sort", "descending")
    falling = page.evaluate(found)
    assert falling == sorted(falling, reverse=True)
    table.get_by_role("button", name="found").click()
    expect(table.locator("th").nth(1)).to_have_attribute("aria-sort", "ascending")
    assert page.evaluate(found) == falling[::-1] == sorted(falling)


def test_a_cell_opens_its_photos_by_mouse_and_by_keys(files, look):
    page = look(files.small)
    dialog = page.locator("dialog")
    page.locator(".confusion td.wrong a").first.click()
    expect(dialog.locator("h2")).to_contain_text("taken for")
    expect(dialog.locator("img").first).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    stop = page.locator('.confusion a[tabindex="0"]')
    expect(stop).to_have_count(1)
    stop.focus()
    before = page.locator(".readout").inner_text()
    page.keyboard.press("ArrowDown")
    expect(page.locator(".readout")).not_to_have_text(before)
    page.keyboard.press("Enter")
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_be_hidden()


def test_the_matrix_is_zoomed_and_put_in_order(files, look):
    page = look(files.many)
    matrix = page.locator(".matrix")
    rows = "[...document.querySelectorAll('.confusion tbody th')].map((head) => head.textContent)"
    heads = "[...document.querySelectorAll('.confusion thead th span')].map((head) => head.textContent).slice(0, -1)"
    off = "[...document.querySelectorAll('.confusion tbody tr')].filter((row, n) => row.cells[n + 1].matches('.wrong'))"
    own = page.evaluate(rows)
    for order in ("name", "right", "alike", "own"):
        page.locator("[data-order]").select_option(order)
        assert page.evaluate(rows) == page.evaluate(heads)
        assert page.evaluate(f"{off}.length") == 0
        assert sorted(page.evaluate(rows)) == sorted(own)
    assert page.evaluate(rows) == own
    page.get_by_role("button", name="Fit").click()
    expect(matrix).to_have_class(re.compile("tiny"))
    assert matrix.evaluate("(one) => one.scrollWidth <= one.clientWidth + 1")
    for _ in range(8):
        page.get_by_role("button", name="Larger").click()
    expect(matrix).not_to_have_class(re.compile("tiny"))
    page.locator("[data-show]").select_option("rates")
    expect(page.locator(".confusion td.right b").first).to_be_hidden()


def test_names_are_text_and_no_other_script_may_run(files, look):
    page = look(files.small)
    expect(page.locator("#cities").get_by_text(HOSTILE).first).to_be_visible()
    expect(page.locator("script")).to_have_count(1)
    expect(page.locator("img[onerror]")).to_have_count(0)


def test_other_scripts_are_refused_by_the_page_itself(files, browser):
    page = browser.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.goto(files.small.as_uri())
    page.evaluate("document.body.append(Object.assign(document.createElement('script'), {text: 'window.ran = 1'}))")
    assert page.evaluate("window.ran") is None
    page.close()


def test_on_paper_there_are_no_buttons_and_all_of_the_matrix(files, look):
    page = look(files.small)
    page.emulate_media(media="print")
    expect(page.locator(".tools")).to_be_hidden()
    expect(page.locator(".toc")).to_be_hidden()
    assert page.locator(".matrix").evaluate("(one) => getComputedStyle(one).overflow") == "visible"
    assert page.pdf().startswith(b"%PDF")
