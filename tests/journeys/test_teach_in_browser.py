"""A visitor teaches the page a city: from a name and photos to a model that answers, and what goes wrong on the way."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from flaneur.bundle.folder import read_bundle
from flaneur.predict import Model
from photos import save
from serving import PHONE, Served, Visitor, barriers, expect, is_wider_than_its_window, serving
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
    expect(page.locator("#count")).to_contain_text("5 photos.")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Teach", exact=True).press("Enter")
    page.locator("#even_so").wait_for()
    expect(page.locator("#trouble")).to_contain_text("4 of 4 of these photos already look like")
    page.locator("#even_so").click()
    expect(page.locator("#learnt")).to_have_text("Oslo is learnt")
    expect(page.locator("#found")).to_contain_text("of 4 were named Oslo")
    expect(page.locator("#found")).to_contain_text("One photo could not be read: broken.jpg.")
    expect(page.locator("#photos .failed")).to_have_count(1)
    expect(page.locator("#cost")).to_contain_text("other cities")
    expect(page.locator("#saved")).to_contain_text("three-oslo")
    expect(page.locator("#learnt")).to_be_focused()
    assert barriers(page) == []
    assert [city.slug for city in read_bundle("three-oslo").card.cities][-1] == "oslo"
    assert "three-oslo" in served.engine.models

    page.get_by_role("button", name="Leave out photo 1").click()
    expect(page.locator("#photos li")).to_have_count(4)
    page.locator("#go").click()
    page.locator("#replace").click()
    page.locator("#even_so").click()
    expect(page.locator("#found")).to_contain_text("of 3 were named Oslo")
    assert len(read_bundle("three-oslo").card.training["added"]) == 1
    visit.forgive("409")

    page.get_by_role("button", name="Teach another city").click()
    expect(page.locator("#model")).to_have_value("three-oslo")
    expect(page.locator("#result")).to_be_hidden()


def test_on_a_phone_in_german_and_the_dark(served: Served, visit: Visitor, pictures: list[str]) -> None:
    page = visit(f"{served.address}/teach", PHONE, locale="de-DE", color_scheme="dark")
    page.get_by_role("button", name="Beibringen").click()
    expect(page.locator("#trouble")).to_have_text("Die Stadt braucht einen Namen.")
    page.locator("#city").fill("Oslo")
    page.locator("#choose").set_input_files(pictures[:2])
    page.locator("#go").click()
    expect(page.locator("#trouble")).to_contain_text("Mindestens 3 Fotos")
    page.locator("#choose").set_input_files(pictures[2:4])
    page.locator("details summary").first.click()
    page.locator("#pick canvas").wait_for()
    page.locator("#pick").click()
    expect(page.locator("#centre")).to_have_value(re.compile(","))
    page.locator("#go").click()
    with page.expect_response(lambda answer: answer.status == 201) as taught:
        page.get_by_role("button", name="Es ist eine andere Stadt").click()
    told = taught.value.json()
    expect(page.locator("#learnt")).to_have_text("Oslo ist gelernt")
    expect(page.locator("#more")).to_be_hidden()
    expect(page.locator("#ask")).to_have_attribute("href", "./?model=three-oslo")
    assert read_bundle("three-oslo").card.cities[-1].centre is not None
    page.locator("#language").select_option("en")
    page.locator("#learnt", has_text="Oslo is learnt").wait_for()
    assert barriers(page) == []
    assert not is_wider_than_its_window(page)
    told["costs"][0]["found"] |= {"value": 0, "low": 0}  # as if none of the new city's photos had been found
    page.route("**/cities", lambda route: route.fulfill(status=201, json=told))
    page.locator("#go").click()
    page.locator("#learnt", has_text="Oslo is hardly learnt").wait_for()
    expect(page.locator("#found")).to_contain_text("0 of 4 were named Oslo")
    expect(page.get_by_role("button", name="Add photos and teach it again")).to_be_visible()
    expect(page.locator("a.primary")).to_have_count(0)
    assert barriers(page) == []
    visit.forgive("409")
