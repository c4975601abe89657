"""A known world and a model with known answers: every number of a report by hand."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from fake_model import CARD, CITIES, FakeModel, Stubborn
from flaneur.bundle.card import AbstainRule, DatasetInfo
from flaneur.dataset.store import Dataset
from flaneur.errors import InputError, UsageError
from flaneur.evaluation.answers import Answers, Doubt, doubt_of
from flaneur.evaluation.by_default import further_measures
from flaneur.evaluation.measures.groups import within_groups
from flaneur.evaluation.measures.nearest_train import NearestTrain
from flaneur.evaluation.measures.views import views
from flaneur.evaluation.overlap import Learnt
from flaneur.evaluation.page.page import to_html
from flaneur.evaluation.record import to_json
from flaneur.evaluation.run import What, evaluate, novelty_auroc
from flaneur.evaluation.write import write_report
from flaneur.predict import Model, ViewScores
from flaneur.types import Location, Photo
from worlds import make_dataset


def photo(number: int, city: str, place: str, project: str | None = None) -> Photo:
    return Photo(f"folder:{number}", "0" * 64, city, place, 64, 48, "folder", project=project)


def answers(photos: list[Photo], guesses: list[int], sure: float = 0.9) -> Answers:
    rest = (1 - sure) / 2
    logits = np.log(np.where(np.eye(3)[guesses] == 1, sure, rest))
    return Answers(CITIES, tuple(photos), logits, np.zeros(len(photos)))


def test_places_of_one_name_in_two_cities_are_two_places() -> None:
    known = answers([photo(0, "arles", "1"), photo(1, "bari", "1")], [0, 1])
    assert len(known.fused().photos) == 2


def test_views_of_a_place_outvote_one_bad_view() -> None:
    seen = [photo(n, "arles", "square") for n in range(3)] + [photo(3, "bari", "alone")]
    numbers = views(answers(seen, [0, 0, 1, 0]))
    assert numbers is not None
    assert (numbers.single.value, numbers.fused.value, numbers.views_mean) == (pytest.approx(2 / 3), 1.0, 3.0)
    assert (numbers.single.n, numbers.single.groups, numbers.fused.n, numbers.fused.groups) == (3, 1, 3, 1)


def test_fusing_is_the_mean_of_calibrated_log_probabilities() -> None:
    logits = np.array([[2.0, 0.0, 1.0], [0.0, 1.0, 3.0]])
    seen = Answers(CITIES, (photo(0, "arles", "p"), photo(1, "arles", "p")), logits, np.array([0.2, 0.4]), Doubt(2.0))
    p = np.exp(logits / 2) / np.exp(logits / 2).sum(axis=1, keepdims=True)
    product = np.sqrt(p[0] * p[1])
    fused = seen.fused()
    np.testing.assert_allclose(np.exp(fused.log_probabilities[0]), product / product.sum())
    assert fused.novelty.tolist() == [pytest.approx(0.3)]


def test_fusing_and_refusing_agree_with_the_model_as_users_meet_it() -> None:
    rng = np.random.default_rng(0)
    model = Model(SimpleNamespace(card=replace(CARD, temperature=1.7, abstain=AbstainRule("neighbours", 0.6, 0.5))))
    seen = [photo(n, "arles", str(n // 3)) for n in range(90)]
    said = [ViewScores(rng.normal(size=3).astype(np.float32), np.zeros(1), float(rng.random())) for _ in seen]
    logits, novelty = np.array([one.logits for one in said], np.float64), np.array([one.novelty for one in said])
    fused = Answers(CITIES, tuple(seen), logits, novelty, doubt_of(model.card)).fused()
    for row, first in enumerate(fused.photos):
        number = int(first.place)
        told = model.fuse(said[3 * number : 3 * number + 3])
        assert CITIES[fused.guesses[row]] == told.ranking[0].city
        assert fused.confidence[row] == pytest.approx(told.probability)
        assert fused.answered[row] == (not told.abstained)


def test_within_a_group_only_its_cities_are_to_choose_from() -> None:
    shared = [photo(0, "arles", "a", "one"), photo(1, "bari", "b", "one")]
    alone = [photo(2, "cork", "c", "two")]
    logits = np.array([[1.0, 0.0, 2.0], [2.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    known = Answers(CITIES, tuple(shared + alone), logits, np.zeros(3))
    groups, together = within_groups(known, known.photos)
    first, second = groups
    assert (first.pooled.value, first.within.value, first.group_told.value, first.chance) == (0.0, 0.5, 0.5, 0.5)
    assert [city.slug for city in first.cities] == ["arles", "bari"]
    assert (second.within.value, second.chance) == (1.0, 1.0)
    assert together is not None
    assert (together.within.value, together.within.n) == (0.5, 2)


def test_within_projects_and_among_all_cities_stand_side_by_side_of_the_same_photos(dataset: Dataset) -> None:
    report = evaluate(FakeModel(dataset), dataset, What("all"))
    rows = np.arange(len(report.known.photos)) % 3 > 0
    alone = tuple(
        replace(photo, project="arles only" if photo.city == "arles" else "others") for photo in report.known.photos
    )
    known = replace(report.known, photos=alone).where(rows)
    groups, together = within_groups(known, known.photos)
    seen = known.correct[np.array([photo.city != "arles" for photo in known.photos])]
    made = replace(report, known=known, groups=groups, all_groups=together)
    told = f"among all cities, for {100 * seen.mean():.1f} % of the same {len(seen)} photos"
    assert seen.mean() != known.correct.mean()
    assert any(told in text for text in to_json(made)["cautions"])
    assert f"of the same photos, among all: {100 * seen.mean():.1f}" in to_html(made, photos=False)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return make_dataset(tmp_path_factory.mktemp("world"), ["arles", "bari", "cork", "delft"])


def test_a_whole_report(dataset: Dataset, tmp_path: Path) -> None:
    report = evaluate(FakeModel(dataset), dataset, What("all"))
    made = to_json(report)
    assert made["counts"] | {"failed": len(made["counts"]["failed"])} == {
        "photos": 71, "places": 36, "unknown_photos": 24, "failed": 1,
    }  # fmt: skip
    right = report.known.correct
    assert made["accuracy"]["value"] == pytest.approx(right.mean(), abs=1e-6)
    assert made["accuracy"]["low"] < right.mean() < made["accuracy"]["high"]
    assert sum(map(sum, made["confusion"]["counts"])) == 71
    assert made["per_city"][0]["recall"]["value"] == made["confusion"]["rates"][0][0]["value"]
    assert made["unknown_cities"]["cities"] == ["delft"]
    assert made["unknown_cities"]["auroc"]["value"] > 0.9
    assert [group["name"] for group in made["groups"]["each"]] == ["north", "south"]
    first = [path.read_bytes() for path in write_report(report, tmp_path / "a")]
    second = [
        path.read_bytes() for path in write_report(evaluate(FakeModel(dataset), dataset, What("all")), tmp_path / "b")
    ]
    assert first == second
    assert json.loads(first[0]) == made


def test_json_holds_no_nan_for_what_is_undefined(dataset: Dataset) -> None:
    made = to_json(evaluate(Stubborn(dataset), dataset, What("test")))
    assert made["per_city"][1]["precision"]["value"] is None
    assert made["per_city"][1]["f1"]["value"] == 0
    json.dumps(made, allow_nan=False)


class Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.images: list[dict[str, str | None]] = []
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        facts = dict(attrs)
        self.links += [value for name in ("src", "href") if (value := facts.get(name))]
        if tag == "img":
            self.images.append(facts)
        if tag not in ("meta", "img", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """SVG's ``<line … />``: opens nothing."""

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_stands_alone_is_well_formed_and_escapes(dataset: Dataset) -> None:
    report = evaluate(FakeModel(dataset), dataset, What("all"))
    text = to_html(report)
    page = Page(text)
    assert page.open == []
    assert page.images
    assert all(image["alt"] for image in page.images)
    assert all(link.startswith(("data:image/jpeg;base64,", "#")) for link in page.links)
    assert "Bari <b>" not in text
    assert "Bari &lt;b&gt;" in text
    assert not re.search(r"\bnan\b", re.sub(r"<script>.*</script>|base64,[^\"]*", "", text, flags=re.DOTALL).lower())
    assert not Page(to_html(report, photos=False)).images


def test_the_page_of_a_part_names_the_splits_audit(dataset: Dataset) -> None:
    report = evaluate(FakeModel(dataset), dataset)
    assert report.origin.same_split is None
    assert "no leak found; nearest photos of train and test 82 m apart</dd>" in to_html(report, photos=False)
    assert report.origin.command == "flaneur evaluate fake toy --split default/test"
    told = {"honest_accuracy": {"value": 0.81}, "random_accuracy": {"value": 0.935}}
    flattered = replace(report, origin=replace(report.origin, random_split=told))
    assert "93.5\u00a0% of the photos, by this split for 81.0\u00a0%" in to_html(flattered, photos=False)


def test_another_split_of_the_same_photos_is_called_out(dataset: Dataset) -> None:
    learnt = replace(CARD, dataset=DatasetInfo("toy", dataset.content_hash, 0, 0))
    other = FakeModel(dataset, card=replace(learnt, split_hash="another"))
    own = FakeModel(dataset, card=replace(learnt, split_hash=dataset.split().hash))
    assert any("may have seen" in text for text in to_json(evaluate(other, dataset))["cautions"])
    made = to_json(evaluate(own, dataset))
    assert not any("may have seen" in text for text in made["cautions"])
    assert "places it was not trained on" in made["summary"][0]
    assert any("may have seen" in text for text in to_json(evaluate(own, dataset, What("all")))["cautions"])


def test_a_camera_that_gives_nothing_away_is_no_caution(dataset: Dataset) -> None:
    made = evaluate(FakeModel(dataset), dataset)
    assert any("Each project has its own camera" in text for text in to_json(made)["cautions"])
    covered = to_json(replace(made, groups=tuple(replace(group, cities=CITIES) for group in made.groups)))
    assert any("camera alone cannot give the city away" in text for text in covered["summary"])
    assert not any("give the city away" in text or "its own camera" in text for text in covered["cautions"])


def test_strangeness_that_may_be_chance_is_a_caution(dataset: Dataset) -> None:
    made = evaluate(FakeModel(dataset), dataset, What("all"))
    assert made.novelty is not None
    assert any("finds the unknown one stranger" in text for text in to_json(made)["summary"])
    coin = replace(made, novelty=replace(made.novelty, auroc=replace(made.novelty.auroc, low=0.45)))
    assert not any("finds the unknown one stranger" in text for text in to_json(coin)["summary"])
    assert any("which may be chance" in text for text in to_json(coin)["cautions"])


def test_probabilities_are_praised_by_their_intervals_end_and_not_of_few_places(dataset: Dataset) -> None:
    made = evaluate(FakeModel(dataset), dataset, What("all"))
    for value, high, places, said in (
        (0.02, 0.02, 40, "mean what they say"),
        (0.02, 0.2, 40, "roughly mean what they say"),
        (0.2, 0.2, 40, "cannot be taken at face value"),
        (0.0, 1.0, 1, ""),
        (0.2, 0.2, 13, ""),
    ):
        ece = replace(made.sure.ece, value=value, high=high, groups=places)
        told = to_json(replace(made, sure=replace(made.sure, ece=ece)))
        lines = [text for text in told["summary"] + told["cautions"] if "Its probabilities" in text]
        assert [f"Its probabilities {said}:" in text for text in lines] == ([True] if said else [])


def test_a_further_dataset_without_an_unknown_city_is_named(tmp_path: Path) -> None:
    known = make_dataset(tmp_path, ["arles"], places=2)
    cautions = to_json(evaluate(FakeModel(known), known, What("all"), unknown=known))["cautions"]
    assert not any("add --unknown" in text for text in cautions)
    assert any(f"{known.name} has no photo, or none that can be read, of a city that it" in text for text in cautions)


def test_photos_that_are_gone_are_named_in_plain_words(dataset: Dataset) -> None:
    made = evaluate(FakeModel(dataset), dataset, What("all"))
    gone = replace(made.known, failed=tuple((one, "not_found") for one in made.known.photos[:4]))
    first = made.known.photos[0].id
    told = to_json(replace(made, known=gone))["cautions"]
    line = next(text for text in told if text.startswith("Not counted"))
    assert line.startswith(f"Not counted, since 4 photos could not be read: {first} (the file is gone)")
    assert line.endswith("and 1 more.")


def test_photos_of_one_city_do_not_show_that_cities_are_told_apart(tmp_path: Path) -> None:
    alone = make_dataset(tmp_path, ["arles"], places=3)
    cautions = to_json(evaluate(FakeModel(alone), alone, What("all")))["cautions"]
    assert any("whoever always says Arles is right for all of them" in text for text in cautions)


def test_unknown_photos_may_come_from_a_second_dataset(dataset: Dataset, tmp_path: Path) -> None:
    strange = make_dataset(tmp_path, ["essen", "arles"], places=4)
    report = evaluate(FakeModel(dataset, strange), dataset, unknown=strange)
    assert report.novelty is not None
    assert "essen" in report.novelty.cities
    assert "arles" not in report.novelty.cities
    known = [(photo, dataset.image_path(photo)) for photo in report.known.photos]
    others = [(photo, report.paths[photo.id]) for photo in report.unknown.photos]
    assert novelty_auroc(FakeModel(dataset, strange), known, others) == report.novelty.auroc


def test_a_dataset_of_unknown_cities_only_is_refused_with_the_reason(tmp_path: Path) -> None:
    strange = make_dataset(tmp_path, ["essen"], places=4)
    with pytest.raises(InputError, match="no photo of part 'all' is of a city that fake knows"):
        evaluate(FakeModel(strange), strange, What("all"))


def test_a_misspelt_part_gets_a_hint() -> None:
    with pytest.raises(UsageError, match="Did you mean 'test'"):
        What.parse("default/tset")


def test_one_photo_is_enough_and_its_interval_says_so() -> None:
    known = answers([photo(0, "arles", "a")], [0])
    groups, together = within_groups(known, known.photos)
    assert 0.1 < groups[0].pooled.low < 0.2
    assert together is None
    assert views(known) is None
    assert not math.isnan(groups[0].chance)


def test_nearness_is_told_of_photos_that_were_not_learnt_from(dataset: Dataset) -> None:
    located = tuple(
        replace(photo, location=Location(59 + number / 100, 10)) for number, photo in enumerate(dataset.photos)
    )
    arles = [photo for photo in located if photo.city == "arles"]
    known = answers(arles, [0] * len(arles))
    half = Learnt("toy", known.photos[::2], ())
    found = further_measures(known, half)[0]["nearest_train"]
    assert isinstance(found, NearestTrain)
    assert sum(ring.accuracy.n for ring in found.rings) == len(known.photos) // 2
    assert found.nearest_m > 1000
    for learnt, why in (
        (None, "not on this computer"),
        (Learnt("toy", known.photos, ()), "learnt from every one of these"),
        (Learnt("toy", (photo(0, "arles", "a"),), ()), "have no positions"),
    ):
        sections, said = further_measures(known, learnt)
        assert "nearest_train" not in sections
        assert why in said["nearest_train"]
