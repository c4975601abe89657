"""A game in; its answers and participants as rows, for CSV and Parquet, out."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from flaneur.files import ColumnType, write_table, write_text
from flaneur.game.game import Game

ANSWERS: dict[str, ColumnType] = {
    "participant": "string", "phase": "string", "round": "int64", "place": "string", "photos": "string",
    "truth": "string", "answer": "string", "answer_lat": "float64", "answer_lon": "float64", "correct": "bool",
    "distance_km": "float64", "points": "int64", "seconds": "float64", "times_shown": "int64", "shown_at": "string",
    "answered_at": "string", "model_answer": "string", "model_probability": "float64", "model_abstained": "bool",
    "model_correct": "bool",
}  # fmt: skip
"""Columns of the table of answers."""


def answer_rows(game: Game) -> Iterator[dict[str, Any]]:
    """One row an answer, by participant and round; the model's answer beside it where one plays."""
    played = game.store.played()
    said = {} if game.machine is None else game.machine.ask(row["place"] for row in played)
    for row in played:
        prediction = said.get(row["place"])
        first = None if prediction is None else prediction.ranking[0]
        yield {
            "participant": row["code"],
            "phase": row["phase"],
            "round": row["round"],
            "place": row["place_name"],
            "photos": " ".join(game.places[row["place"]][1].photos),
            "truth": row["truth"],
            "answer": row["named"],
            "answer_lat": row["lat"],
            "answer_lon": row["lon"],
            "correct": bool(row["correct"]),
            "distance_km": row["distance_km"],
            "points": row["points"],
            "seconds": row["seconds"],
            "times_shown": row["times_shown"],
            "shown_at": row["shown_at"],
            "answered_at": row["answered_at"],
            "model_answer": None if first is None else first.city.slug,
            "model_probability": None if first is None else first.probability,
            "model_abstained": None if prediction is None else prediction.abstained,
            "model_correct": None if first is None else first.city.slug == row["truth"],
        }


def write_answers(game: Game, folder: Path) -> tuple[Path, Path]:
    """Write ``answers.csv`` and ``answers.parquet``.

    Args:
        game: that was played.
        folder: that is there.
    """
    rows = list(answer_rows(game))
    written = folder / "answers.csv", folder / "answers.parquet"
    write_text(written[0], _csv(rows))
    write_table(written[1], ANSWERS, rows)
    return written


def _csv(rows: list[dict[str, Any]]) -> str:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(ANSWERS), lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in _known(row).items()} for row in rows)
    return text.getvalue()


def _known(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ANSWERS}


def _cell(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value
