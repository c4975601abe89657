"""From a toy dataset to a bundle: what is decided where, what the card says, what is refused."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from bundles import SIZE_PX, tiny_encoder
from flaneur.bundle.folder import read_bundle, verify_bundle
from flaneur.dataset.audit import split_dataset
from flaneur.dataset.split import Split, SplitRule, write_split
from flaneur.errors import InputError, IntegrityError
from flaneur.evaluation.run import What, evaluate
from flaneur.evaluation.words import cautions, summary
from flaneur.files import sha256_file
from flaneur.predict import OnnxEncoder, load
from flaneur.protocols import PreprocessSpec
from flaneur.training.heads.inflation import describe, random_split_inflation
from flaneur.training.heads.learn import LearnRule, fit, learn
from flaneur.training.heads.logistic import head_logits
from flaneur.training.heads.parts import embedded_parts, usable_split
from worlds import make_dataset

SPEC = PreprocessSpec(SIZE_PX, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))
CITIES = ["lyon", "oslo", "rome"]


@pytest.fixture(scope="module")
def encoder():
    return OnnxEncoder("tiny", tiny_encoder(), SPEC)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    made = make_dataset(tmp_path_factory.mktemp("world") / "data", CITIES)
    split_dataset(made, SplitRule(cell_m=0, gap_m=0))
    return made


@pytest.fixture(scope="module")
def learnt(dataset, encoder, tmp_path_factory):
    stages = []
    out = tmp_path_factory.mktemp("models") / "mine"
    bundle = learn(dataset, encoder, LearnRule("mine"), out, progress=lambda *told: stages.append(told))
    return bundle, stages


def test_the_bundle_is_whole_and_answers(learnt, dataset):
    bundle, _ = learnt
    assert verify_bundle(read_bundle(bundle.path)) == []
    model = load(bundle.path)
    assert [city.slug for city in model.cities] == CITIES
    answer = model.predict(dataset.image_path(dataset.photos[0]))
    assert sum(score.probability for score in answer.ranking) == pytest.approx(1)


def test_the_graph_gives_the_heads_logits_and_the_card_its_numbers(learnt, dataset, encoder):
    bundle, _ = learnt
    train, validation, _ = embedded_parts(dataset, encoder, dataset.split())
    made = fit(train, validation, LearnRule("mine"))
    model = load(bundle.path)
    paths = [dataset.image_path(photo) for photo in validation.photos]
    scores = [score for _, score in model.scores(paths)]
    logits = np.stack([score.logits for score in scores])
    np.testing.assert_allclose(logits, head_logits(made.head.params, validation.embeddings), atol=1e-3)
    right = logits.argmax(1) == validation.labels(made.head.cities)
    card = bundle.card
    assert card.metrics["validation"]["accuracy"]["value"] == pytest.approx(right.mean(), abs=1e-6)
    assert card.temperature == made.temperature
    refused = np.mean([score.novelty > card.abstain.novelty_threshold + 1e-4 for score in scores])
    assert refused <= 0.05


def test_the_test_part_is_never_opened(dataset, encoder, tmp_path):
    train, validation, _ = embedded_parts(dataset, encoder, dataset.split())
    seen = {photo.id for photo in (*train.photos, *validation.photos)}
    assert seen == set(dataset.split().ids("train")) | set(dataset.split().ids("validation"))


def test_the_same_again_gives_the_same_bytes(learnt, dataset, encoder, tmp_path):
    bundle, _ = learnt
    learn(dataset, encoder, LearnRule("mine"), tmp_path / "again")
    names = sorted(path.relative_to(bundle.path) for path in bundle.path.rglob("*") if path.is_file())
    assert [sha256_file(tmp_path / "again" / n) for n in names] == [sha256_file(bundle.path / n) for n in names]


def test_progress_ends_every_stage(learnt):
    _, stages = learnt
    last = {stage: (done, total) for stage, done, total in stages}
    assert list(last) == ["embed", "head", "novelty", "write"]
    assert all(done == total for done, total in last.values())


def test_card_and_readme_name_limits_and_choices(learnt, dataset):
    bundle, _ = learnt
    card, text = bundle.card, (bundle.path / "README.md").read_text()
    assert card.dataset.content_hash == dataset.content_hash
    assert card.split_hash == dataset.split().hash
    assert card.training["novelty"]["auroc"][card.abstain.novelty_method] == max(
        card.training["novelty"]["auroc"].values()
    )
    assert all(limit in text for limit in card.limits)
    assert "The test part was not used" in text
    json.dumps(card.training)


def test_date_can_be_fixed(dataset, encoder, tmp_path, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    assert learn(dataset, encoder, LearnRule("old"), tmp_path / "old").card.created == "1970-01-02"


def test_the_default_split_is_made_when_there_is_none(tmp_path, caplog):
    fresh = make_dataset(tmp_path / "data", CITIES[:2])
    for file in (fresh.root / "splits").glob("*"):
        file.unlink()
    chosen = usable_split(fresh, "default")
    assert chosen.rule == SplitRule()
    assert "made the default one" in caplog.text
    with pytest.raises(InputError, match="no split called 'mine'"):
        usable_split(fresh, "mine")


def test_one_city_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"two or more cities to tell apart \(there: rome\)"):
        usable_split(make_dataset(tmp_path / "data", ["rome"]), "default")


def test_a_leaking_split_is_refused(tmp_path):
    data = make_dataset(tmp_path / "data", CITIES[:2])
    parts = {photo.id: ("train", "validation", "test")[row % 3] for row, photo in enumerate(data.photos)}
    groups = {photo.id: photo.id for photo in data.photos}
    write_split(data.root / "splits", Split("leaky", SplitRule(name="leaky"), parts, groups), {})
    with pytest.raises(IntegrityError, match="leaks"):
        usable_split(data, "leaky")


def test_a_city_without_training_photos_is_named(dataset, encoder):
    chosen = dataset.split()
    rome = {photo.id for photo in dataset.photos if photo.city == "rome"}
    parts = {photo: "test" if photo in rome else part for photo, part in chosen.part_of.items()}
    with pytest.raises(InputError, match="no training photos of rome"):
        embedded_parts(dataset, encoder, replace(chosen, part_of=parts))


def test_without_validation_nothing_is_refused_and_the_card_says_so(dataset, encoder):
    chosen = dataset.split()
    parts = {photo: "train" if part == "validation" else part for photo, part in chosen.part_of.items()}
    train, validation, _ = embedded_parts(dataset, encoder, replace(chosen, part_of=parts))
    made = fit(train, validation, LearnRule("mine"))
    assert made.abstain.novelty_threshold is None
    assert made.metrics == {}
    assert made.temperature != 1.0  # from cross-validated training photos


def test_inflation_compares_like_with_like(dataset, encoder):
    found = random_split_inflation(dataset, encoder, dataset.split())
    gap = found["random_accuracy"]["value"] - found["honest_accuracy"]["value"]
    assert found["difference"]["value"] == pytest.approx(gap, abs=1e-4)
    assert found["difference"]["low"] <= found["difference"]["value"] <= found["difference"]["high"]
    assert found["random_accuracy"]["n"] == 5 * found["scored_photos"]
    assert found == random_split_inflation(dataset, encoder, dataset.split())
    assert "A random split would have claimed" in describe(found)


def test_a_split_by_photo_is_learnt_only_where_it_is_asked_for_and_everything_says_so(encoder, tmp_path):
    data = make_dataset(tmp_path / "data", ["rome", "oslo"])
    split_dataset(data, SplitRule(name="as-published", by="photo"))
    with pytest.raises(IntegrityError, match="only flaneur reproduce"):
        learn(data, encoder, LearnRule("mine", split="as-published"), tmp_path / "mine")
    bundle = learn(data, encoder, LearnRule("mine", split="as-published", leaky=True), tmp_path / "mine")
    assert any("as published: split photo by photo" in limit for limit in bundle.card.limits)
    report = evaluate(load(bundle.path), data, What("test", "as-published"))
    assert "places are on both sides" in summary(report)[0]
    assert any("places are on both sides" in caution for caution in cautions(report))
    chosen = data.split("as-published")
    write_split(data.root / "splits", replace(chosen, part_of=dict(list(chosen.part_of.items())[1:])), {})
    with pytest.raises(IntegrityError, match="in no part"):
        usable_split(data, "as-published", leaky=True)
