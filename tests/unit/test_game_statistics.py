"""What guesses tell: against hand arithmetic, formulas spelt out in loops, and simulated people."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from flaneur.game.dealing import deal
from flaneur.game.report.words import _against, _few_mistakes
from flaneur.game.statistics.against import against_model
from flaneur.game.statistics.crossed import crossed_difference, crossed_share
from flaneur.game.statistics.guesses import Guesses
from flaneur.game.statistics.learning import learning
from flaneur.game.statistics.mistakes import alike, mantel_p, mistakes
from flaneur.game.statistics.people import person_rows
from flaneur.game.statistics.photos import only_model, only_people, place_rows
from flaneur.game.statistics.power import guesses_needed, power
from flaneur.metrics import Interval, wilson
from flaneur.types import City

CITIES = (City("york", "York", "GB"), City("leeds", "Leeds", "GB"), City("rome", "Rome", "IT"))
NOBODY = np.zeros(0, np.intp)


def guesses(
    named: Any, labels: Any, people: Any, places: Any = None, said: Any = None, cities: tuple[City, ...] = CITIES
) -> Guesses:
    """Guesses from lists; every guess at a place of its own unless told, rounds counted by person."""
    who = np.asarray(people, np.intp)
    where = np.arange(len(who)) if places is None else np.asarray(places, np.intp)
    position = np.array([(who[: row + 1] == who[row]).sum() for row in range(len(who))], np.intp)
    return Guesses(
        cities=cities, codes=tuple(f"p{number}" for number in range(int(who.max(initial=0)) + 1)),
        place_names=tuple(f"place {number}" for number in range(int(where.max(initial=0)) + 1)), people=who,
        places=where, labels=np.asarray(labels, np.intp), named=np.asarray(named, np.intp),
        correct=np.asarray(named) == np.asarray(labels), position=position,
        seconds=np.full(len(who), math.nan), points=np.zeros(len(who)),
        said=None if said is None else np.asarray(said, np.intp),
        said_probability=None if said is None else np.full(len(who), 0.5),
    )  # fmt: skip


def right(hits: NDArray[np.bool_], people: Any, places: Any = None) -> Guesses:
    """Of two cities: right or wrong."""
    return guesses(np.where(hits, 0, 1), np.zeros(len(hits)), people, places)


PAPER = (33, 20, 21, 15, 20, 33)
"""Right answers of 50, of paper 002's six people (its table 1: 66, 40, 42, 30, 40 and 66 %)."""


def test_the_papers_human_baseline_is_known_to_16_points_and_not_to_6() -> None:
    people, places = np.repeat(np.arange(6), 50), np.arange(300)
    hits = np.concatenate([np.arange(50) < count for count in PAPER])
    share = crossed_share(hits, people, places)
    assert share.value == pytest.approx(142 / 300)
    # by hand: s = 0.150555 between people, so a variance of s²/6; 0.24929 / 0.0037778 = 65.99 guesses' worth, and for
    # Student's t with five degrees (2.5706) instead of 1.96 no more than 38.36; Wilson's interval of those
    assert (share.by_people.low, share.by_people.high) == (
        pytest.approx(0.3251, abs=2e-4),
        pytest.approx(0.6264, abs=2e-4),
    )
    naive = wilson(142, 300)
    assert (naive[1] - naive[0]) / 2 == pytest.approx(0.056, abs=1e-3)
    assert share.both.low <= share.by_people.low
    first = person_rows(right(hits, people), right(hits[:0], NOBODY))[0].accuracy
    assert (first.low, first.high) == (pytest.approx(0.5215, abs=2e-4), pytest.approx(0.7756, abs=2e-4))  # 33 of 50
    assert wilson(23.5, 50) == (pytest.approx(0.34, abs=0.005), pytest.approx(0.61, abs=0.005))


def test_variances_are_those_of_the_formula_spelt_out() -> None:
    rng = np.random.default_rng(0)
    people, places = np.repeat(np.arange(5), 8), np.tile(np.arange(8), 5)
    gains = rng.integers(-1, 2, 40).astype(float)
    rest, count = gains - gains.mean(), len(gains)
    clustered = []
    for groups in (people, places):
        size = len(set(groups.tolist()))
        total = sum(sum(rest[i] for i in range(count) if groups[i] == group) ** 2 for group in range(size))
        clustered.append(total / count**2 * size / (size - 1))
    alone = sum(one**2 for one in rest) / count**2 * count / (count - 1)
    joint = max(clustered[0] + clustered[1] - alone, *clustered, alone)
    found = crossed_difference(gains, people, places)
    assert found.both.high - found.value == pytest.approx(2.776445 * math.sqrt(joint))  # t with 4 degrees
    assert found.by_places.high - found.value == pytest.approx(2.364624 * math.sqrt(max(clustered[1], alone)))  # 7


def test_one_person_says_nothing_of_others_and_all_right_is_not_certain() -> None:
    one = crossed_share(np.ones(20, bool), np.zeros(20), np.arange(20))
    assert math.isnan(one.both.low)
    assert math.isnan(one.by_people.low)
    assert one.widest is one.by_places
    assert one.by_places.low < 0.85
    assert one.to_dict()["both"] == [None, None]
    assert crossed_difference(np.zeros(20), np.repeat([0, 1], 10), np.arange(20)).both.high > 0.3
    assert math.isnan(crossed_share(np.zeros(0, bool), NOBODY, NOBODY).value)


@pytest.mark.parametrize("how", ["spread", "same"])
def test_intervals_hold_the_truth_as_often_as_they_say(how: Any) -> None:
    """People and places differ; the truth is the mean over all people and all places."""
    rng, persons, rounds, pool = np.random.default_rng(1), 8, 20, 160
    grid = np.linspace(-8, 8, 4001)
    weight = np.exp(-(grid**2) / 2)
    truth = float((weight / (1 + np.exp(-(0.5 + math.hypot(0.7, 1.0) * grid)))).sum() / weight.sum())
    pools = {str(city): list(range(20 * city, 20 * city + 20)) for city in range(8)}
    places = np.concatenate([deal(pools, rounds, number, how, 0) for number in range(persons)])
    people = np.repeat(np.arange(persons), rounds)
    held = held_naively = 0
    for _ in range(300):
        skill, ease = rng.normal(0, 0.7, persons), rng.normal(0, 1.0, pool)
        hits = rng.random(len(people)) < 1 / (1 + np.exp(-(0.5 + skill[people] + ease[places])))
        ends = crossed_share(hits, people, places).both
        held += ends.low <= truth <= ends.high
        low, high = wilson(int(hits.sum()), len(hits))
        held_naively += low <= truth <= high
    assert held / 300 > 0.92  # 0.95 less what 300 draws may miss
    assert held_naively / 300 < 0.85


def test_learning_is_seen_where_there_is_some_and_its_p_is_exact() -> None:
    people, rounds = np.repeat(np.arange(6), 40), np.tile(np.arange(40), 6)
    rng = np.random.default_rng(2)
    better = learning(right(rng.random(240) < 0.2 + 0.6 * rounds / 40, people), right(np.zeros(0, bool), NOBODY))
    assert better.p < 0.01
    assert better.slope.low > 0
    assert better.slope.value == pytest.approx(0.15, abs=0.06)  # ten of forty rounds, of 60 points
    assert [(block.first, block.last) for block in better.blocks] == [(1, 8), (9, 16), (17, 24), (25, 32), (33, 40)]
    # one person, one right answer in three rounds: two of its three places are as far from the middle
    three = learning(right(np.array([False, False, True]), np.zeros(3)), right(np.zeros(0, bool), NOBODY))
    assert three.p == pytest.approx(2 / 3, abs=0.04)
    assert three.slope.value == pytest.approx(5.0)  # half a right answer a round
    chances = [
        learning(right(rng.random(60) < 0.5, np.repeat([0, 1, 2], 20)), right(np.zeros(0, bool), NOBODY)).p
        for _ in range(60)
    ]
    assert 0.3 < float(np.mean(chances)) < 0.7


def test_people_beside_the_model_by_hand() -> None:
    # person and model: both right 4 times, only the person 2, only the model 1, neither 3
    hits = [(1, 1)] * 4 + [(1, 0)] * 2 + [(0, 1)] + [(0, 0)] * 3
    named, said = [0 if person else 1 for person, _ in hits], [0 if model else 2 for _, model in hits]
    found = against_model(guesses(named, [0] * 10, [0, 1] * 5, said=said))
    assert found is not None
    assert (found.both, found.only_people, found.only_model, found.neither) == (4, 2, 1, 3)
    assert (found.people.value, found.model.value) == (pytest.approx(0.6), pytest.approx(0.5))
    assert found.difference.value == pytest.approx(0.1)
    assert found.p_by_place == pytest.approx(1.0)  # 2 to 1: every split of three is as far
    assert found.agreement.value == pytest.approx((0.7 - 0.5) / (1 - 0.5))
    alone = person_rows(guesses(named, [0] * 10, [0] * 10, said=said), right(np.zeros(0, bool), NOBODY))[0].against
    assert alone is not None
    assert (alone.only_first, alone.only_second, alone.p) == (2, 1, 1.0)
    assert against_model(guesses([0], [0], [0])) is None


def test_a_second_person_takes_nothing_from_what_these_people_did() -> None:
    places, said = np.tile(np.arange(30), 2), np.zeros(60, np.intp)
    hits = np.isin(np.arange(60), [0, 5, 9, *range(33, 57, 2)])  # 3 of 30 and 12 of 30; the model all
    for persons, of_people in ((1, ""), (2, "Of people in general 2 people do not show who does better")):
        rows = slice(0, 30 * persons)
        people = np.repeat(np.arange(persons), 30)
        found = against_model(guesses(np.where(hits, 0, 1)[rows], said[rows], people, places[rows], said=said[rows]))
        assert found is not None
        sentences = _against(found)
        assert "These people do worse than the model by" in sentences[0]
        assert "p < 0.001 by place" in sentences[0]
        assert of_people in sentences[0]
        assert len(sentences) == 1  # beside a model that is always right there is nothing to agree in


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        ((0.1, 0.7), "are right and wrong at the same places more often"),
        ((-0.7, -0.1), "are right and wrong at the same places less often"),
        ((-0.2, 0.7), "Whether people and model are right and wrong at the same places more often, or less,"),
    ],
)
def test_no_proof_of_agreement_is_no_proof_against_it(ends: tuple[float, float], said: str) -> None:
    found = against_model(guesses([0, 1, 0, 1], [0, 0, 0, 0], [0, 0, 1, 1], said=[0, 0, 1, 0]))
    assert found is not None
    assert said in _against(replace(found, agreement=Interval(sum(ends) / 2, *ends, 4, 4)))[1]


def test_correlation_of_mistakes_is_pearsons_without_the_right_answers() -> None:
    first, second = np.array([[6, 3, 1], [2, 8, 0], [4, 4, 2]]), np.array([[5, 4, 1], [1, 8, 1], [0, 5, 5]])
    one = [0.3, 0.1, 0.2, 0.0, 0.4, 0.4]
    other = [0.4, 0.1, 0.1, 0.1, 0.0, 0.5]
    assert alike(first, second) == pytest.approx(float(np.corrcoef(one, other)[0, 1]))
    better = 0
    for order in ([0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]):
        better += alike(first, second[np.ix_(order, order)]) >= alike(first, second) - 1e-12
    assert mantel_p(first, second, np.random.default_rng(0)) == pytest.approx(better / 6)
    assert math.isnan(alike(np.eye(3), second))


def _confused(rng: np.random.Generator, shares: NDArray[np.float64], labels: NDArray[np.intp]) -> NDArray[np.intp]:
    return np.array([rng.choice(len(shares), p=shares[label]) for label in labels], np.intp)


def test_alike_mistakes_are_told_from_unlike_ones() -> None:
    rng, side = np.random.default_rng(3), 6
    cities = tuple(City(f"c{number}", f"C{number}", "GB" if number < 2 else f"X{number}"[:2]) for number in range(side))
    pairs = np.full((side, side), 0.02)
    for a, b in ((0, 1), (2, 3), (4, 5)):  # twins are mixed up
        pairs[a, b] = pairs[b, a] = 0.4
    np.fill_diagonal(pairs, 0)
    np.fill_diagonal(pairs, 1 - pairs.sum(axis=1))
    order = [0, 2, 4, 1, 3, 5]
    others = pairs[np.ix_(np.argsort(order), np.argsort(order))]  # the same shape, other twins
    places, people = np.tile(np.arange(100), 6), np.repeat(np.arange(6), 100)
    labels = places % side
    named = _confused(rng, pairs, labels)
    same = mistakes(guesses(named, labels, people, places, said=_confused(rng, pairs, labels), cities=cities))
    assert same.correlation is not None
    assert same.correlation.low > 0.5
    assert same.p < 0.05
    assert same.ceiling > 0.8
    apart = mistakes(guesses(named, labels, people, said=named, cities=cities))
    assert math.isnan(apart.ceiling)  # no place was seen by two: halves would differ by their photos, too
    few = np.where(np.arange(len(labels)) < 54, _confused(rng, pairs, labels), labels)  # the model errs nine times
    few[:54] = np.where(np.cumsum(few[:54] != labels[:54]) > 9, labels[:54], few[:54])
    rare = mistakes(guesses(named, labels, people, places, said=few, cities=cities))
    assert rare.counts[1] == 9
    assert (rare.correlation, rare.p) == (None, 1.0)
    assert _few_mistakes(rare) == [
        "The model made 9 mistakes only: whether both mix up the same cities cannot be told."
    ]
    unlike = mistakes(guesses(named, labels, people, places, said=_confused(rng, others, labels), cities=cities))
    assert unlike.correlation is not None
    assert unlike.correlation.high < 0.5
    assert unlike.p > 0.05
    assert same.people_near is not None
    assert same.people_near.share.value > 0.7
    assert same.people_near.chance == pytest.approx(1 / 5)


def test_near_misses_by_hand_and_points_that_name_no_city() -> None:
    # York is taken for Leeds twice and for Rome once; Rome has no sister, so its mistakes do not count
    found = mistakes(guesses([1, 1, 2, 0, 2, -1], [0, 0, 0, 0, 2, 2], [0, 0, 1, 1, 1, 1]))
    assert found.people.tolist() == [[1, 2, 1], [0, 0, 0], [0, 0, 1]]
    assert found.people_near is not None
    assert (found.people_near.share.value, found.people_near.chance) == (pytest.approx(2 / 3), pytest.approx(1 / 2))
    assert (found.model, found.correlation, found.p, found.model_near) == (None, None, 1.0, None)


def test_photos_that_only_one_side_gets() -> None:
    # at place 0 both people are right and the model is not; at 1 the other way round; at 2 all are right
    named, labels = [0, 0, 1, 2, 2, 2], [0, 0, 0, 0, 2, 2]
    places = place_rows(guesses(named, labels, [0, 1] * 3, [0, 0, 1, 1, 2, 2], said=[1, 1, 0, 0, 2, 2]))
    assert [place.name for place in only_people(places)] == ["place 0"]
    assert [place.name for place in only_model(places)] == ["place 1"]
    assert places[0].to_dict(("york", "leeds", "rome")) == {
        "place": "place 0", "city": "york", "right": 2, "guesses": 2, "named_most": "york", "model_says": "leeds",
        "model_probability": 0.5,
    }  # fmt: skip


def test_how_many_it_takes() -> None:
    count = guesses_needed(0.47)
    assert count == 379  # by hand: n with 1.96 sqrt(0.2491 / n + 0.9604 / n²) / (1 + 3.84 / n) = 0.05
    for more, wide in product((0, -1), (0.05,)):
        low, high = wilson(0.47 * (count + more), count + more)
        assert ((high - low) / 2 <= wide) == (more == 0)
    hits = np.concatenate([np.arange(50) < right_ones for right_ones in PAPER])
    need = power(right(hits, np.repeat(np.arange(6), 50)))
    assert need.spread == pytest.approx(0.1506, abs=1e-4)
    assert need.people == 38  # 2.026 × 0.1506 / √38 = 0.0495
    few = power(right(hits[:200], np.repeat(np.arange(4), 50)))
    assert few.people is None
    assert few.to_dict()["spread"] is None
    # five people right at 2 of 4 rounds each: that they seem equal is chance, whose own spread is √(0.5 · 0.5 / 4)
    alike_so_far = power(right(np.arange(20) % 2 > 0, np.repeat(np.arange(5), 4)))
    assert alike_so_far.spread == pytest.approx(0.25)
    assert alike_so_far.people is not None
    assert alike_so_far.people > 90
