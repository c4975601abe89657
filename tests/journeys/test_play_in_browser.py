"""The page to play in a real browser: a game, a class, an experiment with two participants, by keys and on a phone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from bundles import tiny_bundle
from flaneur.game.game import Game, new_game
from flaneur.game.settings import EXPERIMENT, of_table
from flaneur.predict import Model
from flaneur.serve.http.settings import ServeSettings
from serving import PATIENT, PHONE, barriers, expect, is_wider_than_its_window, serving, until
from worlds import make_dataset

TOKEN = "a-token-of-some-length"
CITIES = ["paris", "rome", "sao-paulo"]
CONSENT = "We keep your answers and how long they took.\n\nYou can stop at any time."


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """Two servers of a computer with two datasets: one offers them, the other an experiment. One city is nowhere."""
    home = tmp_path_factory.mktemp("home")
    dataset = make_dataset(home / "datasets", CITIES)
    make_dataset(home / "located", CITIES[:2], 24).root.rename(home / "datasets" / "located")
    model = Model(tiny_bundle(home / "tiny"))
    protocol = {"name": "streets", "title": "Streets", "training_rounds": 2, "test_rounds": 3, "consent": CONSENT}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FLANEUR_HOME", str(home))
        with (
            new_game(dataset, model, of_table(EXPERIMENT | protocol, "test")) as experiment,
            serving([model], ServeSettings(port=0, token=TOKEN, limits=PATIENT)) as free,
            serving([model], games=[experiment]) as lab,
        ):
            page = f"{free.address}/play"
            yield SimpleNamespace(
                free=page, server=free.server, own=f"{page}#token={TOKEN}", lab=lab.address, experiment=experiment
            )


def start(page: Any, dataset: str = "toy", **choices: str) -> None:
    """Choose and begin a game."""
    page.locator("form.chooser").wait_for()
    page.locator('select[name="dataset"]').select_option(dataset)
    for name, value in choices.items():
        page.locator(f'input[name="{name}"][value="{value}"]').check(force=True)
    page.locator("form.chooser button[type=submit]").click()
    if choices.get("who") != "class":  # what flatters the model is told before the first photo
        page.locator(".loud").first.wait_for()
        page.locator("form.chooser button[type=submit]").click()


def ready(page: Any, position: int) -> None:
    """Wait until a round's photo is to be seen and can be answered."""
    page.locator(f'h1:text-matches("\\\\b{position} (of|von) ")').wait_for()
    page.locator(".city:enabled").first.wait_for()


def forget_seats(server: Any, games: bool = False) -> None:
    """As if the server had been started anew: nobody sits any more, and games that were made here may be gone."""
    lobby = server.app.state.lobby
    lobby._seats.clear()
    lobby._keys.clear()
    if games:
        lobby.close()


def answers_of(game: Game) -> list[list[str]]:
    """What each participant answered, round by round."""
    rounds = [game.store.rounds(number) for number in range(len(game.store.participants()))]
    return [[one.guess.city for one in given if one.guess is not None] for given in rounds]


def pressed_twice(button: Any) -> None:
    """As by somebody in a hurry, before the page has heard from the server."""
    button.evaluate("(one) => [one.click(), one.click()]")


def test_a_game_by_keys_from_the_choice_to_the_ending(world, visit):
    page = visit(world.own)
    held: list[Any] = []
    page.route("**/v1/games/pictures/**", lambda route: route.fallback() if held else held.append(route))
    start(page, rounds="5", views="4")
    page.locator(".photo").wait_for(state="attached")
    until(lambda: page.wait_for_timeout(5) or held)
    page.keyboard.press("ArrowRight")  # away from a view that is not there yet
    ready(page, 1)
    expect(page.get_by_role("alert")).to_be_hidden()
    held[0].fallback()
    for position in range(1, 6):
        ready(page, position)
        before = page.locator(".photo").get_attribute("src")
        page.keyboard.press("ArrowRight")
        expect(page.locator(".photo")).not_to_have_attribute("src", before)
        for _ in range(2):  # off and on again; a box that has the focus takes no figures
            page.get_by_label("Answer with the keys").click()
        page.keyboard.press(str(position % 3 + 1))
        page.locator(".verdict h2").wait_for()
        expect(page.locator(".verdict h2")).to_have_text(re.compile("Right: |It is "))
        expect(page.locator(".model .bars li")).to_have_count(3)
        if position == 1:
            page.get_by_role("button", name="What did the model look at?").click()
            page.locator(".overlay:visible").wait_for()
            page.get_by_role("slider").fill("40")
            expect(page.locator(".overlay")).to_have_css("opacity", "0.4")
        if position == 1:
            pressed_twice(page.get_by_role("button", name="Next photo"))
        else:
            page.keyboard.press("Enter")
    page.locator(".shares").wait_for()
    expect(page.locator(".share .told")).to_have_count(2)
    told = page.locator(".share .told").all_inner_texts()
    assert all(re.fullmatch(r"\d of 5: [<>\d.\s]+\s% \(\d+\s% to \d+\s%\)", one) for one in told)
    expect(page.locator(".matrix")).to_have_count(2)
    expect(page.locator(".album > li")).to_have_count(5)
    assert barriers(page) == []
    page.get_by_role("button", name="Play again with other photos").wait_for()
    pressed_twice(page.get_by_role("button", name="Play again with other photos"))
    ready(page, 1)
    addresses = [url.split("/v1/")[-1] for url in visit.asked]
    assert addresses.count("games/seat/round") == 7  # five, the one that was no more, and a new one
    assert addresses.count("games/seats") == 2


def test_on_a_phone_in_german_and_after_a_reload(world, visit):
    page = visit(world.own, PHONE, locale="de-DE", color_scheme="dark", has_touch=True)
    start(page, rounds="5", by="list")
    ready(page, 1)
    assert (barriers(page), is_wider_than_its_window(page)) == ([], False)
    forget_seats(world.server)
    page.get_by_role("button", name="Rome", exact=False).tap()
    page.locator(".verdict").wait_for()
    assert (barriers(page), is_wider_than_its_window(page)) == ([], False)
    page.get_by_role("button", name="Nächstes Foto").tap()
    page.reload()
    ready(page, 2)
    page.locator("#language").select_option("en")
    expect(page.locator("h1")).to_have_text("Photo 2 of 5")
    forget_seats(world.server, games=True)
    page.get_by_role("button", name="Rome", exact=False).tap()
    page.get_by_text("The server was started anew, and this game is over.").wait_for()
    page.get_by_role("button", name="Come in again").tap()
    page.locator("form.chooser").wait_for()
    visit.forgive("401")
    visit.forgive("403")


def test_a_class_joins_by_code_and_points_at_the_map(world, visit):
    host, player = visit(world.own), visit(world.free, PHONE)
    start(host, "located", rounds="5", who="class", by="map")
    code = host.locator(".huge").inner_text()
    assert "token" not in host.url
    player.locator(".joining input").fill(code.lower())
    player.get_by_role("button", name="Join").click()
    player.get_by_label("Your name").fill("Ada")
    player.get_by_role("button", name="Start").click()
    for position in range(1, 6):
        player.locator(f'h1:has-text("Photo {position} of 5")').wait_for()
        player.locator('input[name="way"][value="map"]').check(force=True)
        # Until the photo is to be seen, nothing can be answered.
        player.locator(".city:enabled").first.wait_for(state="attached")
        player.locator(".pointer .map").focus()
        player.keyboard.press("Enter")
        if position == 1:
            assert (barriers(player), is_wider_than_its_window(player)) == ([], False)
        player.get_by_role("button", name="It is here").click()
        player.locator(".verdict").wait_for()
        player.get_by_role("button", name=re.compile("Next photo|Go on")).click()
    mine = player.locator(".board .me")
    mine.wait_for()
    expect(mine).to_contain_text("Ada")
    host.locator(".board").get_by_text("5/5").nth(1).wait_for()
    assert (barriers(host), barriers(player)) == ([], [])
    visit.forgive("401")  # a player has no token, and needs none


def test_an_experiment_with_two_participants_one_of_whom_comes_back(world, visit):
    first, second = visit(f"{world.lab}/play"), visit(f"{world.lab}/play", PHONE, locale="de-DE")
    heard: list[Any] = []

    def hear(page: Any) -> None:
        page.on("response", lambda answer: "/v1/games/seat/answers" in answer.url and heard.append(answer))

    for page in (first, second):
        hear(page)
        page.locator(".consent").wait_for()
        assert barriers(page) == []
        page.locator("form button[type=submit]").click()
        expect(page.locator(".consent")).to_be_visible()  # nobody comes in who has not agreed
        page.get_by_role("checkbox").check()
        page.locator("form button[type=submit]").click()
    code = first.locator("p.code").inner_text()
    for page, key in ((first, "1"), (second, "2")):
        page.get_by_role("button", name=re.compile("Begin")).click()
        for position in (1, 2):
            ready(page, position)
            page.keyboard.press(key)
            page.locator(".verdict").wait_for()
            expect(page.locator(".model, .why > *")).to_have_count(0)
            page.keyboard.press("Enter")
        page.get_by_role("button", name=re.compile("Begin")).click()
    until(lambda: first.wait_for_timeout(10) or len(heard) >= 4)
    assert [json.loads(answer.text())["feedback"] is None for answer in heard] == [False] * 4
    ready(first, 1)
    first.keyboard.press("3")
    ready(first, 2)
    again = visit(f"{world.lab}/play")
    hear(again)
    again.get_by_text("I have been here before").click()
    again.get_by_label("Your code").fill(code)
    again.get_by_role("checkbox").check()
    again.get_by_role("button", name="Begin").click()
    again.get_by_text(f"You go on as {code} with photo 2.").wait_for()
    again.get_by_role("button", name="That is me").click()
    again.get_by_text("You go on with photo 2.").wait_for()
    again.get_by_role("button", name="Begin").click()
    for page, positions, key in ((again, (2, 3), "3"), (second, (1, 2, 3), "2")):
        for position in positions:
            ready(page, position)
            page.keyboard.press(key)
        page.locator("b.code").wait_for()
        expect(page.locator(".shares, .verdict, .board")).to_have_count(0)
    until(lambda: first.wait_for_timeout(10) or len(heard) >= 10)
    assert [answer.text() for answer in heard[4:]] == ['{"feedback":null}'] * 6
    assert answers_of(world.experiment) == [
        ["paris", "paris", "sao-paulo", "sao-paulo", "sao-paulo"], ["rome"] * 5,
    ]  # fmt: skip
    assert barriers(second) == []
