"""The photo page in a real browser: photos dropped and chosen, answers, reasons, other models, saving."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from bundles import tiny_bundle
from flaneur.predict import Model, load
from flaneur.serve.http.about import identity
from photos import drawn, jpeg
from serving import DESK, PHONE, Served, barriers, expect, is_wider_than_its_window, serving

_DROP = """([name, data]) => {
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([bytes], name, {type: "image/jpeg"}));
  for (const kind of ["dragenter", "dragover", "drop"]) {
    document.body.dispatchEvent(new DragEvent(kind, {dataTransfer, bubbles: true, cancelable: true}));
  }
}"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A model of random weights, which costs nothing to ask, and the bundled one beside it."""
    tiny = Model(tiny_bundle(tmp_path_factory.mktemp("models") / "tiny"))
    with serving([tiny, load()]) as running:
        yield running


def photo(seed: int = 3, **tags: float) -> dict[str, Any]:
    """A file as Playwright takes it."""
    data = jpeg(drawn(seed, 640, 480), **tags)
    return {"name": f"street-{seed}.jpg", "mimeType": "image/jpeg", "buffer": data}


def open_page(visit: Any, served: Served, *args: Any, **options: Any) -> Any:
    """The photo page, once it takes photos."""
    page = visit(served.address, *args, **options)
    page.locator("#map canvas").wait_for()
    return page


def reasons(page: Any) -> Any:
    """The verdict of the check of the map, once it is there."""
    found = page.locator(".why-trust summary")
    found.wait_for()
    return found


def saved(page: Any, button: str, folder: Path) -> Path:
    """What a button hands to the visitor."""
    with page.expect_download() as download:
        page.get_by_role("button", name=button).click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def test_a_dropped_photo_gets_answer_reasons_and_a_file_to_keep(served, visit, tmp_path):
    page, given = open_page(visit, served), photo(lat=48.8566, lon=2.3522)
    page.evaluate(_DROP, [given["name"], base64.b64encode(given["buffer"]).decode()])
    page.locator("#bars li.first").wait_for()
    page.locator("#model select").select_option("base")
    page.locator("#bars li.rest", has_text="3 more cities").wait_for()
    first = page.locator("#bars li.first")
    expected = load().predict(given["buffer"])
    assert expected.ranking[0].city.name in first.inner_text()
    assert f"{100 * expected.probability:.0f}\u00a0%" in first.inner_text()
    assert (
        expected.ranking[0].city.name in page.locator("#meaning, #verdict").all_inner_texts()[0] or expected.abstained
    )
    expect(page.locator("#gps")).to_contain_text("48.8566")
    assert reasons(page).inner_text()
    expect(page.get_by_text("nearest known photos")).to_be_visible()
    kept = json.loads(saved(page, "As data", tmp_path).read_text("utf-8"))
    assert [score["probability"] for score in kept["answer"]["ranking"]] == [
        round(score.probability, 6) for score in expected.ranking
    ]
    assert kept["why"]["city"] == expected.ranking[0].city.slug
    assert kept["why"]["faithfulness"]["deletion_auc"] >= 0
    assert kept["model"] == identity(load())
    assert "gps_in_file" not in json.dumps(kept)
    page.get_by_label("Keep the position").check()
    assert json.loads(saved(page, "As data", tmp_path).read_text("utf-8"))["answer"]["gps_in_file"]["lat"] == 48.8566


def test_the_map_is_faded_by_keys_and_asked_anew(served, visit):
    page = open_page(visit, served)
    page.set_input_files("#choose", [photo()])
    reasons(page)
    fader = page.get_by_label("How much of the map")
    fader.focus()
    page.keyboard.press("Home")
    expect(page.locator(".why-map")).to_have_css("opacity", "0")
    page.keyboard.press("End")
    expect(page.locator(".why-map")).to_have_css("opacity", "1")
    expect(page.locator(".why-photo")).to_have_css("filter", re.compile("grayscale"))
    page.get_by_label("Method").select_option("cam")
    page.get_by_text("log-odds that a cell of the last map adds").wait_for()
    first = page.get_by_label("What speaks for").input_value()
    other = page.get_by_label("rather than").locator("option:not([disabled])").nth(1)
    assert other.get_attribute("value") != first
    page.get_by_label("rather than").select_option(other.get_attribute("value"))
    page.locator(".why-legend", has_text=f"for {other.inner_text()}").wait_for()
    assert reasons(page).text_content()


def test_a_busy_server_is_asked_again(served, visit):
    page = open_page(visit, served)
    busy = {"error": {"code": "busy", "message": "The server has as much waiting as it takes on."}}
    page.route("**/v1/explain", lambda route: route.fulfill(status=429, headers={"Retry-After": "2"}, json=busy))
    page.set_input_files("#choose", [photo()])
    page.locator(".why-line", has_text="2 seconds").wait_for()
    visit.forgive("429")
    page.unroute("**/v1/explain")
    page.get_by_role("button", name="Try again").click()
    assert reasons(page).text_content()
    expect(page.get_by_role("button", name="Try again")).to_be_hidden()


def test_views_of_one_place_get_one_answer(served, visit, tmp_path):
    page, views = open_page(visit, served), [photo(seed) for seed in (1, 2, 3)]
    page.set_input_files("#choose", views)
    page.locator("#strip button").nth(2).wait_for()
    page.get_by_label("one place").check()
    page.get_by_text("One answer from 3 photos together.").wait_for()
    expected = served.engine.models["tiny"].predict([view["buffer"] for view in views])
    expect(page.locator("#bars li.first")).to_contain_text(expected.ranking[0].city.name)
    views_shown = page.locator(".why-choices select").first.locator("option")
    expect(views_shown).to_have_text(["1 of 3", "2 of 3", "3 of 3"])
    assert reasons(page).text_content()
    text = saved(page, "As a page", tmp_path).read_text("utf-8")
    assert "One answer from 3 photos together." in text
    assert identity(served.engine.models["tiny"])["hash"] in text


def test_a_broken_file_is_told_apart_from_those_that_can_be_read(served, visit):
    page = open_page(visit, served)
    page.set_input_files("#choose", [{**photo(), "name": "broken.jpg", "buffer": b"no picture at all"}])
    page.get_by_text("broken.jpg cannot be used: it is no picture").wait_for()
    visit.forgive("415")
    expect(page.locator("#bars li")).to_have_count(0)
    expect(page.get_by_role("button", name="As data")).to_have_count(0)
    whole = photo()
    page.set_input_files("#again", [{**whole, "name": "half.jpg", "buffer": whole["buffer"][:2000]}, whole])
    page.locator("#bars li.first").wait_for()
    expect(page.locator("#strip li", has_text="No photo that can be read")).to_have_count(1)


def test_thirty_megapixels_are_answered(served, visit):
    file = BytesIO()
    drawn(4, 6000, 5000).save(file, "JPEG", quality=60)
    page = open_page(visit, served)
    page.set_input_files("#choose", [{**photo(), "buffer": file.getvalue()}])
    page.locator("#bars li.first").wait_for()
    expected = served.engine.models["tiny"].predict(file.getvalue())
    assert f"{100 * expected.probability:.0f}\u00a0%" in page.locator("#bars li.first").inner_text()
    assert reasons(page).text_content()
    page.locator(".why-photo").evaluate("(photo) => photo.decode()")
    assert page.locator(".why-photo").evaluate("(photo) => photo.naturalWidth") == 6000


def test_what_is_kept_points_nowhere_and_tells_nothing_more(served, visit, tmp_path):
    page = open_page(visit, served, PHONE)
    page.set_input_files("#choose", [photo(lat=48.8566, lon=2.3522)])
    reasons(page)
    page.get_by_role("button", name="Ask the other model too").click()
    page.locator(".compare-card").nth(1).wait_for()
    page.get_by_text("not measured on the same photos").wait_for()
    expect(page.locator(".compare-card h3")).to_have_text(["tiny 1.0", served.engine.models["base"].name])
    text = saved(page, "As a page", tmp_path).read_text("utf-8")
    assert not re.search(r"https?:|<script|<a |<link|href=|src=\"(?!data:)", text)
    assert f"{served.engine.models['base'].name}: " in text
    assert "48.8566" not in text
    for picture in re.findall(r'src="data:image/jpeg;base64,([^"]+)"', text):
        assert not Image.open(BytesIO(base64.b64decode(picture))).getexif()
    assert text.count("data:image/jpeg") == 2
    with Image.open(saved(page, "As a picture", tmp_path)) as picture:
        assert picture.format == "PNG"
        assert picture.width == 1080
        assert picture.height > picture.width / 2
    (tmp_path / "page.html").write_text(text, "utf-8")
    page.goto((tmp_path / "page.html").as_uri())
    expect(page.get_by_role("heading", name="What speaks for")).to_be_visible()
    assert not is_wider_than_its_window(page)
    visit.asked[:] = [url for url in visit.asked if not url.startswith("file:")]


@pytest.mark.parametrize(("size", "locale"), [(DESK, "en-GB"), (PHONE, "de-CH")], ids=["desk", "phone"])
def test_nobody_is_kept_out_in_either_language(served, visit, size, locale):
    page = open_page(visit, served, size, locale=locale, color_scheme="light")
    page.set_input_files("#choose", [photo(1, lat=48.8566, lon=2.3522), photo(2)])
    reasons(page).click()
    german = locale.startswith("de")
    page.get_by_role("button", name="Auch das andere Modell fragen" if german else "Ask the other model too").click()
    page.locator(".compare-card").nth(1).wait_for()
    assert barriers(page) == []
    page.emulate_media(color_scheme="dark")
    assert barriers(page) == []
    assert not is_wider_than_its_window(page)
    page.locator("#language").select_option("en" if german else "de")
    page.get_by_role("heading", name="Keep the result" if german else "Ergebnis behalten").wait_for()
    expect(page.get_by_label("Method" if german else "Verfahren")).to_be_visible()
    expect(page.get_by_text("One photo and four random" if german else "Ein Foto und vier zufällige")).to_be_visible()
