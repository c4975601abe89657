"""A city added from a handful of photos: found, measured honestly, told in the card, refused where it cannot be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import flaneur
import photos
from bundles import tiny_bundle
from flaneur.add_city.answers import ask
from flaneur.add_city.run import add_embeddings, new_city, new_model
from flaneur.add_city.same import SameCityError, refuse_the_same
from flaneur.add_city.teach import crossed
from flaneur.bundle.folder import read_bundle, verify_bundle
from flaneur.bundle.known import read_known
from flaneur.cli.add_city import words
from flaneur.cli.main import run
from flaneur.dataset.store import Dataset, import_photos, open_dataset
from flaneur.errors import InputError, PhotoError, UsageError
from flaneur.fusion import log_softmax
from flaneur.onnx_files import graph as onnx_graph
from flaneur.predict import Model, ViewScores
from flaneur.protocols import FoundPhoto
from taught import embeddings_of, known_world, world_bundle


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("FLANEUR_HOME", str(tmp_path))
    return tmp_path


def teach(model: Model, name: str, rows: NDArray[np.float32]) -> Any:
    city = new_city(model, name)
    return add_embeddings(model, city, list(rows), new_model(model, city))


def test_a_city_that_lies_apart_is_found_and_costs_nothing(tmp_path: Path) -> None:
    model = Model(world_bundle(tmp_path / "models" / "three"))
    added = teach(model, "Oslo", embeddings_of(3, 10))
    (cost,) = added.costs
    assert cost.found.value == 1.0
    assert cost.found.low < 0.8  # ten photos cannot show more
    assert abs(cost.difference.value) <= 0.02
    assert cost.difference.low <= cost.difference.value <= cost.difference.high
    assert (cost.before.n, cost.before.groups, cost.found.n) == (90, 45, 10)
    written = read_bundle("three-oslo")
    assert verify_bundle(written) == []
    head = onnx_graph.only_head(onnx_graph.load(written.model))
    unseen = ask(head, embeddings_of(3, 200, seed=1))
    assert (unseen.first == 3).mean() > 0.97
    known = ask(head, np.concatenate([embeddings_of(city, 100, seed=2) for city in range(3)]))
    assert (known.first == np.repeat(np.arange(3), 100)).mean() > 0.97
    assert read_bundle("three").card == model.card


def test_a_city_like_another_costs_it_and_the_cost_is_told(tmp_path: Path) -> None:
    model = Model(world_bundle(tmp_path / "models" / "three"))
    rows = embeddings_of(0, 20, seed=9) + np.float32(0.3)
    (cost,) = teach(model, "Second Paris", rows).costs
    assert cost.difference.high < 0
    assert cost.found.value < 1
    by_city = {one.city.slug: one for one in cost.cities}
    assert by_city["paris"].taken > 5
    assert by_city["paris"].after < by_city["paris"].before == 30
    assert by_city["rome"].taken == 0
    lost = sum(one.before - one.after for one in cost.cities)
    assert cost.difference.value == pytest.approx(-lost / 90)


def test_probabilities_stay_calibrated(tmp_path: Path) -> None:
    """The new logit is scaled so that what is said to be 70 % likely is right in seven of ten."""
    head = onnx_graph.only_head(onnx_graph.load(world_bundle(tmp_path / "m").model))
    rows = embeddings_of(0, 20, seed=9) + np.float32(0.5)
    asked, own = crossed(head, known_world(), rows, 1.0)
    said, right = np.exp(log_softmax(asked.after.logits)).max(axis=1), asked.after.first == asked.labels
    assert said.mean() == pytest.approx(right.mean(), abs=0.08)
    new = np.exp(log_softmax(own.after.logits))[:, 3]
    assert new.mean() == pytest.approx((own.after.first == 3).mean(), abs=0.2)


def test_a_second_city_is_held_against_the_first(tmp_path: Path) -> None:
    teach(Model(world_bundle(tmp_path / "models" / "three")), "Oslo", embeddings_of(3, 8))
    four = flaneur.load("three-oslo")
    kept = read_known(four.card, four.bundle.known, "here")
    assert kept is not None
    assert (kept.labels == 3).sum() == 8
    added = teach(four, "Bergen", embeddings_of(4, 8))
    card = added.bundle.card
    assert [city.slug for city in card.cities] == ["paris", "rome", "sao-paulo", "oslo", "bergen"]
    assert [one["city"] for one in card.training["added"]] == ["oslo", "bergen"]
    assert set(card.metrics["added"]) == {"oslo", "bergen"}
    assert [one.city.slug for one in added.costs[0].cities][-1] == "oslo"


def test_card_and_readme_say_what_was_added(tmp_path: Path) -> None:
    model = Model(world_bundle(tmp_path / "models" / "three"))
    added = teach(model, "Oslo", embeddings_of(3, 5))
    card, text = added.bundle.card, (added.bundle.path / "README.md").read_text("utf-8")
    (told,) = card.training["added"]
    assert (told["city"], told["photos"], told["kind"], told["to"]) == ("oslo", 5, "prototype", "three 1.0")
    assert card.limits[0].startswith("It knows 4 cities and no other")
    assert "Oslo was added from 5 photos: it is a prototype" in card.limits[-1]
    assert "a prototype, the mean of 5 photos" in text
    assert card.limits[-1] in text
    assert card.metrics["added"]["oslo"] == [cost.to_dict() for cost in added.costs]
    assert card.metrics["validation"]["accuracy"]["value"] == pytest.approx(added.costs[0].after.value, abs=1e-6)
    assert (card.temperature, card.abstain.novelty_threshold) == (1.0, 1e9)
    json.dumps(added.costs[0].to_dict(), allow_nan=False)


def test_the_same_photos_give_the_same_bytes(tmp_path: Path) -> None:
    model = Model(world_bundle(tmp_path / "models" / "three"))
    rows, city = list(embeddings_of(3, 6)), new_city(model, "Oslo")
    made = [
        add_embeddings(model, city, order, tmp_path / name / "m") for name, order in (("a", rows), ("b", rows[::-1]))
    ]
    assert made[0].bundle.card.files == made[1].bundle.card.files


def test_copies_count_once_and_few_are_refused(tmp_path: Path) -> None:
    model = Model(world_bundle(tmp_path / "models" / "three"))
    rows = embeddings_of(3, 3)
    added = teach(model, "Oslo", np.concatenate([rows, rows[:2]]))
    assert (added.photos, added.repeated) == (3, 2)
    with pytest.raises(UsageError, match=r"2 different photos can be read\. Give 3 or more"):
        teach(model, "Bergen", np.concatenate([rows[:2], rows[:2]]))


def test_names_are_checked_before_any_work(tmp_path: Path) -> None:
    model = Model(world_bundle(tmp_path / "models" / "three"))
    with pytest.raises(UsageError, match="knows 'sao-paulo' already"):
        new_city(model, "São Paulo")
    with pytest.raises(UsageError, match="needs a name"):
        new_city(model, " - ")
    with pytest.raises(UsageError, match="too long"):
        new_city(model, "x" * 200)
    with pytest.raises(UsageError, match="too long for a model's name"):
        new_model(model, new_city(model, "Oslo"), "x" * 250)
    with pytest.raises(InputError, match="latitude"):
        new_city(model, "Oslo", (200.0, 1.0))
    placed = new_city(model, "Nowhere at all", (1.5, 2.5))
    assert placed.centre is not None
    assert (placed.slug, placed.centre.lat) == ("nowhere-at-all", 1.5)
    with pytest.raises(UsageError, match="'base' is the bundled model"):
        new_model(model, placed, "base")
    with pytest.raises(UsageError, match="three: is there already"):
        new_model(model, placed, "three")
    assert new_model(model, placed, "three", replace=True) == tmp_path / "models" / "three"


def sure(city: int, count: int) -> list[ViewScores]:
    """Photos of which a model of three cities is sure."""
    return [ViewScores(9 * np.eye(3, dtype=np.float32)[city], embeddings_of(city, 1)[0], 0.0)] * count


def unsure(count: int) -> list[ViewScores]:
    """Photos of which it is not."""
    return [ViewScores(np.zeros(3, np.float32), embeddings_of(3, 1)[0], 0.0)] * count


def test_a_city_by_another_name_is_asked_about(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = Model(world_bundle(tmp_path / "models" / "three"))
    refuse_the_same(model, new_city(model, "Oslo"), sure(0, 4) + sure(1, 3) + unsure(2))
    refuse_the_same(model, new_city(model, "Oslo"), sure(0, 2))
    with pytest.raises(SameCityError, match=r"Urbs: 8 of 10 of these photos look like Rome to three.*--even-so"):
        refuse_the_same(model, new_city(model, "Urbs"), sure(1, 8) + unsure(2))
    for name, known in (("Roma", "Rome"), ("Pariss", "Paris")):
        with pytest.raises(SameCityError, match=f"{name}: the name is nearly {known}'s. Is it the same city"):
            refuse_the_same(model, new_city(model, name), unsure(4))
    pictures = [str(photos.save(tmp_path / f"{seed}.jpg", seed)) for seed in range(4)]
    assert run(["add-city", "three", "Roma", *pictures]) == 2
    assert "nearly Rome's" in capsys.readouterr().err
    assert not (tmp_path / "models" / "three-roma").exists()
    assert run(["add-city", "three", "Roma", *pictures, "--even-so"]) == 0


def test_a_model_that_keeps_no_photos_needs_a_dataset(tmp_path: Path) -> None:
    model = Model(world_bundle(tmp_path / "models" / "bare", known=False))
    with pytest.raises(InputError, match=r"keeps no photos of its cities.*--check"):
        teach(model, "Oslo", embeddings_of(3, 6))


def make_dataset(root: Path, cities: dict[str, int]) -> Dataset:
    """Drawn photos; every city its own seeds."""
    found = []
    for city, seed in cities.items():
        for number in range(8):
            path = photos.save(root / "source" / f"{city}-{number}.jpg", seed + number)
            found.append(FoundPhoto(path, path.name, city, {"place": f"{city}{number}"}))
    import_photos(found, root / "datasets" / "drawn", name="drawn", source="folder")
    return open_dataset(root / "datasets" / "drawn")


def test_the_command_teaches_measures_and_tells(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tiny_bundle(tmp_path / "models" / "tiny")
    make_dataset(tmp_path, {"paris": 0, "rome": 20, "sao-paulo": 40, "oslo": 60, "bonn": 80})
    pictures = [str(photos.save(tmp_path / "oslo" / f"{seed}.jpg", seed)) for seed in range(200, 205)]
    (tmp_path / "oslo" / "bad.jpg").write_bytes(b"no picture")
    words = ["add-city", str(tmp_path / "models" / "tiny"), "Oslo", str(tmp_path / "oslo"), "--even-so"]
    assert run([*words, "--centre", "59.9,10.7", "--check", "drawn", "--json"]) == PhotoError.exit_code
    shown = capsys.readouterr()
    told = json.loads(shown.out)
    assert (told["model"], told["city"], told["photos"], told["lat"]) == ("tiny-oslo", "oslo", 5, 59.9)
    assert "bad.jpg" in shown.err
    assert told["failed"][0]["error"] == "not_an_image"
    (cost,) = told["costs"]
    assert cost["where"] == "drawn"
    assert cost["before"]["n"] == 24
    assert run([*words, "--check", "drawn"]) == 2
    assert "is there already" in capsys.readouterr().err
    assert run([*words[:3], *pictures, "--even-so", "--check", "drawn", "--replace"]) == 0
    text = capsys.readouterr().out
    assert "tiny-oslo knows Oslo from 5 photos, and 3 more." in text
    assert "other cities right" in text
    assert "! 5 photos are few" in text
    assert run(["predict", "--model", "tiny-oslo", "--json", pictures[0]]) == 0
    assert len(json.loads(capsys.readouterr().out)["ranking"]) == 4


def test_a_dataset_beside_photos_that_are_kept_makes_two_costs(tmp_path: Path) -> None:
    made = make_dataset(tmp_path, {"paris": 0, "rome": 20, "sao-paulo": 40, "oslo": 60})
    world_bundle(tmp_path / "models" / "three")
    pictures = [made.image_path(photo) for photo in made.photos if photo.city == "oslo"][:4]
    added = flaneur.add_city("three", "Oslo", pictures, check="drawn", even_so=True)
    assert [cost.where for cost in added.costs] == ["photos that the model keeps", "drawn"]
    assert [one.photos for one in added.costs[1].cities] == [8, 8, 8]
    with pytest.raises(InputError, match="has no photo of paris, rome, sao-paulo"):
        flaneur.add_city("three", "Bonn", pictures, check=make_dataset(tmp_path / "b", {"bonn": 0}).root, even_so=True)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["nope", "Oslo", "x.jpg"], 3, "No model called 'nope'"),
        (["three", "Rome", "x.jpg"], 2, "knows 'rome' already"),
        (["three", "Oslo", "x.jpg"], 3, "x.jpg"),
        (["three", "Oslo", "x.jpg", "--centre", "here"], 2, "write latitude and longitude"),
        (["three", "Oslo", "x.jpg", "--name", "base"], 2, "is the bundled model"),
        (["three", "Oslo"], 2, "PHOTOS"),
    ],
)
def test_the_command_refuses_in_one_line(
    words: list[str], code: int, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world_bundle(tmp_path / "models" / "three")
    assert run(["add-city", *words]) == code
    shown = capsys.readouterr()
    assert said in shown.err
    assert len(shown.err.splitlines()) == 1
    assert not shown.out


def test_one_photo_is_no_list(tmp_path: Path) -> None:
    world_bundle(tmp_path / "models" / "three")
    with pytest.raises(UsageError, match="takes a list of photos"):
        flaneur.add_city("three", "Oslo", "x.jpg")


def test_a_city_that_is_hardly_found_is_no_success(tmp_path: Path) -> None:
    model = Model(world_bundle(tmp_path / "models" / "three"))
    rows = np.concatenate(
        [embeddings_of(city, 2, seed=5) for city in range(3)]
    )  # of cities that have nothing in common
    said = "\n".join(words(teach(model, "Oslo", rows)))
    assert "! Fewer than half of its own photos were found: Oslo is hardly learnt." in said
    assert "hardly learnt" not in "\n".join(words(teach(model, "Bergen", embeddings_of(4, 10))))
