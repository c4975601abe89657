"""The benchmark of 100,000 photos, small: every measure runs, and the page does not grow with the photos."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmarks.evaluation_at_scale import drawn_model, prepare

from flaneur.dataset.store import open_dataset
from flaneur.evaluation.report import Report
from flaneur.evaluation.run import evaluate
from flaneur.evaluation.write import write_report
from flaneur.files import read_json


def evaluated(root: Path, photos: int) -> Report:
    prepare(root, photos, 3, 4)
    dataset = open_dataset(root)
    found = evaluate(drawn_model(dataset, 3), dataset)
    write_report(found, root / "report", photos=False)
    return found


def test_the_page_of_many_photos_is_hardly_longer_than_that_of_few(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLANEUR_HOME", str(tmp_path))
    few, many = evaluated(tmp_path / "few", 400), evaluated(tmp_path / "many", 4000)
    pages = [(tmp_path / name / "report" / "report.html").stat().st_size for name in ("few", "many")]
    assert pages[1] < 1.2 * pages[0]
    assert len(few.known.photos) == 400
    accuracies = [found.which.accuracy for found in (few, many)]
    assert accuracies[1].high - accuracies[1].low < 0.5 * (accuracies[0].high - accuracies[0].low)
    written = read_json(tmp_path / "many" / "report" / "report.json")
    assert written["counts"]["photos"] == 4000
    assert {"distance", "coverage", "slices", "nearest_train", "view_count"} <= set(written["sections"])
    assert many.views is not None
