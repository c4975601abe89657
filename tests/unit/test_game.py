"""A game from joining to the leaderboard, as its page plays it; killed, left, sent twice, played by many at once."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from flaneur.dataset.store import Dataset, open_dataset
from flaneur.errors import InputError, UsageError
from flaneur.game.game import Game, new_game, open_game
from flaneur.game.library import free_name, games, games_on
from flaneur.game.settings import GameSettings
from flaneur.game.shapes import Guess
from flaneur.game.statistics.analysis import analyse
from flaneur.game.statistics.guesses import guesses_of
from flaneur.game.store import FILE, Store
from flaneur.predict import Model
from flaneur.types import Location
from game_players import play_all
from game_world import game_dataset, game_model
from unwritable import nothing_can_be_written

PAPER = GameSettings(
    name="paper", test_rounds=6, training_rounds=3, tells=False, by_map=False, deal="spread", leaderboard=False, seed=4,
)  # fmt: skip


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[Dataset, Model]:
    folder = tmp_path_factory.mktemp("game")
    return game_dataset(folder), game_model(folder)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FLANEUR_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_a_game_tells_after_each_answer_and_ends_with_a_leaderboard(world: tuple[Dataset, Model]) -> None:
    with new_game(*world, GameSettings(test_rounds=6, by_map=False)) as game:
        player, truths = game.join(name=" Ann\n Lee "), []
        assert player.name == "Ann Lee"
        while shown := game.next_round(player):
            assert shown.tells
            assert [city.slug for city in shown.choices] == ["paris", "rome", "sao-paulo"]  # Delft is not the model's
            assert shown.credits == ("Ada · CC0-1.0",)
            told = game.answer(player, shown.number, Guess(city="rome", seconds=2.0))
            assert told is not None
            assert told.prediction is not None
            assert told.model_score is not None
            assert told.score.correct == (told.truth.slug == "rome")
            own = world[1].predict(list(shown.photos))
            assert [one.logit for one in told.prediction.ranking] == [one.logit for one in own.ranking]
            assert told.model_score.correct == (own.ranking[0].city.slug == told.truth.slug)
            truths.append(told.truth.slug)
        assert sorted(truths) == ["paris"] * 2 + ["rome"] * 2 + ["sao-paulo"] * 2
        lines = game.standings()
        assert {line.name for line in lines} == {"Ann Lee", "tiny"}
        mine = next(one for one in lines if one.number == player.number)
        assert mine.correct == 2
        assert mine.points >= 10_000
        assert game.participant(player.code).finished


def test_an_experiment_tells_in_training_only_and_keeps_phases_apart(world: tuple[Dataset, Model]) -> None:
    dataset, model = world
    part_of = dataset.split().part_of
    with new_game(dataset, model, PAPER) as game:
        player, photos = game.join(), []
        for number in range(1, 10):
            shown = game.next_round(player)
            assert shown is not None
            training = number <= 3
            position = number if training else number - 3
            assert (shown.number, shown.position, shown.of) == (number, position, 3 if training else 6)
            assert shown.tells == training
            told = game.answer(player, number, Guess(city="paris"))
            assert (told is not None) == training
            photos.append(game.places[game.store.rounds(player.number)[number - 1].place][1].photos[0])
        assert {part_of[photo] for photo in photos[:3]} == {"validation"}
        assert {part_of[photo] for photo in photos[3:]} == {"test"}
        assert len(set(photos)) == 9
        assert game.next_round(player) is None


def test_an_answer_may_be_sent_twice_but_not_changed(world: tuple[Dataset, Model]) -> None:
    with new_game(*world, GameSettings(test_rounds=3)) as game:
        player = game.join()
        assert game.next_round(player) is not None
        first = game.answer(player, 1, Guess(city="rome", seconds=3.0))
        assert game.answer(player, 1, Guess(city="rome", seconds=9.0)) == first
        assert game.store.played()[0]["seconds"] == 3.0
        with pytest.raises(UsageError, match="the first answer stands"):
            game.answer(player, 1, Guess(city="paris"))
        with pytest.raises(UsageError, match="not the next one"):
            game.answer(player, 3, Guess(city="paris"))
        with pytest.raises(UsageError, match="no round 4; there are 3"):
            game.answer(player, 4, Guess(city="paris"))
        with pytest.raises(UsageError, match="not answered yet"):
            game.feedback(player, 2)


def test_points_on_the_map_count_where_all_cities_are_somewhere(world: tuple[Dataset, Model]) -> None:
    with new_game(*world, GameSettings(test_rounds=4, cities=("paris", "rome"))) as game:
        player = game.join()
        shown = game.next_round(player)
        assert shown is not None
        assert shown.by_map
        told = game.answer(player, 1, Guess(at=Location(41.9, 12.5)))
        assert told is not None
        assert told.score.city == "rome"
        assert (told.score.points == 5000) == (told.truth.slug == "rome")
        told = game.answer(player, 2, Guess(at=Location(-40, -120)))  # in the middle of an ocean
        assert told is not None
        assert (told.score.city, told.score.correct) == ("", False)
        guessed = guesses_of(game)
        assert guessed.named.tolist()[1] == -1
        assert guessed.correct.tolist() == [row["correct"] == 1 for row in game.store.played()]
    cities_only = new_game(*world, replace(PAPER, training_rounds=0))
    with cities_only as game, pytest.raises(UsageError, match="map is no answer"):
        game.answer(game.join(), 1, Guess(at=Location(0, 0)))


def test_codes_let_in_those_only_who_have_one_and_consent_comes_first(world: tuple[Dataset, Model]) -> None:
    own = replace(PAPER, codes=("P-01", "P-02"), consent="I take part.")
    with new_game(*world, own) as game:
        for code, consent, said in (
            ("", True, "Say yours"),
            ("P-03", True, "nobody has this code"),
            ("P-01", False, "consent"),
        ):
            with pytest.raises(UsageError, match=said) as told:
                game.join(code, consent=consent)
            assert "P-0" not in str(told.value)
        first = game.join("p01", consent=True)
        assert first.code == "P-01"
        assert game.join("P-01").number == first.number  # back again
        assert game.store.participants()[0]["consented_at"] is not None
        with pytest.raises(UsageError, match="nobody has joined"):
            game.participant("P-02")
    with new_game(*world, GameSettings()) as game:
        assert len({game.join().code for _ in range(20)}) == 20


def test_a_game_goes_on_where_it_was_left(world: tuple[Dataset, Model]) -> None:
    dataset, model = world
    with new_game(dataset, model, PAPER) as game:
        (code,) = play_all(game, 1, rounds=4)
        before = game.store.rounds(0)
        invitation = game.join_code
    with new_game(dataset, model, PAPER) as game:
        assert game.store.rounds(0) == before
        assert game.join_code == invitation
        player = game.join(code)
        shown = game.next_round(player)
        assert shown is not None
        assert shown.number == 5
        assert game.next_round(player) == shown
    with open_game("paper") as game:
        assert game.model is not None
        assert game.model.name == model.name
    assert games() == ["paper"]
    assert games_on("toy") == ["paper"]
    assert games_on("other") == []
    assert (free_name("paper"), free_name("new")) == ("paper-2", "new")
    with pytest.raises(UsageError, match="already, with another"):
        new_game(dataset, model, replace(PAPER, test_rounds=5))
    with pytest.raises(UsageError, match="already, with another"):
        new_game(dataset, None, PAPER)


def test_another_model_of_the_name_is_not_taken_for_the_one_that_played(
    world: tuple[Dataset, Model], tmp_path: Path
) -> None:
    dataset, _ = world
    new_game(dataset, game_model(tmp_path), PAPER).close()
    bundle = tmp_path / "tiny"
    from bundles import tiny_bundle
    from flaneur.bundle.card import AbstainRule

    tiny_bundle(bundle, abstain=AbstainRule("energy", 0.0, 0.9))
    with pytest.raises(InputError, match="another one by now"):
        open_game("paper")
    with pytest.raises(InputError, match=r"No game called 'papr'\. Did you mean 'paper'"):
        open_game("papr")


def test_killed_in_the_middle_nothing_that_was_taken_is_lost(world: tuple[Dataset, Model], home: Path) -> None:
    dataset, _ = world
    code = (
        "import os, signal, sys\nfrom flaneur.game.game import new_game\n"
        "from flaneur.game.settings import GameSettings\n"
        "from flaneur.game.shapes import Guess\n"
        "game = new_game(sys.argv[1], None, GameSettings(name='killed', test_rounds=6))\n"
        "player = game.join(); print(player.code, flush=True)\n"
        "for number in range(1, 4):\n"
        "    game.next_round(player); game.answer(player, number, Guess(city='rome'))\n"
        "    print(number, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(dataset.root)], capture_output=True, text=True, check=False)
    assert done.returncode == -9
    own, *answered = done.stdout.split()
    assert answered == ["1", "2", "3"]
    with open_game("killed") as game:
        assert [row["round"] for row in game.store.played()] == [1, 2, 3]
        shown = game.next_round(game.join(own))
        assert shown is not None
        assert shown.number == 4


def test_many_play_at_once(world: tuple[Dataset, Model]) -> None:
    with new_game(*world, GameSettings(name="class", test_rounds=6)) as game:

        def play(seed: int) -> str:
            return play_all(game, 1, seed=seed)[0]

        with ThreadPoolExecutor(8) as pool:
            codes = list(pool.map(play, range(8)))
        assert len(set(codes)) == 8
        assert sorted(person["number"] for person in game.store.participants()) == list(range(8))
        assert len(game.store.played()) == 48
        lines = game.standings()
        assert len(lines) == 9
        assert [line.points for line in lines] == sorted((line.points for line in lines), reverse=True)
        assert sum(line.is_model for line in lines) == 1


def test_views_of_a_place_are_shown_together_and_the_model_sees_the_same(world: tuple[Dataset, Model]) -> None:
    with new_game(*world, GameSettings(test_rounds=3, views=2)) as game:
        player = game.join()
        shown = game.next_round(player)
        assert shown is not None
        assert len(shown.photos) == 2
        told = game.answer(player, 1, Guess(city="rome"))
        assert told is not None
        assert told.prediction is not None
        assert told.prediction.views == 2


def test_what_cannot_be_played_is_told_before_anybody_joins(world: tuple[Dataset, Model], home: Path) -> None:
    dataset, model = world
    for settings, error, said in (
        (GameSettings(test_rounds=100), InputError, "100 rounds need 34 places of each of 3 cities"),
        (GameSettings(cities=("rome", "delft")), UsageError, "no city 'delft' can be played"),
        (GameSettings(cities=("rome",)), InputError, "photos of two cities or more"),
        (GameSettings(split="none/test"), InputError, "none"),
    ):
        with pytest.raises(error, match=said):
            new_game(dataset, model, settings)
    assert not games_on("toy")
    with new_game(dataset, None, GameSettings(cities=("rome", "delft"), test_rounds=2)) as game:
        player = game.join()
        assert game.next_round(player) is not None
        told = game.answer(player, 1, Guess(city="rome"))
        assert told is not None
        assert (told.prediction, told.model_score, told.model) == (None, None, "")


def test_what_flatters_model_or_people_is_told_with_a_code(world: tuple[Dataset, Model]) -> None:
    with new_game(*world, PAPER) as game:
        (caution,) = game.cautions
        assert (caution.code, caution.values["model"] in caution.sentence) == ("not_checked", True)
    with pytest.raises(UsageError, match="training and test would share their ground"):
        new_game(world[0], None, replace(PAPER, name="same", training_split="test"))
    with new_game(world[0], None, replace(PAPER, name="all", training_split="all")) as game:
        assert [one.code for one in game.cautions] == ["shared_ground"]
        assert "training may tell answers of the test" in game.cautions[0].sentence
    with new_game(world[0], None, replace(PAPER, name="apart")) as game:
        assert game.cautions == ()


def test_a_photo_that_is_gone_is_named(world: tuple[Dataset, Model], tmp_path: Path) -> None:
    import shutil

    copy = tmp_path / "toy"
    shutil.copytree(world[0].root, copy)
    with new_game(open_dataset(copy), None, GameSettings(test_rounds=3)) as game:
        player = game.join()
        shown = game.next_round(player)
        assert shown is not None
        shown.photos[0].unlink()
        with pytest.raises(InputError, match="is gone"):
            game.next_round(player)


def test_a_newer_or_damaged_file_is_refused_in_one_line(world: tuple[Dataset, Model], home: Path) -> None:
    with new_game(world[0], None, GameSettings(test_rounds=3)) as game, game.store._database.transaction() as write:
        write.execute("UPDATE facts SET value = '99' WHERE name = 'format'")
    with pytest.raises(InputError, match="newer flaneur"):
        open_game("game")
    (home / "games" / "game" / FILE).write_bytes(b"no database" * 100)
    with pytest.raises(InputError, match="cannot be used"):
        open_game("game")


def test_a_game_that_cannot_be_opened_is_let_go(world: tuple[Dataset, Model], monkeypatch: pytest.MonkeyPatch) -> None:
    with new_game(world[0], None, GameSettings(test_rounds=3)) as game, game.store._database.transaction() as write:
        write.execute("UPDATE facts SET value = '{\"nonsense\": 1}' WHERE name = 'settings'")
    events: list[str] = []
    begin, close = Store.__init__, Store.close
    monkeypatch.setattr(
        Store, "__init__", lambda store, folder, **how: (begin(store, folder, **how), events.append("open"))[0]
    )
    monkeypatch.setattr(Store, "close", lambda store: (close(store), events.append("close"))[0])
    with pytest.raises(UsageError, match="nonsense"):
        open_game("game")
    assert events == ["open", "close"] * 2


def test_what_was_played_can_be_read_in_a_folder_that_cannot_be_written(
    world: tuple[Dataset, Model], monkeypatch: pytest.MonkeyPatch
) -> None:
    with new_game(*world, GameSettings(test_rounds=3)) as game:
        play_all(game, 2)
        found = analyse(game).to_dict()
        with game.store._database.transaction() as write:
            write.execute("DELETE FROM predictions")  # the model is asked again, and nothing is kept
    nothing_can_be_written(monkeypatch)
    with open_game("game", to_read=True) as game:
        assert analyse(game).to_dict() == found
    with pytest.raises(InputError, match="must be writable, and so must its folder"):
        open_game("game")


def test_a_shown_again_round_has_no_response_time(world: tuple[Dataset, Model]) -> None:
    with new_game(world[0], None, GameSettings(test_rounds=3)) as game:
        assert isinstance(game, Game)
        player = game.join()
        game.next_round(player)
        game.next_round(player)
        game.answer(player, 1, Guess(city="rome", seconds=2.0))
        game.next_round(player)
        game.answer(player, 2, Guess(city="rome", seconds=4.0))
        seconds = guesses_of(game).seconds
    assert str(seconds.tolist()) == "[nan, 4.0]"
