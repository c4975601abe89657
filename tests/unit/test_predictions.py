"""``predictions.parquet``: what was said comes back as it was, opens elsewhere, and other files are refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from flaneur.errors import InputError, IntegrityError
from flaneur.evaluation.answers import Answers, Doubt
from flaneur.evaluation.predictions import (
    LOG,
    PREDICTION_COLUMNS,
    are_predictions,
    read_predictions,
    write_predictions,
)
from flaneur.files import read_table, write_table
from flaneur.types import City, Location, Photo

CITIES = (City("arles", "Arles", "FR", Location(43.68, 4.63)), City("bari", "Bari"), City("sao-paulo", "São Paulo"))


def answers(count: int = 40, seed: int = 0, **changes: object) -> Answers:
    rng = np.random.default_rng(seed)
    photos = tuple(
        Photo(f"folder:{n:03}", f"{n:064}", CITIES[n % 3].slug, f"p{n // 2}", 64, 48, "folder") for n in range(count)
    )
    doubt = Doubt(1.7, 0.6, 0.4)
    made = Answers(CITIES, photos, rng.normal(0, 3, (count, 3)), rng.random(count), doubt)
    return replace(made, **changes)  # type: ignore[arg-type]


def test_answers_come_back_as_they_were(tmp_path: Path) -> None:
    said = answers()
    write_predictions(tmp_path / "predictions.parquet", [said], {"model": "m", "dataset": "d", "part": "test"})
    read = read_predictions(tmp_path)
    back = read.answers
    assert (read.facts["model"], read.facts["dataset"], read.facts["part"]) == ("m", "d", "test")
    assert back.cities == said.cities
    assert [(p.id, p.sha256, p.city, p.place) for p in back.photos] == [
        (p.id, p.sha256, p.city, p.place) for p in said.photos
    ]
    np.testing.assert_allclose(back.log_probabilities, said.log_probabilities, atol=1e-12)
    np.testing.assert_array_equal(back.guesses, said.guesses)
    np.testing.assert_array_equal(back.answered, said.answered)
    np.testing.assert_array_equal(back.novelty, said.novelty)
    np.testing.assert_array_equal(back.labels, said.labels)


def test_a_probability_at_the_threshold_is_still_answered(tmp_path: Path) -> None:
    said = answers(200, doubt=Doubt(1.7))
    for limit in said.confidence[:20].tolist():
        strict = replace(said, doubt=Doubt(1.7, np.inf, limit))
        write_predictions(tmp_path / "p.parquet", [strict], {})
        np.testing.assert_array_equal(read_predictions(tmp_path / "p.parquet").answers.answered, strict.answered)


def test_rows_are_sorted_and_the_file_says_what_the_columns_mean(tmp_path: Path) -> None:
    known, strange = answers(6), answers(2)
    strange = replace(strange, photos=tuple(replace(p, id=f"a:{p.id}", city="cork") for p in strange.photos))
    write_predictions(tmp_path / "p.parquet", [known, strange], {"model": "m"})
    rows = read_table(tmp_path / "p.parquet")
    assert [row["photo"] for row in rows] == sorted(row["photo"] for row in rows)
    assert list(rows[0]) == [*PREDICTION_COLUMNS, *(LOG + city.slug for city in CITIES)]
    for row in rows:
        logs = {city.slug: row[LOG + city.slug] for city in CITIES}
        assert max(logs, key=lambda slug: logs[slug]) == row["guess"]
        assert np.exp(logs[row["guess"]]) == pytest.approx(row["probability"])
        assert sum(np.exp(list(logs.values()))) == pytest.approx(1)
    back = read_predictions(tmp_path / "p.parquet").answers
    assert back.labels.tolist() == [-1, -1, 0, 1, 2, 0, 1, 2]


def test_equal_answers_give_equal_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_predictions(tmp_path / name, [answers()], {"model": "m"})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_attention_comes_back_so_that_views_are_joined_alike(tmp_path: Path) -> None:
    said = answers(attention=np.random.default_rng(1).normal(size=40), fusion="attention")
    write_predictions(tmp_path / "p.parquet", [said], {})
    back = read_predictions(tmp_path / "p.parquet").answers
    np.testing.assert_allclose(back.fused().log_probabilities, said.fused().log_probabilities, atol=1e-9)


def test_no_photo_at_all_is_an_empty_table(tmp_path: Path) -> None:
    write_predictions(tmp_path / "p.parquet", [answers(0)], {})
    back = read_predictions(tmp_path / "p.parquet").answers
    assert (len(back.photos), back.logits.shape) == (0, (0, 3))


def test_other_files_are_refused_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_predictions(tmp_path)
    write_table(tmp_path / "other.parquet", {"photo": "string"}, [{"photo": "x"}])
    with pytest.raises(InputError, match="not written by flaneur"):
        read_predictions(tmp_path / "other.parquet")
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(InputError, match="not readable as Parquet"):
        read_predictions(tmp_path / "broken.parquet")
    facts = {"format": 2, "cities": []}
    write_table(tmp_path / "newer.parquet", {"photo": "string"}, [], {"flaneur": json.dumps(facts)})
    with pytest.raises(IntegrityError, match="newer flaneur"):
        read_predictions(tmp_path / "newer.parquet")
    write_predictions(tmp_path / "own.parquet", [answers(3)], {})
    told = {"format": 1, "cities": [{"slug": "arles", "name": "Arles", "country": "", "centre": None}]}
    told |= {"novelty_threshold": None, "probability_threshold": 0.0, "fusion": "mean_logits"}
    for columns, facts in (
        ({"photo": "string"}, json.dumps(told)),
        (PREDICTION_COLUMNS | {f"{LOG}arles": "float64"}, json.dumps(told)),
        ({"photo": "string"}, "[1"),
        ({"photo": "string"}, "[]"),
        ({"photo": "string"}, json.dumps({"format": 1})),
    ):
        row = {name: "a" if kind == "string" else float("nan") for name, kind in columns.items()} | {"answered": True}
        write_table(tmp_path / "damaged.parquet", columns, [row], {"flaneur": facts})
        with pytest.raises(IntegrityError, match=r"damaged \("):
            read_predictions(tmp_path / "damaged.parquet")
    found = [are_predictions(tmp_path / f"{name}.parquet") for name in ("own", "other", "nothing")]
    assert found == [True, False, False]
