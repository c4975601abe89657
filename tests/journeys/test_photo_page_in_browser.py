"""The photo page and its map in a real browser, with an API that says what the test wants: no server, no model."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from flaneur.geo import distance_km
from flaneur.serve.page.pages import read_site
from photos import drawn, jpeg
from serving import PATIENCE_MS, expect, until

ORIGIN = "http://flaneur.test"
SITE = read_site()
CITIES = [("porto", "Porto", 41.15, -8.61), ("oslo", "Oslo", 59.91, 10.75), ("suva", "Suva", -18.14, 178.44)]
MODEL = {
    "name": "toy",
    "version": "1",
    "cities": [{"slug": slug, "name": name, "lat": lat, "lon": lon} for slug, name, lat, lon in CITIES],
    "methods": ["occlusion"],
    "metrics": {"validation": {"accuracy": {"value": 0.9, "low": 0.8, "high": 0.95, "n": 60, "places": 40}}},
    "limits": [],
}
PHOTO = {"name": "street.jpg", "mimeType": "image/jpeg", "buffer": jpeg(drawn(width=32, height=24))}


def answer(*shares: float, index: tuple[int, ...] = (0,), **more: Any) -> dict[str, Any]:
    """An answer of the API: Porto, Oslo and Suva with these probabilities."""
    keys = ("city", "name", "lat", "lon")
    ranking = [
        {**dict(zip(keys, city, strict=True)), "probability": share} for city, share in zip(CITIES, shares, strict=True)
    ]
    ranking.sort(key=lambda city: -city["probability"])
    said = {"city": ranking[0]["city"], "abstained": False, "reason": "", "novelty": 0.1, "ranking": ranking}
    limits = {"novelty": 0.5, "probability": 0.4}
    said |= {"gps_in_file": None, "views": len(index), "model": "toy 1", "index": list(index), "limits": limits}
    return said | {"sha256": ["0" * 64] * len(index), "photo": ""} | more


class Api:
    """What the API says next, and what it was asked."""

    def __init__(self) -> None:
        self.status, self.headers, self.said, self.asked = 200, {}, {}, []

    def says(self, *answers: dict[str, Any]) -> None:
        self.said = {"model": {"name": "toy", "version": "1"}, "answers": list(answers)}

    def fails(self, status: int, code: str, message: str, **more: Any) -> None:
        self.status, self.said = status, {"error": {"code": code, "message": message}, **more}
        self.headers = {"Retry-After": "3"} if status == 429 else {}

    def answer(self, route: Any) -> None:
        path = route.request.url.removeprefix(ORIGIN)
        if path in SITE.pages:
            route.fulfill(body=SITE.pages[path]["en"], content_type="text/html; charset=utf-8")
        elif path in SITE.assets:
            route.fulfill(body=SITE.assets[path].data, content_type=SITE.assets[path].media_type)
        elif path == "/v1/models":
            route.fulfill(json={"models": [MODEL], "limits": {"request_photos": 2, "request_bytes": 10**6}})
        elif path == "/v1/predict":
            self.asked.append(route.request.post_data_buffer)
            said = json.loads(json.dumps(self.said))
            route.fulfill(json=said, status=self.status, headers=self.headers)
        else:
            route.fulfill(json={"error": {"code": "off", "message": "not here"}}, status=404)


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def page(browser, api) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1100, "height": 900}, locale="en", reduced_motion="reduce")
    context.set_default_timeout(PATIENCE_MS)
    context.route("**/*", api.answer)
    opened, errors = context.new_page(), []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.goto(f"{ORIGIN}/")
    opened.locator("#map text").first.wait_for()
    yield opened
    opened.unroute_all(behavior="ignoreErrors")
    context.unroute_all(behavior="ignoreErrors")
    context.close()
    assert errors == []


def said(page: Any) -> str:
    page.locator("#bars li, #verdict:not(:empty)").first.wait_for()
    page.locator("#verdict .spinner").wait_for(state="detached")
    return page.locator("#verdict").inner_text()


def test_the_answer_is_in_words_that_follow_from_the_probability(page, api):
    for share, words, right in (
        (0.999, "Porto, very sure", "more than 99 of 100"),
        (0.95, "Porto, very sure", "about 95 of 100"),
        (0.8, "Porto, fairly sure", "about 80 of 100"),
        (0.6, "Porto, not quite sure", "about 60 of 100"),
        (0.5, "Perhaps Porto", "a guess among the 3 cities"),
    ):
        api.says(answer(share, (1 - share) * 0.9, (1 - share) * 0.1))
        page.locator("#again").set_input_files(PHOTO)
        page.get_by_text(right).wait_for()
        assert said(page) == words
    assert "of 100" not in page.locator("#meaning").inner_text()
    assert page.locator("#bars li").count() == 3
    assert "Oslo (45\u00a0%)" in page.locator("#other").inner_text()
    assert "these 3 cities only" in page.locator("#scope").inner_text()
    assert "60 photos of 40 places" in page.locator("#trust").inner_text()


def test_none_of_the_cities_says_which_reason(page, api):
    api.says(answer(0.7, 0.2, 0.1, abstained=True, novelty=0.9))
    page.locator("#choose").set_input_files(PHOTO)
    assert said(page) == "None of the 3 cities I know"
    assert "looks unlike" in page.locator("#meaning").inner_text()
    api.says(answer(0.35, 0.33, 0.32, abstained=True))
    page.locator("#again").set_input_files(PHOTO)
    page.get_by_text("too little for an answer").wait_for()


def test_the_files_own_position_is_a_fact_apart(page, api):
    api.says(answer(0.9, 0.05, 0.05, gps_in_file={"lat": 59.91, "lon": 10.75}))
    page.locator("#choose").set_input_files(PHOTO)
    assert said(page) == "Porto, fairly sure"
    fact = page.locator("#gps").inner_text()
    km = distance_km(np.array([CITIES[0][2:]]), np.array([[59.91, 10.75]]))[0]
    assert f"{km:,.0f} km from Porto" in fact
    assert "did not use it" in fact
    assert page.locator("#map .gps").count() == 1
    there = {"lat": 59.5, "lon": 10.0}
    api.says(answer(0.7, 0.2, 0.1, abstained=True, novelty=0.9, gps_in_file=there))
    page.locator("#again").set_input_files(PHOTO)
    page.get_by_text("None of the 3 cities").wait_for()
    km = distance_km(np.array([CITIES[1][2:]]), np.array([[59.5, 10.0]]))[0]
    assert f"{km:.0f} km from Oslo, the nearest city I know" in page.locator("#gps").inner_text()


def test_from_another_computer_the_page_does_not_say_that_photos_stay_on_this_one(page):
    page.get_by_text("stays on the computer that this page comes from").wait_for()
    expect(page.locator(".lead")).to_contain_text("goes to the computer")
    page.goto(f"{ORIGIN}/batch")
    page.get_by_text("The photos go to the computer that this page comes from").wait_for()
    page.goto(f"{ORIGIN}/about")
    page.get_by_text("run on another computer than yours").wait_for()
    expect(page.get_by_text("this computer")).to_have_count(0)


def test_a_change_of_language_keeps_photo_and_answer(page, api):
    api.says(answer(0.9, 0.05, 0.05))
    page.locator("#choose").set_input_files(PHOTO)
    assert said(page) == "Porto, fairly sure"
    page.locator("#language").select_option("de")
    page.get_by_text("Porto, ziemlich sicher").wait_for()
    expect(page).to_have_title(re.compile("^Welche Stadt"))
    expect(page.locator("html")).to_have_attribute("lang", "de")
    expect(page.locator("#trust")).to_contain_text("60 Fotos von 40 Orten")
    expect(page.locator('[data-label="common.zoom_in"]')).to_have_attribute("aria-label", "Näher")
    assert len(api.asked) == 1
    page.reload()
    expect(page.locator("#language")).to_have_value("de")


def test_several_photos_go_in_shares_that_the_server_takes_and_keep_their_order(page, api):
    api.says(answer(0.9, 0.05, 0.05, index=(0,)), {"index": [1], "error": "truncated", "message": "ends early"})
    page.locator("#choose").set_input_files([{**PHOTO, "name": f"{number}.jpg"} for number in range(4)])
    page.locator("#strip button").nth(3).wait_for()
    assert len(api.asked) == 2  # two a request, as the server said
    names = page.locator("#strip img").evaluate_all("all => all.map(one => one.alt)")
    assert names == [f"Photo {number + 1}: {number}.jpg" for number in range(4)]
    page.locator("#strip button").nth(3).press("Enter")
    assert said(page) == "No photo that can be read"
    assert page.locator("#meaning").inner_text().startswith("3.jpg cannot be used: the file ends too early")
    expect(page.locator("#strip [aria-current]")).to_be_focused()
    api.says(answer(0.99, 0.005, 0.005, index=(0, 1, 2, 3)))
    page.get_by_label("one place").check()
    page.get_by_text("One answer from 4 photos").wait_for()
    assert len(api.asked) == 3
    assert b'name="views"\r\n\r\ntrue' in api.asked[-1]


def test_a_photo_that_cannot_be_read_and_a_busy_server_say_what_to_do(page, api):
    api.says(answer(0.9, 0.05, 0.05))
    page.locator("#choose").set_input_files(PHOTO)
    assert said(page) == "Porto, fairly sure"
    api.fails(429, "busy", "much to do")
    page.locator("#again").set_input_files(PHOTO)
    page.get_by_text("Try again in 3 seconds").wait_for()
    expect(page.get_by_text("The 3 cities I know")).to_be_visible()  # the earlier answer's map is gone
    api.fails(415, "not_an_image", "no", answers=[{"index": [0], "error": "not_an_image", "message": "no"}])
    page.locator("#again").set_input_files(PHOTO)
    assert said(page) == "No photo that can be read"
    assert "it is no picture" in page.locator("#meaning").inner_text()
    page.locator("#again").set_input_files({"name": "a.txt", "mimeType": "text/plain", "buffer": b"x"})
    page.get_by_text("That was no picture").wait_for()


def test_what_is_refused_leaves_no_earlier_answer_standing(page, api):
    api.says(answer(0.9, 0.05, 0.05))
    for name, line in (("notes.txt", "That was no picture"), ("photos.zip", "The page Many photos opens it")):
        page.locator("#choose").set_input_files(PHOTO)
        assert said(page) == "Porto, fairly sure"
        page.locator("#again").set_input_files({"name": name, "mimeType": "text/plain", "buffer": b"x"})
        page.get_by_text(line).wait_for()
        expect(page.get_by_text("Porto, fairly sure")).to_be_hidden()
        expect(page.locator("#save button")).to_have_count(0)
        expect(page.get_by_text("The 3 cities I know")).to_be_visible()


@pytest.mark.parametrize("late", ["why", "compare", "save"])
def test_a_part_whose_words_come_after_a_refusal_is_not_drawn(page, api, late):
    held: list[Any] = []
    page.route(f"**/texts/{late}.*", lambda route: held.append(route))
    api.says(answer(0.9, 0.05, 0.05))
    with page.expect_request(f"**/texts/{late}.*"):
        page.locator("#choose").set_input_files(PHOTO)
    assert said(page) == "Porto, fairly sure"
    page.locator("#again").set_input_files({"name": "notes.txt", "mimeType": "text/plain", "buffer": b"x"})
    page.get_by_text("That was no picture").wait_for()
    with page.expect_response(f"**/texts/{late}.*"):
        held.pop().fallback()
    page.evaluate("new Promise(requestIdleCallback)")
    assert page.locator("#why figure, #compare *, #save *").count() == 0


def test_a_photo_that_was_chosen_before_the_page_could_listen_is_taken(page, api):
    held: list[Any] = []
    page.route("**/texts/photo.*", lambda route: held.append(route))
    api.says(answer(0.9, 0.05, 0.05))
    with page.expect_request("**/texts/photo.*"):
        page.goto(f"{ORIGIN}/", wait_until="commit")
    page.locator("#choose").set_input_files(PHOTO)
    held.pop().fallback()
    assert said(page) == "Porto, fairly sure"


def test_words_that_do_not_come_are_told_and_asked_for_again(page, api):
    page.route("**/texts/save.*", lambda route: route.abort(), times=1)
    api.says(answer(0.9, 0.05, 0.05))
    page.locator("#choose").set_input_files(PHOTO)
    page.get_by_text("Failed to fetch").wait_for()
    expect(page.locator("#verdict")).to_have_text("Porto, fairly sure")
    page.locator("#again").set_input_files(PHOTO)
    page.locator("#save button").first.wait_for()
    expect(page.locator("#trouble")).to_be_hidden()


def test_models_that_were_not_told_at_first_are_asked_for_with_the_photo(page, api):
    page.route("**/v1/models", lambda route: route.abort(), times=1)
    page.reload()
    page.locator("#trouble:visible").wait_for()
    api.says(answer(0.9, 0.05, 0.05))
    page.locator("#choose").set_input_files(PHOTO)
    assert said(page) == "Porto, fairly sure"
    page.locator("#why .why-choices").wait_for()


def test_what_was_closed_is_not_drawn_in_another_language(page):
    folder = re.match(r"/static/\w+", next(iter(SITE.assets)))[0]
    page.evaluate(
        """async ([folder, models, answer]) => {
          const { showCompare } = await import(`${folder}/compare.js`);
          const about = { files: [new File(["x"], "a.jpg")], answer, model: models[0], models };
          window.part = await showCompare(document.querySelector("#compare"), about);
        }""",
        [folder, [MODEL | {"name": name} for name in "ab"], answer(0.9, 0.05, 0.05)],
    )
    page.route("**/v1/predict", lambda route: route.fulfill(json={"answers": [answer(0.9, 0.05, 0.05)]}))
    page.get_by_role("button", name="Ask the other model too").click()
    told = page.locator(".compare-said").first
    for language, words in (("de", "Porto, ziemlich sicher"), ("en", "Porto, fairly sure")):
        page.locator("#language").select_option(language)
        expect(told).to_have_text(words)
    page.evaluate("window.part.close()")
    page.locator("#language").select_option("de")
    expect(page.locator("#where_title")).to_have_text(re.compile("Städte"))
    expect(told).to_have_text("Porto, fairly sure")


def test_models_are_told_by_a_share_on_the_same_photos_or_by_none(page, api):
    api.says(answer(0.9, 0.05, 0.05))
    folder = re.match(r"/static/\w+", next(iter(SITE.assets)))[0]
    share = {"value": 0.9, "low": 0.8, "high": 0.95, "n": 60, "places": 40}
    for number, shares in ((60, 2), (59, 0)):
        measured = [{"cities/test": {"accuracy": share | {"n": n}}} for n in (60, number)]
        models = [
            MODEL | {"name": name, "metrics": MODEL["metrics"] | {"evaluated": one}}
            for name, one in zip("ab", measured, strict=True)
        ]
        page.evaluate(
            """async ([folder, models, answer]) => {
              const { showCompare } = await import(`${folder}/compare.js`);
              const files = [new File(["x"], "a.jpg")];
              await showCompare(document.querySelector("#compare"), { files, answer, model: models[0], models });
            }""",
            [folder, models, answer(0.9, 0.05, 0.05)],
        )
        page.get_by_role("button", name="Ask the other model too").click()
        page.locator(".compare-card").nth(1).wait_for()
        expect(page.get_by_text("of the 60 photos of cities/test")).to_have_count(shares)
        expect(page.get_by_text("cannot be compared")).to_be_visible(visible=shares == 0)


def test_photos_are_dropped_and_pasted_anywhere(page, api):
    api.says(answer(0.9, 0.05, 0.05))
    _give(page, "drop")
    assert said(page) == "Porto, fairly sure"
    api.says(answer(0.05, 0.9, 0.05))
    _give(page, "paste")
    page.get_by_text("Oslo, fairly sure").wait_for()


def _give(page: Any, way: str) -> None:
    page.evaluate(
        """([way, bytes]) => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([new Uint8Array(bytes)], "a.jpg", { type: "image/jpeg" }));
          const event = way === "drop"
            ? new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true })
            : new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true });
          document.querySelector("#map").dispatchEvent(event);
        }""",
        [way, list(PHOTO["buffer"])],
    )


def _centre_of(page: Any, name: str) -> tuple[float, float]:
    circle = page.locator(f'#map g:has(title:text-is("{name}")) circle')
    return float(circle.get_attribute("cx")), float(circle.get_attribute("cy"))


def test_the_map_is_steered_by_keys_buttons_and_wheel(page):
    chart = page.locator("#map")

    def apart() -> float:
        return _centre_of(page, "Oslo")[0] - _centre_of(page, "Porto")[0]

    width = chart.evaluate("one => one.clientWidth")
    start = _centre_of(page, "Oslo")
    # All three are seen, though Fiji lies next to where the longitudes begin anew.
    assert all(0 < _centre_of(page, name)[0] < width for _, name, *_ in CITIES)
    chart.focus()
    page.keyboard.press("ArrowRight")
    until(lambda: _centre_of(page, "Oslo")[0] == pytest.approx(start[0] - 60, abs=0.2))
    page.keyboard.press("0")
    until(lambda: _centre_of(page, "Oslo") == pytest.approx(start, abs=0.2))
    before = apart()
    page.get_by_role("button", name="Closer").click()
    until(lambda: apart() == pytest.approx(1.6 * before, abs=0.3))
    page.get_by_role("button", name="Show all").click()
    until(lambda: apart() == pytest.approx(before, abs=0.3))
    chart.focus()
    box = chart.bounding_box()
    x, y = start
    page.mouse.move(box["x"] + 1 + x, box["y"] + 1 + y)
    page.mouse.wheel(0, -300)
    until(lambda: apart() > 1.2 * before)
    assert _centre_of(page, "Oslo") == pytest.approx(start, abs=1.5)  # what lies under the mouse stays there


def test_a_click_on_the_map_gives_the_place_and_a_drag_does_not(page):
    folder = re.match(r"/static/\w+", next(iter(SITE.assets)))[0]
    page.evaluate(
        """async (folder) => {
          const { drawMap } = await import(`${folder}/map.js`);
          const element = document.createElement("div");
          element.id = "pick";
          document.querySelector("main").prepend(element);
          window.picked = [];
          const onPick = (lat, lon) => window.picked.push([lat, lon]);
          window.chart = await drawMap(element, { points: [{ lat: 0, lon: 0, label: "Null" }], world: true, onPick });
        }""",
        folder,
    )
    page.locator("#pick text").wait_for()
    spot = page.locator("#pick circle")
    box = page.locator("#pick").bounding_box()
    x = box["x"] + 1 + float(spot.get_attribute("cx"))
    y = box["y"] + 1 + float(spot.get_attribute("cy"))
    page.mouse.click(x, y)
    until(lambda: page.evaluate("window.picked.length"))
    assert page.evaluate("window.picked") == [pytest.approx([0, 0], abs=0.5)]
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 80, y, steps=3)
    page.mouse.up()
    until(lambda: float(spot.get_attribute("cx")) + box["x"] + 1 == pytest.approx(x + 80, abs=1.5))
    assert page.evaluate("window.picked.length") == 1
    page.locator("#pick").focus()
    page.keyboard.press("Enter")
    until(lambda: page.evaluate("window.picked.length") == 2)
    page.evaluate("window.chart.close()")
    assert page.locator("#pick").inner_html() == ""
