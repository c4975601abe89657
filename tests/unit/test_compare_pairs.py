"""Two systems on the same photos: differences by hand, tests beside scipy, corrections by their definition."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from flaneur.evaluation.comparison.pairs import Truth, all_pairs, holm


def truth(labels: list[int], places: list[int]) -> Truth:
    return Truth(np.array(labels), np.array(places), max(labels) + 1)


def test_differences_and_counts_by_hand() -> None:
    right = {"a": np.array([1, 1, 1, 0, 0, 1], bool), "b": np.array([1, 0, 1, 1, 0, 0], bool)}
    pair = all_pairs(right, truth([0, 0, 0, 1, 1, 1], [0, 1, 2, 3, 4, 5]))[0]
    assert (pair.only_first, pair.only_second, pair.both, pair.neither) == (2, 1, 2, 1)
    assert pair.difference.value == pytest.approx(1 / 6)
    assert pair.macro_difference.value == pytest.approx(1 / 6)
    assert [number.value for number in pair.by_city] == pytest.approx([1 / 3, 0.0])
    assert [(number.n, number.groups) for number in pair.by_city] == [(3, 3), (3, 3)]
    assert pair.mcnemar_p == pytest.approx(stats.binomtest(2, 3).pvalue)
    assert pair.place_p == pair.mcnemar_p == pair.holm_p
    assert pair.better == ""


def test_photos_of_one_place_count_as_one() -> None:
    right = {"a": np.ones(20, bool), "b": np.repeat([True, False], 10)}
    alone = all_pairs(right, truth([0] * 20, list(range(20))))[0]
    together = all_pairs(right, truth([0] * 20, [0] * 10 + [1] * 10))[0]
    assert alone.better == "a"
    assert alone.mcnemar_p == together.mcnemar_p == pytest.approx(2 / 2**10)
    assert together.place_p == 1.0
    assert together.better == ""


def test_no_difference_at_all_is_no_certainty() -> None:
    right = np.array([True] * 30 + [False] * 10)
    pair = all_pairs({"a": right, "b": right.copy()}, truth([0] * 30 + [1] * 10, list(range(40))))[0]
    assert (pair.difference.value, pair.place_p, pair.better) == (0.0, 1.0, "")
    assert pair.difference.low == pytest.approx(-pair.difference.high, abs=0.01)
    assert 0.02 < pair.difference.high < 0.12
    assert pair.by_city[1].high > pair.by_city[0].high > 0


def test_every_city_wrong_by_one_and_right_by_the_other() -> None:
    pair = all_pairs({"a": np.zeros(9, bool), "b": np.ones(9, bool)}, truth([0] * 9, list(range(9))))[0]
    assert (pair.difference.value, pair.difference.low) == (-1.0, -1.0)
    assert -1 < pair.difference.high < 0
    assert pair.better == "b"


def test_holm_agrees_with_its_definition_and_keeps_order() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        chances = rng.random(6).tolist()
        found = holm(chances)
        for level in (0.01, 0.05, 0.2, 0.5):
            rejected, ordered = set(), sorted(range(6), key=lambda one: chances[one])
            for rank, index in enumerate(ordered):
                if chances[index] > level / (6 - rank):
                    break
                rejected.add(index)
            assert {index for index in range(6) if found[index] <= level} == rejected
    assert holm([]) == []


def test_many_pairs_are_corrected_together() -> None:
    rng = np.random.default_rng(1)
    right = {name: rng.random(400) < share for name, share in (("a", 0.9), ("b", 0.6), ("c", 0.6))}
    pairs = all_pairs(right, truth([0, 1] * 200, list(range(400))))
    assert [(pair.first, pair.second) for pair in pairs] == [("a", "b"), ("a", "c"), ("b", "c")]
    assert [pair.better for pair in pairs] == ["a", "a", ""]
    assert [pair.holm_p for pair in pairs] == pytest.approx(holm([pair.place_p for pair in pairs]))


def test_equal_models_are_seldom_called_different_though_mcnemar_does() -> None:
    """Each model has its own chance in each place, drawn alike for both: neither is better, places are not photos."""
    rng, repeats, called, by_photo = np.random.default_rng(0), 100, 0, 0
    for _ in range(repeats):
        places = np.repeat(np.arange(80), rng.integers(1, 12, 80))
        one, other = (rng.random(len(places)) < rng.beta(2.4, 0.6, 80)[places] for _ in range(2))
        pair = all_pairs({"a": one, "b": other}, truth([0] * len(places), places.tolist()))[0]
        called += bool(pair.better)
        by_photo += pair.mcnemar_p < 0.05
    assert called <= 0.08 * repeats
    assert by_photo >= 0.12 * repeats
