"""A visitor teaches the page a city: from a name and photos to a model that answers, and what goes wrong on the way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from flaneur.bundle.folder import read_bundle
from flaneur.predict import Model
from photos import save
from serving import PHONE, Served, Visitor, barriers, is_wider_than_its_window, serving
from taught import world_bundle


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    monkeypatch.setenv("FLANEUR_HOME", str(tmp_path))
    with serving([Model(world_bundle(tmp_path / "models" / "three"))]) as made:
        yield made


@pytest.fixture
def pictures(tmp_path: Path) -> list[str]:
    broken = tmp_path / "photos" / "broken.jpg"
    made = [str(save(tmp_path / "photos" / f"{seed}.jpg", seed)) for seed in range(4)]
    broken.write_bytes(b"no picture")
    return [*made, str(broken)]


def test_a_city_is_taught_named_and_replaced(served: Served, visit: Visitor, pictures: list[str]) -> None:
    page = visit(f"{served.address}/teach")
    page.locator("#city").fill("Oslo")
    page.locator("#choose").set_input_files(pictures)
    assert page.locator("#count").inner_text().startswith("5 photos.")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Teach", exact=True).press("Enter")
    page.locator("#even_so").wait_for()
    assert "4 of 4 of these photos already look like" in page.locator("#trouble").inner_text()
    page.locator("#even_so").click()
    page.locator("#learnt").wait_for()
    assert page.locator("#learnt").inner_text() == "Oslo is learnt"
    assert "of 4 were named Oslo" in page.locator("#found").inner_text()
    assert "One photo could not be read: broken.jpg." in page.locator("#found").inner_text()
    assert page.locator("#photos .failed").count() == 1
    assert "other cities" in page.locator("#cost").inner_text()
    assert "three-oslo" in page.locator("#saved").inner_text()
    assert page.evaluate("document.activeElement.id") == "learnt"
    assert barriers(page) == []
    assert [city.slug for city in read_bundle("three-oslo").card.cities][-1] == "oslo"
    assert "three-oslo" in served.engine.models

    page.get_by_role("button", name="Leave out photo 1").click()
    assert page.locator("#photos li").count() == 4
    page.locator("#go").click()
    page.locator("#replace").click()
    page.locator("#even_so").click()
    page.locator("#found", has_text="of 3 were named Oslo").wait_for()
    assert len(read_bundle("three-oslo").card.training["added"]) == 1
    visit.forgive("409")

    page.get_by_role("button", name="Teach another city").click()
    assert page.locator("#model").input_value() == "three-oslo"
    assert page.locator("#result").is_hidden()


def test_on_a_phone_in_german_and_the_dark(served: Served, visit: Visitor, pictures: list[str]) -> None:
    page = visit(f"{served.address}/teach", PHONE, locale="de-DE", color_scheme="dark")
    page.get_by_role("button", name="Beibringen").click()
    assert page.locator("#trouble").inner_text() == "Die Stadt braucht einen Namen."
    page.locator("#city").fill("Oslo")
    page.locator("#choose").set_input_files(pictures[:2])
    page.locator("#go").click()
    assert "mindestens 3 Fotos" in page.locator("#trouble").inner_text()
    page.locator("#choose").set_input_files(pictures[2:4])
    page.locator("details summary").first.click()
    page.locator("#pick canvas").wait_for()
    page.locator("#pick").click()
    assert "," in page.locator("#centre").input_value()
    page.locator("#go").click()
    with page.expect_response(lambda answer: answer.status == 201) as taught:
        page.get_by_role("button", name="Es ist eine andere Stadt").click()
    told = taught.value.json()
    page.locator("#learnt").wait_for()
    assert page.locator("#learnt").inner_text() == "Oslo ist gelernt"
    assert page.locator("#more").is_hidden()
    assert read_bundle("three-oslo").card.cities[-1].centre is not None
    page.locator("#language").select_option("en")
    page.locator("#learnt", has_text="Oslo is learnt").wait_for()
    assert barriers(page) == []
    assert not is_wider_than_its_window(page)
    told["costs"][0]["found"] |= {"value": 0, "low": 0}  # as if none of the new city's photos had been found
    page.route("**/cities", lambda route: route.fulfill(status=201, json=told))
    page.locator("#go").click()
    page.locator("#learnt", has_text="Oslo is hardly learnt").wait_for()
    assert "0 of 4 were named Oslo" in page.locator("#found").inner_text()
    assert page.get_by_role("button", name="Add photos and teach it again").is_visible()
    assert page.locator("a.primary").count() == 0
    assert barriers(page) == []
    visit.forgive("409")
