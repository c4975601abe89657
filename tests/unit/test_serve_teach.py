"""Teaching a city over HTTP: a new model that answers at once, and every refusal before anything is written."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from bundles import tiny_bundle
from fake_engine import FakeEngine
from flaneur.bundle.folder import read_bundle
from flaneur.predict import Model
from flaneur.serve.http.app import create_app
from flaneur.serve.http.settings import ServeSettings
from flaneur.serve.http.teaching import Taught
from photos import drawn, jpeg
from taught import world_bundle

ADDRESS = "http://127.0.0.1:8420"
PATH = "/v1/models/three/cities"
PHOTOS = [("photo", (f"{seed}.jpg", jpeg(drawn(seed)))) for seed in range(4)]

OSLO = {"city": "Oslo", "even_so": "true"}  # to these models all drawn pictures look like one city


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Model]:
    monkeypatch.setenv("FLANEUR_HOME", str(tmp_path))
    bare = tiny_bundle(tmp_path / "models" / "tiny")
    return [Model(world_bundle(tmp_path / "models" / "three")), Model(bare)]


@pytest.fixture
def client(models: list[Model]) -> Iterator[TestClient]:
    with FakeEngine(models) as engine, TestClient(create_app(engine, ServeSettings()), base_url=ADDRESS) as client:
        yield client


def code_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def test_a_city_is_taught_and_answered_with_at_once(client: TestClient, tmp_path: Path) -> None:
    broken = ("photo", ("bad.jpg", b"no picture"))
    answer = client.post(PATH, files=[*PHOTOS, broken], data={**OSLO, "centre": "59.9, 10.7"})
    assert answer.status_code == 201
    told = Taught.model_validate(answer.json())
    assert (told.model.name, told.city, told.photos, told.lat) == ("three-oslo", "oslo", 4, 59.9)
    assert [(one.photo, one.error) for one in told.failed] == [("bad.jpg", "not_an_image")]
    assert told.costs[0].before.n == 90
    assert str(tmp_path) not in answer.text
    assert [city.slug for city in read_bundle("three-oslo").card.cities][-1] == "oslo"
    said = client.post("/v1/predict", files=PHOTOS[:1], data={"model": "three-oslo"}).json()
    assert len(said["answers"][0]["ranking"]) == 4
    assert "three-oslo" in [model["name"] for model in client.get("/v1/models").json()["models"]]


def test_two_people_do_not_teach_under_one_name(models: list[Model]) -> None:
    with FakeEngine(models) as engine, TestClient(create_app(engine, ServeSettings()), base_url=ADDRESS) as client:
        engine.gate.clear()
        with ThreadPoolExecutor(1) as pool:
            first = pool.submit(client.post, PATH, files=PHOTOS, data=OSLO)
            while not engine.clients:
                time.sleep(0.005)
            second = client.post(PATH, files=PHOTOS, data=OSLO)
            engine.gate.set()
            assert code_of(second) == (429, "busy")
            assert first.result().status_code == 201
        assert code_of(client.post(PATH, files=PHOTOS, data=OSLO)) == (409, "there_already")


def test_only_what_was_taught_is_written_over(client: TestClient) -> None:
    assert client.post(PATH, files=PHOTOS, data=OSLO).status_code == 201
    assert code_of(client.post(PATH, files=PHOTOS, data=OSLO)) == (409, "there_already")
    again = client.post(PATH, files=PHOTOS[:3], data={**OSLO, "replace": "true"})
    assert (again.status_code, again.json()["photos"]) == (201, 3)
    over = {**OSLO, "name": "tiny", "replace": "true"}
    assert code_of(client.post(PATH, files=PHOTOS, data=over)) == (409, "not_taught")
    assert len(read_bundle("tiny").card.cities) == 3


@pytest.mark.parametrize(
    ("path", "fields", "count", "expected"),
    [
        ("/v1/models/nope/cities", {"city": "Oslo"}, 4, (404, "no_model")),
        (PATH, {"city": "Bergen"}, 0, (422, "no_photo")),
        (PATH, {"city": "Oslo"}, 2, (422, "wrong_value")),
        (PATH, {}, 4, (422, "wrong_value")),
        (PATH, {"city": "Rome"}, 4, (409, "knows_already")),
        (PATH, {"city": "Roma"}, 4, (409, "same_city")),
        (PATH, {"city": "Oslo", "name": "../out"}, 4, (422, "wrong_value")),
        (PATH, {"city": "Oslo", "name": "a/b"}, 4, (422, "wrong_value")),
        (PATH, {"city": "x" * 300}, 4, (422, "wrong_value")),
        (PATH, {"city": "O\x00slo"}, 4, (422, "wrong_value")),
        (PATH, {"city": "Oslo", "name": "x" * 300}, 4, (422, "wrong_value")),
        (PATH, {"city": "Oslo", "name": "base"}, 4, (422, "wrong_value")),
        (PATH, {"city": "Oslo", "name": "tiny"}, 4, (409, "there_already")),
        (PATH, {"city": "Oslo", "centre": "north"}, 4, (422, "wrong_value")),
        (PATH, {"city": "Oslo", "centre": "nan,nan"}, 4, (422, "wrong_value")),
        (PATH, {"city": "Oslo", "centre": "200,0"}, 4, (422, "wrong_value")),
        (PATH, {"city": "Oslo", "colour": "red"}, 4, (422, "unknown_field")),
        ("/v1/models/tiny/cities", OSLO, 4, (422, "keeps_no_photos")),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(
    client: TestClient, tmp_path: Path, path: str, fields: dict[str, str], count: int, expected: tuple[int, str]
) -> None:
    files = PHOTOS[:count] or [("city", (None, fields.pop("city")))]
    assert code_of(client.post(path, files=files, data=fields)) == expected
    assert sorted(folder.name for folder in (tmp_path / "models").iterdir()) == ["three", "tiny"]


def test_a_city_by_another_name_is_asked_about_with_what_a_page_needs(client: TestClient) -> None:
    error = client.post(PATH, files=PHOTOS, data={"city": "Oslo"}).json()["error"]
    assert error["code"] == "same_city"
    assert (error["of"], error["by_name"]) == (4, False)
    assert error["known"] in error["message"]
    assert error["message"].endswith("if not, send even_so=true.")
    assert client.post(PATH, files=PHOTOS, data=OSLO).status_code == 201


def test_photos_none_of_which_can_be_read(client: TestClient) -> None:
    bad = [("photo", (f"{n}.jpg", b"no picture")) for n in range(3)]
    assert code_of(client.post(PATH, files=bad, data={"city": "Oslo"})) == (415, "not_an_image")


def test_where_nothing_may_be_changed_and_for_other_pages(models: list[Model]) -> None:
    with FakeEngine(models) as engine:
        with TestClient(create_app(engine, ServeSettings(may_write=False)), base_url=ADDRESS) as client:
            assert code_of(client.post(PATH, files=PHOTOS, data={"city": "Oslo"})) == (403, "read_only")
        with TestClient(create_app(engine, ServeSettings()), base_url=ADDRESS) as client:
            foreign = {"Origin": "https://evil.example"}
            answer = client.post(PATH, files=PHOTOS, data={"city": "Oslo"}, headers=foreign)
            assert code_of(answer) == (403, "foreign_page")
