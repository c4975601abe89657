"""Many photos and the page on itself in a real browser: a zip, folders, broken files, a stop, German, a phone."""

from __future__ import annotations

import csv
import io
import json
import struct
import zipfile
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from flaneur.predict import load
from flaneur.serve.http.about import identity
from serving import PHONE, barriers, expect, is_wider_than_its_window

GERMAN = {"locale": "de-DE", "color_scheme": "dark"}


@pytest.fixture(scope="module")
def photos(toy_csv: Path) -> dict[str, bytes]:
    """Three photos of each of two cities, by the path they get in the zip."""
    found: dict[str, bytes] = {}
    for city in sorted(path for path in toy_csv.parent.iterdir() if path.is_dir())[:2]:
        for path in sorted(city.glob("p*.jpg"))[:3]:
            found[f"{city.name}/{path.name}"] = path.read_bytes()
    return found


def packed(files: dict[str, bytes]) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return whole.getvalue()


def give(page: Any, *files: tuple[str, bytes]) -> None:
    kinds = {"zip": "application/zip", "jpg": "image/jpeg"}
    page.set_input_files(
        "#files",
        [{"name": name, "mimeType": kinds.get(name[-3:], "text/plain"), "buffer": data} for name, data in files],
    )


def saved(page: Any, button: str) -> str:
    with page.expect_download() as waiting:
        page.click(button)
    return Path(waiting.value.path()).read_text("utf-8")


def test_a_zip_becomes_a_table_and_a_map_with_the_answers_of_the_command_line(served, visit, photos):
    page = visit(f"{served.address}/batch")
    bad = {
        "broken.jpg": b"\xff\xd8\xff\xe0 and no more",
        "notes.txt": b"hello",
        "__MACOSX/._a.jpg": b"x",
        ".hidden.jpg": b"x",
    }
    give(page, ("photos.zip", packed(photos | bad)))
    page.get_by_text("All 7 photos done. One could not be read").wait_for()
    expect(page.locator("#rows tr")).to_have_count(7)
    expect(page.locator("#rows tr.failed")).to_contain_text("the file ends too early")

    rows = {row["photo"]: row for row in csv.DictReader(io.StringIO(saved(page, "#csv")))}
    assert set(rows) == set(photos) | {"broken.jpg"}
    assert rows["broken.jpg"]["error"].startswith("truncated:")
    model = load()
    for name, data in photos.items():
        said = model.predict(data)
        assert rows[name]["city"] == (said.city or "")
        assert float(rows[name]["probability"]) == pytest.approx(said.probability, abs=1e-6)
        assert rows[name]["first"] == said.ranking[0].city.slug
        assert rows[name]["sha256"] == sha256(data).hexdigest()
        assert rows[name]["model_hash"] == identity(model)["hash"]

    features = json.loads(saved(page, "#geojson"))["features"]
    assert all(value != "" for feature in features for value in feature["properties"].values())
    for feature in features:
        city = next((one for one in model.cities if one.slug == feature["properties"].get("city")), None)
        middle = city and city.centre
        assert feature["geometry"] == (middle and {"type": "Point", "coordinates": [middle.lon, middle.lat]})

    by_answer = page.locator("#head button").nth(1)
    by_answer.focus()
    page.keyboard.press("Enter")
    assert by_answer.evaluate("(button) => button === document.activeElement")  # the head is drawn anew
    assert "broken.jpg" in page.locator("#rows tr").last.inner_text()
    page.fill("#filter", "nowhere")
    assert page.locator("#count").inner_text() == "No photo fits."
    page.fill("#filter", "broken")
    expect(page.locator("#rows tr")).to_have_count(1)
    assert saved(page, "#csv").count("\n") == 2  # what is shown is what is saved
    assert barriers(page) == []


def test_photos_of_one_folder_can_be_one_place(served, visit, photos):
    page = visit(f"{served.address}/batch")
    give(page, ("photos.zip", packed(photos)))
    page.get_by_text("All 6 photos done.").wait_for()
    with page.expect_response("**/v1/predict"):  # or what was done before would be taken for it
        page.check('[value="folders"]')
    page.get_by_text("All 6 photos done.").wait_for()
    rows = list(csv.DictReader(io.StringIO(saved(page, "#csv"))))
    assert {row["views"] for row in rows} == {"3"}
    for folder in {name.split("/")[0] for name in photos}:
        said = load().predict([data for name, data in photos.items() if name.startswith(folder)])
        here = [row for row in rows if row["photo"].startswith(folder)]
        assert {row["city"] for row in here} == {said.city or ""}
        assert all(float(row["probability"]) == pytest.approx(said.probability, abs=1e-6) for row in here)


def test_what_is_no_zip_or_lies_about_itself_costs_one_line(served, visit, photos):
    page = visit(f"{served.address}/batch")
    give(page, ("cut.zip", packed(photos)[:-40]))
    page.get_by_text("cut.zip: The zip file is damaged.").wait_for()
    give(page, ("notes.txt", b"hello"))
    page.get_by_text("There was no photo among that.").wait_for()

    bomb = bytearray(packed({"bomb.jpg": bytes(10_000_000)}))
    table = bomb.index(b"PK\x01\x02")
    struct.pack_into("<I", bomb, table + 24, 100)  # as if it were 100 bytes when unpacked
    give(page, ("bomb.zip", bytes(bomb)))
    page.get_by_text("One photo done. One could not be read").wait_for()
    expect(page.locator("#rows tr.failed")).to_contain_text("damaged")


def test_it_can_be_stopped_waits_where_the_server_is_busy_and_goes_on(served, visit, photos):
    page = visit(f"{served.address}/batch")
    asked: list[Any] = []
    page.route("**/v1/predict", lambda route: asked.append(route))  # never answered
    give(page, *[(name.split("/")[1], data) for name, data in photos.items()])
    page.get_by_text("0 of 6 photos done").wait_for()
    page.get_by_role("button", name="Stop").click()
    page.get_by_text("Stopped after 0 of 6 photos.").wait_for()
    page.unroute("**/v1/predict")

    busy = {"error": {"code": "busy", "message": "No room now."}}
    page.route(
        "**/v1/predict", lambda route: route.fulfill(status=429, headers={"Retry-After": "1"}, json=busy), times=1
    )
    page.get_by_role("button", name="Go on").click()
    page.get_by_text("All 6 photos done.").wait_for()
    visit.forgive("429")


def test_other_wishes_while_it_works_begin_it_anew(served, visit, photos):
    page = visit(f"{served.address}/batch")
    page.route("**/v1/predict", lambda route: None)  # never answered
    give(page, ("photos.zip", packed(photos)))
    page.get_by_text("0 of 6 photos done").wait_for()
    page.locator("#model option").first.wait_for(state="attached")
    with page.expect_request("**/v1/predict"):
        page.locator("#model select").dispatch_event("change")
    page.unroute("**/v1/predict")
    page.check('[value="folders"]')
    page.get_by_text("All 6 photos done.").wait_for()
    assert {row["views"] for row in csv.DictReader(io.StringIO(saved(page, "#csv")))} == {"3"}


def test_a_stop_does_not_wait_until_the_server_has_room(served, visit, photos):
    page = visit(f"{served.address}/batch")
    busy = {"error": {"code": "busy", "message": "No room now."}}
    page.route("**/v1/predict", lambda route: route.fulfill(status=429, headers={"Retry-After": "3600"}, json=busy))
    with page.expect_response("**/v1/predict"):
        give(page, ("photos.zip", packed(photos)))
    page.get_by_role("button", name="Stop").click()
    page.get_by_text("Stopped after 0 of 6 photos.").wait_for()
    visit.forgive("429")


@pytest.mark.parametrize("name", ["batch", "about"])
def test_in_german_on_a_phone(served, visit, photos, name):
    page = visit(f"{served.address}/{name}", PHONE, **GERMAN)
    if name == "batch":
        give(page, ("photos.zip", packed(photos)))
        page.get_by_text("Alle 6 Fotos fertig.").wait_for()
    else:
        page.get_by_text("Es kennt 8 Städte und keine andere").wait_for()
    assert not is_wider_than_its_window(page)
    assert barriers(page) == []


def test_the_page_on_itself_says_what_each_model_cannot_do(served, visit):
    page = visit(f"{served.address}/about")
    page.get_by_text("It knows 8 cities, and no other: Cambridge").wait_for()
    for line in load().card.limits:
        expect(page.get_by_text(line).first).to_be_visible()
    assert barriers(page) == []
