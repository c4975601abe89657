"""Points, dealing and protocols of the game, by hand arithmetic and by counting."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

import pytest

from flaneur.errors import InputError, UsageError
from flaneur.game.dealing import deal
from flaneur.game.scoring import score
from flaneur.game.settings import EXPERIMENT, GameSettings, of_table, read_protocol
from flaneur.game.shapes import Guess
from flaneur.types import City, Location

OSLO = City("oslo", "Oslo", "NO", Location(60, 11))
ROME = City("rome", "Rome", "IT", Location(42, 12), radius_km=40)
NOWHERE = City("nowhere", "Nowhere")


def test_the_right_city_is_worth_all_points_however_far_its_photo_lies() -> None:
    worth = score(Guess(city="rome"), ROME, Location(43, 12), [OSLO, ROME])
    assert (worth.points, worth.correct) == (5000, True)
    assert worth.distance_km == pytest.approx(111.2, abs=0.1)  # one degree of latitude


def test_a_wrong_city_is_worth_what_its_middle_is_away_from_the_photo() -> None:
    worth = score(Guess(city="oslo"), ROME, Location(43, 12), [OSLO, ROME])
    assert worth.distance_km is not None
    assert not worth.correct
    assert worth.points == round(5000 * math.exp(-10 * worth.distance_km / 14927))


@pytest.mark.parametrize(
    ("point", "points", "city"),
    [
        (Location(42.3, 12), 5000, "rome"),  # 33 km off the middle, inside the city's 40 km
        (Location(42.95, 12.1), 5000, "rome"),  # 10 km from the photo
        (Location(43.1, 12.1), 5000, "rome"),  # 24 km from the photo, 122 from the middle
        (Location(42, 13), 4585, ""),  # 83 km from the middle: nearest, but not hit
        (Location(0, 12), 205, ""),  # 4,770 km off
        (Location(60, 11), 1397, "oslo"),
    ],
)
def test_a_point_hits_near_the_city_or_near_the_photo(point: Location, points: int, city: str) -> None:
    worth = score(Guess(at=point), ROME, Location(42.9, 12), [OSLO, ROME])
    assert worth.city == city
    assert worth.correct == (city == "rome")
    assert worth.points == pytest.approx(points, abs=3)


def test_without_positions_only_the_right_city_counts() -> None:
    assert score(Guess(city="nowhere"), NOWHERE, None, [NOWHERE, OSLO]).points == 5000
    wrong = score(Guess(city="oslo"), NOWHERE, None, [NOWHERE, OSLO])
    assert (wrong.points, wrong.distance_km) == (0, None)
    assert score(Guess(at=Location(0, 0)), NOWHERE, None, [NOWHERE]).city == ""
    # the photo's own position still measures a guess at a city without a middle
    near = score(Guess(at=Location(60, 11)), NOWHERE, Location(60, 11.1), [NOWHERE, OSLO])
    assert (near.points, near.correct, near.city) == (5000, True, "nowhere")  # though Oslo's middle is nearer


def test_a_city_that_was_not_to_choose_is_refused() -> None:
    with pytest.raises(UsageError, match="Did you mean 'oslo'"):
        score(Guess(city="olso"), ROME, None, [OSLO, ROME])


@pytest.mark.parametrize(
    "words",
    [{}, {"city": "a", "at": Location(0, 0)}, {"city": "a", "seconds": -1.0}, {"city": "a", "seconds": math.nan}],
)
def test_a_guess_is_one_answer_and_a_time(words: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        Guess(**words)  # type: ignore[arg-type]


POOLS = {"a": list(range(0, 7)), "b": list(range(7, 16)), "c": list(range(16, 30))}


@pytest.mark.parametrize("how", ["same", "spread"])
def test_everybody_gets_every_city_equally_often_and_no_place_twice(how: str) -> None:
    for number in range(20):
        dealt = deal(POOLS, 11, number, how, 3)  # type: ignore[arg-type]
        assert len(set(dealt)) == 11
        assert sorted(sum(place in pool for place in dealt) for pool in POOLS.values()) == [3, 4, 4]


def test_spread_shows_places_of_a_city_equally_often_and_same_shows_the_same_in_another_order() -> None:
    seen = Counter(place for number in range(12) for place in deal(POOLS, 11, number, "spread", 3))
    for pool in POOLS.values():
        counts = [seen[place] for place in pool]
        assert max(counts) - min(counts) <= 1
    same = [deal(POOLS, 11, number, "same", 3) for number in range(4)]
    assert len({tuple(sorted(dealt)) for dealt in same}) == 1
    assert len({tuple(dealt) for dealt in same}) == 4


def test_dealing_hangs_on_the_seed_alone() -> None:
    assert deal(POOLS, 9, 5, "spread", 1) == deal(POOLS, 9, 5, "spread", 1)
    assert deal(POOLS, 9, 5, "spread", 1) != deal(POOLS, 9, 5, "spread", 2)


def test_orders_do_not_favour_a_city() -> None:
    first = Counter(
        next(city for city, pool in POOLS.items() if deal(POOLS, 9, number, "spread", 0)[0] in pool)
        for number in range(300)
    )
    assert min(first.values()) > 70  # of 100 expected; 70 is 3.7 standard deviations below


def test_too_few_places_say_how_many_there_are() -> None:
    with pytest.raises(InputError, match="30 rounds need 10 places of each of 3 cities, and a has 7"):
        deal(POOLS, 30, 0, "same", 0)


def test_a_protocol_says_what_differs_from_the_papers_experiment(tmp_path: Path) -> None:
    file = tmp_path / "Street study.toml"
    file.write_text('test_rounds = 10\nconsent = """\nI agree\nto all.\n"""\ncodes = ["P01", "P02"]\n', "utf-8")
    settings = read_protocol(file)
    assert (settings.name, settings.test_rounds, settings.training_rounds) == (
        "street-study",
        10,
        EXPERIMENT["training_rounds"],
    )
    assert (settings.tells, settings.deal, settings.codes) == (False, "spread", ("P01", "P02"))
    assert settings.consent == "I agree to all."
    assert of_table(settings.to_dict(), "x") == settings


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("test_round = 10", "unknown key 'test_round'. Did you mean 'test_rounds'?"),
        ("test_rounds = true", "test_rounds: must be a whole number, but is True"),
        ("test_rounds = 0", "test_rounds = 0 must be from 1 to"),
        ('deal = "spred"', "Did you mean 'spread'?"),
        ('codes = ["p1", "P-1"]', "codes: each must be another"),
        ('name = "../x"', "cannot be the name of a game"),
        ('split = "tset"', "'tset' is no part of a split"),
        ("= 3", "not TOML"),
    ],
)
def test_a_protocol_that_is_wrong_is_told_in_one_line(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "p.toml"
    file.write_text(text, "utf-8")
    with pytest.raises(UsageError) as told:
        read_protocol(file)
    assert said in str(told.value)
    assert str(file) in str(told.value)
    with pytest.raises(UsageError, match="cannot be read"):
        read_protocol(tmp_path / "none.toml")


def test_settings_of_a_game_differ_from_an_experiments() -> None:
    assert GameSettings().tells
    assert GameSettings().leaderboard
    assert not GameSettings(**EXPERIMENT).leaderboard
