"""README's figures of the bundled model are those that its card recorded when it was evaluated."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import flaneur

README = Path(__file__).parents[2] / "README.md"
CARD = Path(flaneur.__file__).with_name("bundled") / "base" / "card.json"
ROWS = {
    "accuracy": "accuracy",
    "macro recall": "macro_recall",
    "right city among the first three": "top3",
    "the same photos, choosing among the cities of their own campaign": "within_project",
    "expected calibration error": "calibration_error",
    "AUROC, photos of unknown cities against known ones": "novelty_auroc",
}
OF_ONE_CITY = "gsv_multiview"


def recorded() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(CARD.read_text("utf-8"))["metrics"]["evaluated"]["cities/test"]
    return found


def table() -> dict[str, str]:
    """First column to second."""
    lines = README.read_text("utf-8").splitlines()
    start = next(row for row, line in enumerate(lines) if line.startswith("| | the bundled model |"))
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines[start + 2 :]]
    end = next(row for row, line in enumerate(cells) if not line)
    return {row[0]: row[1] for row in cells[:end]}


def test_every_row_is_in_the_card() -> None:
    told, kept = table(), recorded()
    for name, key in ROWS.items():
        number = kept[key]
        assert told.pop(name) == f"{number['value']:.3f} ({number['low']:.3f} to {number['high']:.3f})", name
    (name, value), *others = told.items()
    assert not others
    several = [group["pooled"] for name, group in kept["projects"].items() if name != OF_ONE_CITY]
    photos = sum(number["n"] for number in several)
    assert name == f"the {photos} photos of campaigns with several cities, choosing among all eight"
    assert value.startswith(f"{sum(number['n'] * number['value'] for number in several) / photos:.3f} (")


def test_the_sentence_above_the_table_counts_what_was_measured() -> None:
    number = recorded()["accuracy"]
    assert re.search(rf"\b{number['n']} photos at {number['places']} places\b", README.read_text("utf-8"))
