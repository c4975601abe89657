"""Games over HTTP: what a player is told and when, who is let in, and pictures that tell nothing but what they show."""

from __future__ import annotations

import json
import re
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from starlette.testclient import TestClient

from bundles import tiny_bundle
from fake_engine import FakeEngine
from flaneur.errors import InputError, UsageError
from flaneur.game.game import new_game
from flaneur.game.settings import GameSettings
from flaneur.game.statistics.analysis import analyse
from flaneur.metrics.interval import wilson
from flaneur.predict import Model
from flaneur.serve.decoding.redrawn import redrawn
from flaneur.serve.http.app import create_app
from flaneur.serve.http.settings import ServeSettings
from flaneur.serve.play.lobby import MOST_GAMES, Lobby, NoSeat, NotLetIn, TooManyTries, WrongJoinCode
from flaneur.serve.play.pictures import LONGEST_PX, BlindPictures
from photos import drawn as picture_of
from photos import jpeg
from worlds import make_dataset

ADDRESS, TOKEN = "http://127.0.0.1:8420", "a-token-of-some-length"
ROUND_KEYS = {"number", "phase", "position", "of", "pictures", "choices", "by_map", "tells"}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A folder with a dataset of three cities, and a model that knows them."""
    home = tmp_path_factory.mktemp("home")
    make_dataset(home / "datasets", ["paris", "rome", "sao-paulo"])
    return home, Model(tiny_bundle(home / "tiny"))


@pytest.fixture
def home(world, monkeypatch):
    monkeypatch.setenv("FLANEUR_HOME", str(world[0]))
    return world[0]


@pytest.fixture
def engine(world):
    with FakeEngine([world[1]]) as engine:
        yield engine


@pytest.fixture
def client(home, engine):
    with TestClient(create_app(engine, ServeSettings()), base_url=ADDRESS) as client:
        yield client


def opened(world, engine, tmp_path, **said):
    """A game that is offered from the start, and a client of its server."""
    name = str(tmp_path.name)
    game = new_game(world[0] / "datasets" / "toy", world[1], GameSettings(name=name, **said))
    return game, TestClient(create_app(engine, ServeSettings(), games=[game]), base_url=ADDRESS)


class Player:
    """Somebody in a seat."""

    def __init__(self, client, join_code, **who):
        self.client = client
        self.entry = client.post("/v1/games/seats", json={"join_code": join_code, **who})
        self.heads = {"X-Seat": self.entry.json().get("seat", "")}

    def get(self, what):
        return self.client.get(f"/v1/games/seat{what}", headers=self.heads)

    def round(self):
        return self.get("/round").json()["round"]

    def answer(self, number, **guess):
        return self.client.post("/v1/games/seat/answers", json={"number": number, **guess}, headers=self.heads)


def made(client, **wanted):
    answer = client.post("/v1/games", json={"dataset": "toy", "model": "tiny", **wanted})
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_a_game_from_the_dataset_to_the_last_number(client, world):
    offered = client.get("/v1/games").json()
    assert [(one["name"], one["cities"]) for one in offered["datasets"]] == [("toy", ["paris", "rome", "sao-paulo"])]
    assert offered["models"] == [{"name": "tiny", "cities": ["paris", "rome", "sao-paulo"]}]
    game = made(client, rounds=5)
    player, told = Player(client, game["join_code"].upper()), []
    while (dealt := player.round()) is not None:
        assert set(dealt) == ROUND_KEYS
        assert player.get("/result").json()["score"] is None
        assert player.get(f"/rounds/{dealt['number']}/heatmap").status_code == 409
        given = player.answer(dealt["number"], city="rome", seconds=1.5).json()["feedback"]
        assert given["correct"] == (given["truth"]["city"] == "rome")
        assert [one["probability"] for one in given["model"]["ranking"]] == sorted(
            (one["probability"] for one in given["model"]["ranking"]), reverse=True
        )
        told.append(given)
    why = player.get("/rounds/1/heatmap").json()
    assert (why["city"], why["overlay"][:22]) == (told[0]["model"]["ranking"][0]["city"], "data:image/png;base64,")
    score = player.get("/result").json()["score"]
    hits = sum(one["correct"] for one in told)
    low, high = wilson(hits, 5)
    assert score["player"] == {
        "correct": hits, "of": 5, "low": round(low, 4), "high": round(high, 4),
        "points": sum(one["points"] for one in told),
    }  # fmt: skip
    assert score["model"]["correct"] == sum(one["model"]["correct"] for one in told)
    assert score["paired"]["only_player"] == sum(one["correct"] > one["model"]["correct"] for one in told)
    assert [one["truth"] for one in score["rounds"]] == [one["truth"] for one in told]


def test_the_description_says_what_every_field_about_games_means(client):
    told = client.get("/openapi.json").json()
    seen, waiting = {}, [json.dumps([what for path, what in told["paths"].items() if path.startswith("/v1/games")])]
    while waiting:
        for name in set(re.findall(r'"#/components/schemas/(\w+)"', waiting.pop())) - {*seen, "Failure"}:
            seen[name] = told["components"]["schemas"][name]
            waiting.append(json.dumps(seen[name]))
    assert {"Playable", "OpenGame", "Leaderboard", "RoundHeatmap", "Result", "Place", "GivenAnswer"} <= seen.keys()
    for name, schema in seen.items():
        meant = {key for key, value in schema["properties"].items() if "description" in value or "$ref" in value}
        assert meant == schema["properties"].keys(), name


def test_who_sends_no_json_or_an_odd_name_is_told_or_tidied_up(client):
    asked = {"Content-Type": "application/json"}
    said = [client.post("/v1/games", content=body, headers=asked).json()["error"]["message"] for body in (b"", b"{")]
    assert said[0] == "body: Field required."
    assert said[1].startswith("The body is no JSON: Expecting property name")
    player = Player(client, made(client, rounds=1)["join_code"], name=" \u202eE\tve \n\x07")
    assert player.entry.json()["name"] == "E ve"


def test_an_address_tells_all_that_can_be_done_with_it(client):
    assert client.put("/v1/games").headers["Allow"] == "GET, POST"


def test_nothing_of_a_round_hangs_on_its_city(client):
    game = made(client, rounds=6)
    players = [Player(client, game["join_code"]) for _ in range(2)]
    seen = [[], []]
    for number, player in enumerate(players):
        while (dealt := player.round()) is not None:
            seen[number].append({key: dealt[key] for key in ROUND_KEYS - {"number", "position", "pictures"}})
            assert player.round()["pictures"] == dealt["pictures"]
            player.answer(dealt["number"], city="paris")
    assert all(one == seen[0][0] for rounds in seen for one in rounds)
    names = [
        name
        for player in players
        for one in player.get("/result").json()["score"]["rounds"]
        for name in one["pictures"]
    ]
    assert len(names) == len(set(names)) == 12


def test_an_experiment_tells_the_city_in_training_and_nothing_in_the_test(world, home, engine, tmp_path):
    game, client = opened(
        world, engine, tmp_path, training_rounds=3, test_rounds=3, tells=False, by_map=False, leaderboard=True,
        consent="We keep your answers.", thanks="Thank you.",
    )  # fmt: skip
    with game, client:
        invited = client.post("/v1/games/invitation", json={"join_code": game.join_code}).json()
        assert [(one["code"], one["values"]["model"]) for one in invited["warnings"]] == [("not_checked", "tiny")]
        assert (invited["consent"], invited["tells"]) == ("We keep your answers.", False)
        refused = Player(client, game.join_code)
        assert (refused.entry.status_code, refused.entry.json()["error"]["code"]) == (403, "not_let_in")
        player = Player(client, game.join_code, consent=True)
        for number in range(1, 4):
            assert player.round()["phase"] == "training"
            told = player.answer(number, city="paris").json()["feedback"]
            assert told["truth"]["city"] in ("paris", "rome", "sao-paulo")
            assert told["model"] is None
            assert player.get(f"/rounds/{number}/heatmap").status_code == 409
        for number in range(4, 7):
            assert (player.round()["phase"], player.round()["tells"]) == ("test", False)
            assert player.answer(number, city="paris").json() == {"feedback": None}
            assert player.get(f"/rounds/{number}/heatmap").status_code == 409
            if number < 6:
                assert player.get("/standings").status_code == 409
                result = player.get("/result").json()
                assert (result["finished"], result["score"], result["thanks"]) == (False, None, "")
        assert player.round() is None
        result = player.get("/result").json()
        assert (result["finished"], result["score"], result["thanks"]) == (True, None, "Thank you.")
        assert client.post("/v1/games/standings", json={"join_code": game.join_code}).status_code == 409


def test_who_comes_back_with_the_code_goes_on_in_the_same_seat(client):
    game = made(client, rounds=3)
    first = Player(client, game["join_code"], name="Ada")
    first.answer(first.round()["number"], city="rome")
    again = Player(client, game["join_code"], code=first.entry.json()["code"].upper())
    assert again.heads == first.heads
    assert (again.round()["number"], again.get("").json()["name"]) == (2, "Ada")
    assert (first.entry.json()["answered"], again.entry.json()["answered"]) == (0, 1)
    twice = again.answer(1, city="rome")
    assert twice.json()["feedback"]["number"] == 1
    assert again.answer(1, city="paris").status_code == 409
    assert again.answer(3, city="paris").status_code == 409


def test_a_class_sees_itself_and_the_model_on_the_leaderboard(client):
    game = made(client, rounds=3, for_class=True)
    ada, bob = (Player(client, game["join_code"], name=name) for name in ("Ada", ""))
    for player in (ada, bob):
        while (dealt := player.round()) is not None:
            player.answer(dealt["number"], city="rome" if player is ada else "paris")
    lines = ada.get("/standings").json()["standings"]
    assert {(one["name"], one["number"], one["is_me"], one["is_model"]) for one in lines} == {
        ("Ada", 1, True, False), ("", 2, False, False), ("tiny", None, False, True),
    }  # fmt: skip
    watched = client.post("/v1/games/standings", json={"join_code": game["join_code"]}).json()["standings"]
    assert [one["points"] for one in watched] == [one["points"] for one in lines]
    assert not any(one["is_me"] for one in watched)


def test_a_point_on_the_map_is_an_answer_where_all_cities_are_somewhere(world, home, engine, tmp_path):
    game, client = opened(world, engine, tmp_path, test_rounds=2, cities=("paris", "rome"))
    with game, client:
        player = Player(client, game.join_code)
        assert player.round()["by_map"]
        told = player.answer(1, lat=48.9, lon=2.4).json()["feedback"]
        assert told["city"] == "paris"
        assert (told["points"] == 5000) == (told["truth"]["city"] == "paris")
        assert player.answer(2, lat=48.9).status_code == 422


def test_guessing_codes_is_slowed_down(client):
    made(client, rounds=2)
    codes = [client.post("/v1/games/invitation", json={"join_code": "wrong"}) for _ in range(21)]
    assert {one.json()["error"]["code"] for one in codes[:20]} == {"wrong_join_code"}
    assert (codes[20].status_code, codes[20].headers["Retry-After"]) == (429, "60")


def test_wrong_codes_are_forgotten_after_a_minute_and_counted_by_client():
    now = [0.0]
    lobby = Lobby(clock=lambda: now[0])
    for _ in range(20):
        with pytest.raises(WrongJoinCode):
            lobby.invited("one", "x")
    with pytest.raises(TooManyTries):
        lobby.invited("one", "x")
    with pytest.raises(WrongJoinCode):
        lobby.invited("another", "x")
    now[0] = 60.0
    with pytest.raises(WrongJoinCode):
        lobby.invited("one", "x")


def test_a_right_code_lets_in_whoever_shares_an_address_with_somebody_who_guesses(home, engine):
    settings = ServeSettings(host="0.0.0.0", token=TOKEN)
    with TestClient(create_app(engine, settings), base_url=ADDRESS, client=("127.0.0.1", 1)) as client:
        own = {"Authorization": f"Bearer {TOKEN}"}
        game = client.post("/v1/games", json={"dataset": "toy", "rounds": 2}, headers=own).json()
        tried = [
            client.post("/v1/games/invitation", json={"join_code": "wrong"}, headers={"X-Client": str(number)})
            for number in range(21)
        ]
        assert tried[20].status_code == 429  # behind a proxy, too: other names are no other clients
        assert Player(client, game["join_code"]).entry.status_code == 201


class _Closing:
    """A game that only knows whether it is open."""

    def __init__(self, number):
        self.join_code, self.folder, self.open = f"code{number}", number, True

    def join(self, code, *, name, consent):
        return type("Joined", (), {"code": "mine"})

    def close(self):
        self.open = False


class _Entered(_Closing):
    """A game with a code for everybody."""

    def join(self, code, *, name, consent):
        if code == "wrong":
            raise UsageError("nobody has this code.")
        return type("Joined", (), {"code": code or f"new{next(_NUMBERS)}"})


_NUMBERS = iter(range(10**6))


def test_newcomers_from_an_address_and_wrong_codes_of_a_game_are_limited(monkeypatch):
    now, game = [0.0], _Entered(1)
    lobby = Lobby((game,), clock=lambda: now[0])
    for _ in range(100):
        lobby.sit("one", game, "", "", consent=False)
    with pytest.raises(TooManyTries):
        lobby.sit("one", game, "", "", consent=False)
    lobby.sit("another", game, "", "", consent=False)
    for number in range(300):
        with pytest.raises(NotLetIn):
            lobby.sit(f"guesses{number}", game, "wrong", "", consent=False)
    with pytest.raises(TooManyTries):
        lobby.sit("guesses300", game, "mine", "", consent=False)
    now[0] = 60.0
    seat = lobby.sit("one", game, "mine", "", consent=False)
    monkeypatch.setattr("flaneur.serve.play.lobby.MOST_SEATS", 102)
    assert lobby.sit("one", game, "mine", "", consent=False) is seat  # who has a seat comes back
    for code in ("", "yours"):
        with pytest.raises(NotLetIn, match="Every seat"):
            lobby.sit("one", game, code, "", consent=False)


def test_with_a_token_a_class_plays_by_join_code_and_the_rest_is_closed(home, engine):
    settings = ServeSettings(host="0.0.0.0", token=TOKEN)
    with TestClient(create_app(engine, settings), base_url=ADDRESS) as client:
        assert client.get("/v1/games").status_code == 401
        assert client.post("/v1/games", json={"dataset": "toy"}).status_code == 401
        own = {"Authorization": f"Bearer {TOKEN}"}
        game = client.post("/v1/games", json={"dataset": "toy", "rounds": 2}, headers=own).json()
        player = Player(client, game["join_code"])
        name = player.round()["pictures"][0]
        assert client.get(f"/v1/games/pictures/{name}").status_code == 200
        assert client.get("/play").status_code == 200
        assert client.get("/v1/models").status_code == 401


def test_a_picture_is_drawn_by_the_engine_and_kept_for_whoever_looks_next(client, engine, home):
    game = made(client, rounds=2)
    name = Player(client, game["join_code"]).round()["pictures"][0]
    before = len(engine.clients)
    sent = [client.get(f"/v1/games/pictures/{name}") for _ in range(2)]
    assert [(one.status_code, one.headers["content-type"]) for one in sent] == [(200, "image/jpeg")] * 2
    assert sent[0].content == sent[1].content
    assert len(engine.clients) == before + 1


def test_of_the_pictures_that_were_drawn_the_latest_are_kept(monkeypatch):
    monkeypatch.setattr("flaneur.serve.play.pictures._KEPT", 2)
    pictures, (one, two, three) = BlindPictures(), (Path(name) for name in "123")
    pictures.keep(one, b"1")
    pictures.keep(two, b"2")
    assert pictures.drawn(one) == b"1"
    pictures.keep(three, b"3")
    assert (pictures.drawn(one), pictures.drawn(two), pictures.drawn(three)) == (b"1", None, b"3")


def test_seats_pictures_datasets_and_games_that_there_are_not(client, home):
    lost = client.get("/v1/games/seat", headers={"X-Seat": "made-up"})
    assert (lost.status_code, lost.json()["error"]["code"]) == (401, "no_seat")
    assert client.get("/v1/games/pictures/made-up").status_code == 404
    for wanted, status in (
        ({"dataset": "none"}, 404), ({"dataset": "../toy"}, 404), ({"dataset": "toy", "model": "none"}, 404),
        ({"dataset": "toy", "rounds": 200}, 409), ({"dataset": "toy", "round": 2}, 422),
    ):  # fmt: skip
        answer = client.post("/v1/games", json=wanted)
        assert (answer.status_code, str(home) in answer.text) == (status, False), wanted
    assert client.post("/v1/games", content=b"x" * 20_000).status_code == 413


def test_where_nothing_may_be_changed_no_game_is_made(home, engine):
    with TestClient(create_app(engine, ServeSettings(may_write=False)), base_url=ADDRESS) as client:
        offered = client.get("/v1/games").json()
        assert (offered["may_make"], offered["datasets"]) == (False, [])
        assert client.post("/v1/games", json={"dataset": "toy"}).status_code == 403
        assert client.get("/play").status_code == 404


def test_without_a_dataset_the_page_is_not_offered(tmp_path, engine, monkeypatch):
    monkeypatch.setenv("FLANEUR_HOME", str(tmp_path))
    with TestClient(create_app(engine, ServeSettings()), base_url=ADDRESS) as client:
        assert client.get("/play").status_code == 404
        assert "./play" not in client.get("/").text


def test_a_photo_that_is_gone_is_told_without_its_path(world, home, engine, tmp_path, monkeypatch):
    game, client = opened(world, engine, tmp_path, test_rounds=2)
    with game, client:
        player = Player(client, game.join_code)
        player.round()
        monkeypatch.setattr(type(game.dataset), "image_path", lambda self, photo: home / "rome" / "gone.jpg")
        answer = player.get("/round")
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, "photo_gone")
        assert "rome" not in answer.text

        def other(*_):
            raise InputError(f"{home}: something else of rome is wrong.")

        monkeypatch.setattr(type(game), "next_round", other)
        answer = player.get("/round")
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, "game_stuck")
        assert "rome" not in answer.text


def test_a_broken_photo_costs_its_round_and_never_the_game(world, home, engine, tmp_path, monkeypatch):
    game, client = opened(world, engine, tmp_path, test_rounds=3)
    (tmp_path / "broken.jpg").write_bytes(b"no photo")
    with game, client:
        player, path_of = Player(client, game.join_code), type(game.dataset).image_path
        broken = game.places[game.store.rounds(0)[0].place][1].photos
        monkeypatch.setattr(
            type(game.dataset), "image_path",
            lambda self, photo: tmp_path / "broken.jpg" if photo.id in broken else path_of(self, photo),
        )  # fmt: skip
        picture = client.get(f"/v1/games/pictures/{player.round()['pictures'][0]}")
        assert (picture.status_code, picture.json()["error"]["code"]) == (422, "photo_gone")
        told = [player.answer(number, city="paris").json()["feedback"] for number in (1, 2, 3)]
        assert [one["model"] is None for one in told] == [True, False, False]
        assert player.get("/rounds/1/heatmap").status_code == 409
        score = player.get("/result").json()["score"]
        assert (score["player"]["of"], score["model"]["of"]) == (3, 2)
        assert [one["answered"] for one in player.get("/standings").json()["standings"] if one["is_model"]] == [2]
        found = analyse(game)
        assert len(found.test) == 2
        assert found.warnings[-1].startswith("1 answer left out")


def test_a_picture_carries_nothing_but_its_pixels(tmp_path):
    file = tmp_path / "rome-gps.jpg"
    sent = redrawn(jpeg(picture_of(3, 2400, 1200), lat=41.9, lon=12.5), LONGEST_PX)
    assert not {b"Exif", b"Telltale", b"rome"} & {word for word in (b"Exif", b"Telltale", b"rome") if word in sent}
    with Image.open(BytesIO(sent)) as shown:
        assert (shown.size, shown.format, dict(shown.getexif())) == ((LONGEST_PX, 800), "JPEG", {})
    pictures = BlindPictures()
    names = pictures.names("seat", 1, [file, file])
    assert len(set(names)) == 2
    assert names == pictures.names("seat", 1, [file, file])
    assert names[0] not in {*BlindPictures().names("seat", 1, [file]), *pictures.names("other", 1, [file])}
    assert (pictures.file(names[0]), pictures.file("rome-gps.jpg")) == (file, None)


def test_of_very_many_games_the_oldest_is_closed_with_its_seats(monkeypatch):
    games = [_Closing(number) for number in range(MOST_GAMES + 1)]
    waiting = iter(games)
    monkeypatch.setattr("flaneur.serve.play.lobby.new_game", lambda *_: next(waiting))
    lobby = Lobby()
    first = lobby.make("toy", None, GameSettings())
    seat = lobby.sit("me", first, "", "", consent=False)
    assert lobby.seat(seat.key) is seat
    for _ in range(MOST_GAMES):
        lobby.make("toy", None, GameSettings())
    assert [game.open for game in games] == [False] + [True] * MOST_GAMES
    with pytest.raises(NoSeat):
        lobby.seat(seat.key)
    assert not lobby._keys
    lobby.close()
    assert not any(game.open for game in games)
