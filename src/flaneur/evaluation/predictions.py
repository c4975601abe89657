"""Answers in; ``predictions.parquet`` out, and back: one row a photo, for pandas, DuckDB and ``flaneur compare``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from flaneur.csv_table import on_disk, open_parquet, understood
from flaneur.errors import InputError, IntegrityError
from flaneur.evaluation.answers import Answers, Doubt
from flaneur.evaluation.report import Report
from flaneur.files import ColumnType, write_table
from flaneur.types import City, Location, Photo

PREDICTIONS = "predictions.parquet"
PREDICTION_COLUMNS: dict[str, ColumnType] = {
    "photo": "string", "sha256": "string", "city": "string", "place": "string", "guess": "string",
    "probability": "float64", "answered": "bool", "novelty": "float64",
}  # fmt: skip
"""Then one column a city, named :data:`LOG` and its slug."""
LOG = "log_probability_"
_ATTENTION = "attention"
_OF_ORIGIN = (
    "model", "model_version", "dataset", "content_hash", "part", "split", "split_hash", "same_split", "command",
)  # fmt: skip
_LEARNT = "learnt_from"
FACTS = (*_OF_ORIGIN, _LEARNT)
"""Names of what :func:`facts_of` tells."""
_KEY, _FORMAT = "flaneur", 1
_HAIR = 1e-9  # reading log probabilities rounds; one that equals the threshold must not fall below it


@dataclass(frozen=True)
class Predictions:
    """What a file of predictions holds.

    Args:
        answers: of all its photos, also those of cities that the model does not know.
        facts: what was measured: ``model``, ``dataset``, ``part`` and whatever else the writer knew.
    """

    answers: Answers
    facts: Mapping[str, Any] = field(default_factory=dict)


def write_predictions(path: Path, answers: Sequence[Answers], facts: Mapping[str, Any]) -> None:
    """Write one row a photo, sorted by photo. Positions stay out: the file may go where photos may not.

    Args:
        path: the file; replaced.
        answers: of one model, such as those of known and of unknown cities.
        facts: JSON values about them; ``model``, ``dataset`` and ``content_hash`` are read again by a comparison.
    """
    first = answers[0]
    slugs = [city.slug for city in first.cities]
    columns = PREDICTION_COLUMNS | {LOG + slug: "float64" for slug in slugs}
    if first.attention is not None:
        columns |= {_ATTENTION: "float64"}
    told = {
        "format": _FORMAT,
        "cities": [_city_facts(city) for city in first.cities],
        "novelty_threshold": first.doubt.novelty_threshold if np.isfinite(first.doubt.novelty_threshold) else None,
        "probability_threshold": first.doubt.probability_threshold,
        "fusion": first.fusion,
        **facts,
    }
    rows = sorted((row for part in answers for row in _rows(part)), key=lambda row: (row["photo"], row["sha256"]))
    write_table(path, columns, rows, {_KEY: json.dumps(told, ensure_ascii=False)})


def save_predictions(report: Report, path: Path) -> None:
    """Write everything that the model of a report said, also of cities that it does not know.

    Args:
        report: from :func:`flaneur.evaluation.run.evaluate`.
        path: the file; replaced.
    """
    write_predictions(path, [report.known, report.unknown], facts_of(report))


def facts_of(report: Report) -> dict[str, Any]:
    """What a comparison wants to know of an evaluation."""
    facts = {name: getattr(report.origin, name) for name in _OF_ORIGIN}
    return facts | {_LEARNT: report.learnt_from}


def read_predictions(path: str | Path) -> Predictions:
    """Read predictions that :func:`write_predictions` wrote.

    The photos know their id, hash, city and place; size, position and dates are in the dataset.

    Args:
        path: the file, or the folder of a report that holds it.

    Raises:
        InputError: there is no such file, or it is another one.
        IntegrityError: a newer flaneur made it, or it is damaged.
    """
    path = Path(path)
    path = path / PREDICTIONS if path.is_dir() else path
    facts, columns = _read(path)
    try:
        return Predictions(_answers(facts, columns), facts)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise IntegrityError(f"{path}: damaged ({error!r}). Make the file again.") from error


def are_predictions(path: Path) -> bool:
    """Whether a file is one that :func:`write_predictions` wrote."""
    if path.suffix.lower() != ".parquet" or not path.is_file():
        return False
    return _KEY.encode() in open_parquet(on_disk(path)).schema.metadata


def _rows(answers: Answers) -> Iterator[dict[str, Any]]:
    slugs = [city.slug for city in answers.cities]
    names = [LOG + slug for slug in slugs]
    columns = zip(
        answers.photos, answers.guesses.tolist(), answers.confidence.tolist(), answers.answered.tolist(),
        answers.novelty.tolist(), answers.log_probabilities, strict=True,
    )  # fmt: skip
    for number, (photo, guess, probability, answered, novelty, logs) in enumerate(columns):
        row = {
            "photo": photo.id, "sha256": photo.sha256, "city": photo.city, "place": photo.place,
            "guess": slugs[guess], "probability": probability, "answered": answered, "novelty": novelty,
        }  # fmt: skip
        if answers.attention is not None:
            row[_ATTENTION] = float(answers.attention[number])
        yield row | dict(zip(names, logs.tolist(), strict=True))


def _answers(facts: Mapping[str, Any], columns: Mapping[str, Any]) -> Answers:
    cities = tuple(_city(entry) for entry in facts["cities"])
    limit = facts["novelty_threshold"]
    doubt = Doubt(1.0, np.inf if limit is None else limit, facts["probability_threshold"] * (1 - _HAIR))
    photos = zip(columns["photo"], columns["sha256"], columns["city"], columns["place"], strict=True)
    logits = np.column_stack([columns[LOG + city.slug] for city in cities]).astype(np.float64)
    if np.isnan(logits).any():
        raise ValueError("a probability is missing")
    return Answers(
        cities=cities,
        photos=tuple(Photo(*row, width=0, height=0, source=row[0].partition(":")[0]) for row in photos),
        logits=logits,
        novelty=np.asarray(columns["novelty"], np.float64),
        doubt=doubt,
        attention=np.asarray(columns[_ATTENTION], np.float64) if _ATTENTION in columns else None,
        fusion=facts["fusion"],
    )


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Facts and columns; numbers as arrays, texts as lists."""
    if not path.is_file():
        raise InputError(f"{path}: no such file. 'flaneur evaluate' writes it beside its report.")
    table = on_disk(path)
    reader = open_parquet(table)
    told = reader.schema.metadata.get(_KEY.encode())
    if told is None:
        raise InputError(f"{path}: not written by flaneur. See 'flaneur compare --help' for tables of other systems.")
    try:
        facts = json.loads(told)
        made_by = facts["format"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise IntegrityError(f"{path}: damaged ({error!r}). Make the file again.") from error
    if made_by != _FORMAT:
        raise IntegrityError(f"{path}: made by a newer flaneur (format {made_by}). Update flaneur.")
    with understood(table):
        batches = list(reader)
        return facts, {name: _values([one.column(name) for one in batches], name) for name in reader.schema.names}


def _values(pieces: Sequence[Any], name: str) -> Any:
    if PREDICTION_COLUMNS.get(name) == "string":
        return [text for piece in pieces for text in piece.to_pylist()]
    return np.concatenate([np.empty(0), *(piece.to_numpy() for piece in pieces)])


def _city_facts(city: City) -> dict[str, Any]:
    centre = None if city.centre is None else [city.centre.lat, city.centre.lon]
    return {"slug": city.slug, "name": city.name, "country": city.country, "centre": centre}


def _city(facts: Mapping[str, Any]) -> City:
    centre = facts["centre"]
    return City(facts["slug"], facts["name"], facts["country"], None if centre is None else Location(*centre))
