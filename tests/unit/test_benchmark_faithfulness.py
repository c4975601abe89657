"""The table of methods: photos in turn, rows that are gone on from, and means that are right."""

from __future__ import annotations

import argparse
import json

import pytest
from benchmarks import faithfulness
from benchmarks.faithfulness import PLANTED, SMOOTH, STREWN, differences, in_turn, run, summary

from flaneur.types import Photo


def _photo(city, place, number):
    return Photo(f"x:{city}-{number}", "0" * 64, city, f"{city}-{place}", 640, 480, "folder")


def test_photos_of_other_places_a_city_after_the_other():
    photos = [_photo(city, number // 2, number) for city in ("oslo", "rome") for number in range(8)]
    chosen = in_turn(photos, 6)
    assert [photo.city for photo in chosen] == ["oslo", "rome"] * 3
    assert len({photo.place for photo in chosen}) == 6
    assert in_turn(photos, 4) == chosen[:4]
    assert len(in_turn(photos, 100)) == 8


def test_goes_on_where_it_stopped(tmp_path, monkeypatch):
    few = {"cam": ("cam", {}), "occlusion": ("occlusion", {"sizes": (0.2,), "stride": 0.5})}
    monkeypatch.setattr(faithfulness, "METHODS", few)
    options = argparse.Namespace(rows=tmp_path / "rows.jsonl", marked="built", count=3)
    first = run(options)
    options.count = 5
    rows = run(options)
    assert rows[:3] == first
    assert [row["id"] for row in rows] == [f"built-{number}" for number in range(5)]
    assert [json.loads(line) for line in options.rows.read_text().splitlines()] == rows
    table = summary(rows)
    assert set(table) == {*few, PLANTED, STREWN, SMOOTH}
    assert table[PLANTED]["sanity"].value == 1
    assert table[PLANTED]["pointing"] == 0
    assert table["occlusion"]["pointing"] == 1
    assert table["occlusion"]["gain"].value > table[PLANTED]["gain"].value
    assert table[SMOOTH]["gain"].value == 0


def _row(number, better, worse):
    areas = {"cam": [0.2, 0.2 + better], "rise": [0.2, 0.2 + worse], SMOOTH: [0.5, 0.5]}
    return {"place": f"p{number}", "areas": areas}


def test_differences_are_of_the_same_photos(monkeypatch):
    monkeypatch.setattr(faithfulness, "METHODS", {"cam": ("cam", {}), "rise": ("rise", {})})
    (found,) = differences([_row(number, 0.1 * number, 0.1 * number - 0.05) for number in range(8)]).items()
    assert found[0] == "cam - rise"
    assert [found[1].low, found[1].value, found[1].high] == pytest.approx([0.05] * 3)
