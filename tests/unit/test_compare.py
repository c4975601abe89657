"""Systems that answered different photos, brought together: what is compared, what is said of it, what is refused."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bundles import CITIES as TINY
from bundles import tiny_bundle
from flaneur import compare
from flaneur.dataset.store import Dataset, import_photos, open_dataset
from flaneur.errors import InputError, UsageError
from flaneur.evaluation.answers import Answers, Doubt
from flaneur.evaluation.compare import write_comparison
from flaneur.evaluation.comparison import contestants
from flaneur.evaluation.comparison.common_photos import in_common
from flaneur.evaluation.comparison.compared import Compared, measured
from flaneur.evaluation.comparison.guesses import Guesses, guesses_of
from flaneur.evaluation.comparison.other_systems import read_guesses
from flaneur.evaluation.comparison.record import to_json
from flaneur.evaluation.comparison.words import cautions, summary, verdict
from flaneur.evaluation.measures.distance import distance
from flaneur.evaluation.measures.how_sure import how_sure
from flaneur.evaluation.measures.which_city import which_city
from flaneur.evaluation.page.compare_page import to_html
from flaneur.evaluation.predictions import save_predictions, write_predictions
from flaneur.evaluation.run import What, evaluate
from flaneur.predict import load
from flaneur.protocols import FoundPhoto
from flaneur.types import City, Location, Photo
from worlds import make_dataset

CITIES = (
    City("arles", "Arles", "FR", Location(43.68, 4.63)),
    City("bari", "Bari <b>", "IT", Location(41.12, 16.87)),
    City("cork", "Cork", "IE", Location(51.9, -8.47)),
)


def photo(number: int, city: str, views: int = 1) -> Photo:
    return Photo(f"folder:{number:03}", f"{number:064}", city, f"{city}{number // views}", 64, 48, "folder")


def answers(share: float, seed: int, count: int = 120, cities: tuple[City, ...] = CITIES, views: int = 1) -> Answers:
    """A model right for that share of the photos; which ones, and how sure, by seed."""
    rng = np.random.default_rng(seed)
    photos = tuple(photo(n, cities[(n // views) % len(cities)].slug, views) for n in range(count))
    truth = np.arange(count) // views % len(cities)
    guess = np.where(rng.random(count) < share, truth, (truth + 1) % len(cities))
    logits = np.eye(len(cities))[guess] * rng.uniform(1, 5, (count, 1))
    return Answers(cities, photos, logits, rng.random(count), Doubt(1.3, 0.9, 0.4))


def compared(*said: Guesses) -> Compared:
    aligned, left_out = in_common(said)
    return replace(measured(aligned), left_out=left_out)


def test_numbers_are_those_of_a_report_on_the_same_photos() -> None:
    known = answers(0.8, 0, views=2)
    model = compared(guesses_of("a", known), guesses_of("b", answers(0.7, 1, views=2))).models[0]
    which, sure, far = which_city(known), how_sure(known), distance(known)
    assert far is not None
    assert (model.accuracy, model.top_3, model.macro_recall) == (which.accuracy, which.top_3, which.macro_recall)
    assert model.by_city == tuple(city.recall for city in which.per_city)
    assert (model.ece, model.nll, model.coverage) == (sure.ece, sure.nll, sure.coverage)
    assert model.accuracy_answered == sure.accuracy_answered
    assert model.median_km is not None
    assert model.median_km.value == pytest.approx(far.median_km.value)
    assert model.choices == 3


def test_only_photos_that_all_answered_of_cities_that_all_know() -> None:
    wide = guesses_of("wide", answers(0.9, 0, 90))
    narrow = guesses_of("narrow", answers(0.9, 1, 60, cities=CITIES[:2]))
    narrow = replace(narrow, photos=tuple(photo(n, CITIES[n % 3].slug) for n in range(60)))
    found = compared(wide, narrow)
    assert {one.id for one in found.said[0].photos} == {f"folder:{n:03}" for n in range(60) if n % 3 < 2}
    assert found.said[0].photos == found.said[1].photos
    assert found.left_out == (
        "photos of cities that not all know (30 of wide, 20 of narrow).",
        "photos that not all have answered (20 of wide).",
    )
    said = cautions(found)
    assert any("wide among 3 cities, narrow among 2 cities" in text for text in said)
    assert sum(text.startswith("Not compared: ") for text in said) == 2


def test_the_order_of_rows_does_not_matter() -> None:
    one, other = guesses_of("one", answers(0.9, 0)), guesses_of("other", answers(0.7, 1))
    mixed = one.rows(np.random.default_rng(2).permutation(120).tolist())
    assert to_json(compared(mixed, other)) == to_json(compared(one, other))


def test_photos_that_are_not_the_same_are_refused() -> None:
    one = guesses_of("one", answers(0.9, 0, 9))
    moved = tuple(replace(shown, city="cork") for shown in one.photos)
    with pytest.raises(InputError, match=r"'folder:000' is taken in cork, not in arles, by other\. one and other were"):
        in_common([one, replace(one, name="other", photos=moved)])
    redrawn = tuple(replace(shown, sha256="f" * 64) for shown in one.photos)
    with pytest.raises(InputError, match="'folder:000' is another picture, by other"):
        in_common([one, replace(one, name="other", photos=redrawn)])
    with pytest.raises(InputError, match="one: photo 'folder:000' occurs twice"):
        in_common([one.rows([0, 0, 1]), one])
    elsewhere = tuple(replace(shown, id=f"x{shown.id}") for shown in one.photos)
    with pytest.raises(InputError, match=r"no photo in common .* one: 9 photos \(arles, bari, cork\)"):
        in_common([one, replace(one, name="other", photos=elsewhere)])


def test_words_say_who_is_better_and_when_it_cannot_be_told() -> None:
    good, poor = guesses_of("good", answers(0.95, 0)), guesses_of("poor", answers(0.6, 1))
    told = summary(compared(poor, good))
    assert told[0].startswith("On the same 120 photos of 120 places, right are: poor ")
    assert told[1].startswith("good is better than poor, by +")
    assert "good alone is right for" in told[1]
    same = compared(good, replace(good, name="twin"))
    assert summary(same)[1] == "good and twin are right for exactly the same photos."
    near = compared(good, guesses_of("near", answers(0.95, 3)))
    assert "cannot be told apart here" in verdict(near.pairs[0])


def test_many_models_are_told_in_few_sentences() -> None:
    said = [guesses_of(f"m{n}", answers(0.9, n)) for n in range(4)]
    found = compared(*said, guesses_of("poor", answers(0.4, 9)))
    told = summary(found)
    assert sum("is better than poor" in text for text in told) == 4
    assert sum(text.startswith("These cannot be told apart here") for text in told) == 1
    assert len(found.pairs) == 10
    assert any("10 pairs are compared" in text for text in cautions(found))
    assert len(told) <= 7


def test_what_the_models_learnt_from_is_said() -> None:
    one, other = guesses_of("one", answers(0.9, 0)), guesses_of("other", answers(0.7, 1))
    for facts, text in (
        ({"part": "train"}, "one may have been trained on these very photos"),
        ({"part": "validation", "same_split": True}, "Settings of one were chosen on these very photos"),
        ({"part": "test", "same_split": False}, "one was trained on this dataset, but not by this split"),
        ({"learnt_from": "It learnt from 3."}, "one: It learnt from 3."),
    ):
        assert any(line.startswith(text) for line in cautions(compared(replace(one, origin=facts), other)))


class Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.images: list[dict[str, str | None]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            self.images.append(dict(attrs))
        if tag not in ("meta", "img", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """SVG's ``<line … />``: opens nothing."""

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_stands_alone_and_shows_where_they_differ(tmp_path: Path) -> None:
    three = [guesses_of(f"model {n} <i>", answers(0.7, n)) for n in range(3)]
    paths = {}
    for shown in three[0].photos:
        paths[shown.id] = tmp_path / f"{shown.id[-3:]}.png"
        Image.new("RGB", (32, 24), (int(shown.id[-3:]), 0, 90)).save(paths[shown.id])
    found = replace(compared(*three), paths=paths, command="flaneur compare a b c")
    text = to_html(found)
    page = Page(text)
    assert page.open == []
    assert "<i>" not in text
    assert "Bari &lt;b&gt;" in text
    assert "nan" not in re.sub('base64,[^"]*|<style>.*</style>', "", text, flags=re.DOTALL).lower()
    assert page.images
    assert all(image["alt"] for image in page.images)
    right = np.column_stack([one.correct for one in found.said])
    alone = int((right[:, 0] & ~right[:, 1:].any(axis=1)).sum())
    assert f'<h3>Only model 0 &lt;i&gt; is right</h3><p class="hint">{alone} photos' in text
    assert len(found.differing) == int((right.any(axis=1) & ~right.all(axis=1)).sum())
    assert not Page(to_html(found, photos=False)).images
    written = [path.read_bytes() for path in write_comparison(found, tmp_path / "a")]
    assert written == [path.read_bytes() for path in write_comparison(found, tmp_path / "b")]
    assert json.loads(written[0]) == to_json(found)
    json.dumps(to_json(found), allow_nan=False)


def keys(value: Any, into: set[str]) -> set[str]:
    """Names of all fields, but for those of free content."""
    for name, inner in value.items() if isinstance(value, dict) else ():
        into.add(name)
        for one in inner if isinstance(inner, list) else [inner]:
            if name not in ("by_city", "guesses", "origins"):
                keys(one, into)
    return into


def test_keys_are_in_the_reference() -> None:
    text = (Path(__file__).parents[2] / "docs" / "reference" / "json.md").read_text("utf-8")
    told = set(re.findall(r"`([a-z_0-9]+)`", text.partition("## compare.json")[2].partition("\n## ")[0]))
    found = keys(to_json(compared(guesses_of("a", answers(0.9, 0)), guesses_of("b", answers(0.7, 1)))), set())
    assert found - {"value", "low", "high", "n"} <= told


PAIR = TINY[:2]  # whose centres are known, so that no gazetteer is opened


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Dataset]:
    """Two models and a dataset."""
    folder = tmp_path_factory.mktemp("compare")
    one = tiny_bundle(folder / "one", PAIR, name="one").path
    other = tiny_bundle(folder / "other", PAIR, name="other", temperature=3.0).path
    return one, other, make_dataset(folder, ["paris", "rome", "delft"], places=3)


def test_models_reports_files_and_tables_are_all_compared(world: tuple[Path, Path, Dataset], tmp_path: Path) -> None:
    one, other, dataset = world
    asked: list[tuple[str, int, int]] = []
    report = evaluate(load(one), dataset, What("all"))
    save_predictions(report, tmp_path / "report" / "predictions.parquet")
    lines = ["photo,guess", *(f"{shown.id},{shown.city.title()}" for shown in dataset.photos)]
    (tmp_path / "perfect.csv").write_text("\n".join(lines))
    found = compare(
        tmp_path / "report", other, tmp_path / "perfect.csv", dataset=dataset, split="all", keep=tmp_path,
        progress=lambda *told: asked.append(told),
    )  # fmt: skip
    assert found.names == ("one", "other", "perfect")
    assert repr(found).endswith("perfect 1.000; 12 photos of 6 places>")
    assert found.models[2].accuracy.value == 1
    assert (found.models[2].nll, found.models[2].choices) == (None, None)
    assert found.models[0].accuracy == report.which.accuracy
    assert asked[-1] == ("other", 18, 18)
    assert set(found.paths) == {shown.id for shown in dataset.photos}
    assert {shown.city for shown in found.said[0].photos} == {"paris", "rome"}
    again = compare(report, tmp_path / "other.parquet", load(one), dataset=dataset, split="all")
    assert again.names == ("one", "other", "one (2)")
    for model, before in zip(again.models[:2], found.models, strict=False):  # to six places; reading rounds the last
        assert model.to_dict(["paris", "rome"]) == before.to_dict(["paris", "rome"])
    assert again.pair("one", "one (2)").difference.value == 0
    assert "one and one (2) are the same model, one: this compares it with itself." in cautions(again)
    assert not any("same model" in text for text in cautions(found))
    with pytest.raises(UsageError, match=r"no pair 'one' and 'othr'\. Compared are .* Did you mean 'other'\?"):
        again.pair("one", "othr")
    with pytest.raises(UsageError, match="name two, in this order"):
        again.pair("other", "one")


def test_no_model_is_asked_before_all_can_be_compared(
    world: tuple[Path, Path, Dataset], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other, dataset = world
    third = tiny_bundle(tmp_path / "third", CITIES, name="third").path
    table, keep = tmp_path / "delft.csv", tmp_path / "keep"
    table.write_text("\n".join(["photo,guess", *(f"{s.id},delft" for s in dataset.photos if s.city == "delft")]))
    monkeypatch.setattr(contestants, "evaluate", lambda *_, **__: pytest.fail("a model was asked"))
    for second, text in (
        ("nothing", "No model called 'nothing'"),
        (third, r"one: 12 photos of dataset toy \(paris, rome\); third: none of a city that it knows \(arles, bari"),
        (table, "no photo in common whose city all know"),
    ):
        with pytest.raises(InputError, match=text):
            compare(one, second, dataset=dataset, split="all", keep=keep)
    with pytest.raises(InputError, match="no split called 'nosuch'"):
        compare(one, other, dataset=dataset, split="nosuch/test", keep=keep)
    assert not keep.exists()


def test_what_is_not_there_is_said(world: tuple[Path, Path, Dataset], tmp_path: Path) -> None:
    one, other, dataset = world
    with pytest.raises(UsageError, match="two models, reports or tables or more"):
        compare(one, dataset=dataset)
    with pytest.raises(UsageError, match="one needs the photos, to be asked or judged: add --dataset"):
        compare(one, other)
    with pytest.raises(InputError, match=r"theirs\.csv: no such file"):
        compare("theirs.csv", one, dataset=dataset)
    with pytest.raises(InputError, match="No model called 'nothing'"):
        compare("nothing", one, dataset=dataset)
    (tmp_path / "report.json").write_text("{}")
    with pytest.raises(InputError, match="a report without predictions"):
        compare(tmp_path, one, dataset=dataset)


def test_tables_of_other_systems(world: tuple[Path, Path, Dataset], tmp_path: Path) -> None:
    dataset = world[2]
    first, second, third = dataset.photos[:3]
    table = tmp_path / "theirs.csv"
    lines = ["photo,guess,probability", f"{first.id},Paris,0.9", f"{second.original},,0.1", f"{third.id},São Paulo,1"]
    table.write_text("\n".join([*lines, "no.jpg,Rome,0.5"]))
    found = read_guesses(table, dataset)
    assert found.name == "theirs"
    assert (found.photos, found.guess) == ((first, second, third), ("paris", "", "sao-paulo"))
    assert found.answered.tolist() == [True, False, True]
    assert found.probability is not None
    assert found.probability.tolist() == [0.9, 0.1, 1.0]
    assert found.notes == (
        "1 row of theirs.csv left out: no photo of dataset toy has that name (no.jpg).",
        "1 of 2 answers in theirs.csv names no city of dataset toy (sao-paulo) and counts as wrong.",
    )
    table.write_text(f"photo,guess,probability\n{first.id},Paris,0.9\n{second.id},Rome,\n")
    assert read_guesses(table, dataset).probability is None


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        ("photo,gues\nX,Paris", r"no column 'guess'; photo and guess are needed\. Did you mean 'gues'"),
        ("photo,guess\nno.jpg,Paris", r"0 of 1 row can be compared, .* dataset toy; 1 name none \(no\.jpg\)"),
        ("photo,guess", r"theirs\.csv: has no rows"),
        ("photo,guess\nX,Paris\nX,Rome", "line 3: photo 'X' occurs twice"),
        ("photo,guess\nX,???", "line 2: '[?]{3}' cannot be the name of a city"),
        ("photo,guess,probability\nX,Paris,80", "line 2: probability 80 must be from 0 to 1"),
        ("photo,guess,probability\nX,Paris,high", "line 2: probability 'high' is not a number"),
        ("photo,lat,lon\nX,1,2", "where .*Nowhere.* lies is not known"),
    ],
)
def test_tables_that_cannot_be_understood(
    lines: str, text: str, world: tuple[Path, Path, Dataset], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = world[2]
    monkeypatch.setitem(dataset.__dict__, "cities", (City("nowhere", "Nowhere of all places"),))
    table = tmp_path / "theirs.csv"
    table.write_text(re.sub(r"\bX\b", dataset.photos[0].id, lines))
    with pytest.raises(InputError, match=text.replace("'X'", f"'{dataset.photos[0].id}'")):
        read_guesses(table, dataset)


def test_file_names_that_several_photos_have_are_said(world: tuple[Path, Path, Dataset], tmp_path: Path) -> None:
    dataset = world[2]
    shared = [replace(one, original=f"{one.city}/{number % 3}.jpg") for number, one in enumerate(dataset.photos)]
    twins = replace(dataset)
    twins.__dict__["photos"] = tuple(shared)
    table, ids = tmp_path / "names.csv", [shown.id for shown in dataset.photos]
    table.write_text("\n".join(["photo,guess", *(f"{name},Rom" for name in [*ids[3:], "0.jpg", "1.jpg"])]))
    found = read_guesses(table, twins)
    assert found.notes == (
        "2 rows of names.csv left out: several photos of dataset toy have that name (0.jpg, 1.jpg). Use ids such as "
        f"{ids[0]}.",
        "15 of 15 answers in names.csv name no city of dataset toy (rom) and count as wrong. Did you mean 'rome'?",
    )
    assert cautions(compared(found, replace(found, name="other", notes=())))[:2] == list(found.notes)
    table.write_text("photo,guess\n0.jpg,Rome\n1.jpg,Rome\nno.jpg,Rome")
    with pytest.raises(
        InputError, match=r"0 of 3 rows can be .*; 2 name several photos of it \(0\.jpg, 1\.jpg\) and 1"
    ):
        read_guesses(table, twins)


def test_positions_count_as_the_nearest_city(tmp_path: Path) -> None:
    found = []
    for number, (city, lat, lon) in enumerate((("paris", 48.85, 2.35), ("rome", 41.9, 12.5))):
        name = f"{city}.jpg"
        Image.fromarray(np.random.default_rng(number).integers(0, 255, (48, 64, 3), dtype=np.uint8)).save(
            tmp_path / name
        )
        found.append(FoundPhoto(tmp_path / name, name, city, {"lat": str(lat), "lon": str(lon)}))
    import_photos(found, tmp_path / "data", name="data", source="folder")
    (tmp_path / "geo.csv").write_text("photo,lat,lon\nparis.jpg,45.75,4.85\nrome.jpg,,\n")
    said = read_guesses(tmp_path / "geo.csv", open_dataset(tmp_path / "data"))
    assert (said.guess, [city.slug for city in said.cities]) == (("paris", ""), ["paris", "rome"])


def test_two_files_are_enough(tmp_path: Path) -> None:
    said = [answers(0.8, seed, 2_000, views=4) for seed in (0, 1)]
    for number, one in enumerate(said):
        write_predictions(tmp_path / f"{number}.parquet", [one], {"model": f"m{number}"})
    found = compare(tmp_path / "0.parquet", tmp_path / "1.parquet")
    assert (found.models[0].accuracy.n, found.models[0].accuracy.groups) == (2_000, 500)
    assert found.models[0].accuracy.value == pytest.approx(said[0].correct.mean())
