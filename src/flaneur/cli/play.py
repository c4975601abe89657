"""``flaneur play``: photos in; a page where people and a model guess their cities, and a report of it, out."""

from __future__ import annotations

import json
import secrets
import socket
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flaneur.cli.serve import serve_settings
from flaneur.errors import InputError, UsageError

if TYPE_CHECKING:
    from flaneur.game.game import Game
    from flaneur.game.settings import GameSettings
    from flaneur.serve.http.settings import ServeSettings

_GAME_FLAGS = ("rounds", "views", "cities", "split", "seed")


@click.command(epilog="A game goes on where it was left: name it in place of the dataset. Ctrl-C ends the page.")
@click.argument("what", metavar="DATASET|GAME")
@click.option("--model", default="base", show_default=True, help="That plays the same photos; none: people only.")
@click.option("--rounds", type=click.IntRange(1), help="Rounds that count (5).")
@click.option("--views", type=click.IntRange(1, 12), help="Most photos of a place, shown together (1).")
@click.option("--cities", help="Play with these only, such as london,tokyo.")
@click.option("--split", metavar="[NAME/]PART", help="Part that photos are dealt from (test).")
@click.option("--seed", type=click.IntRange(0), help="Of the dealing; another one each time by default.")
@click.option("--experiment", type=click.Path(path_type=Path), help="Protocol file (.toml) of an experiment.")
@click.option("--name", help="What to call the game.")
@click.option("--report", is_flag=True, help="Do not play: write what people and model got right so far.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Folder for the report's files.")
@click.option("--no-photos", is_flag=True, help="Leave photos out of the report.")
@click.option("--json", "as_json", is_flag=True, help="With --report: print it as JSON.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; others need a token.")
@click.option("--port", default=8420, show_default=True, type=click.IntRange(0, 65535), help="0: any that is free.")
@click.option("--allow-host", "hosts", multiple=True, metavar="NAME", help="A further name of this server.")
@click.option("--open/--no-open", "open_page", default=True, help="Whether to open the page in the browser.")
@click.option(
    "--token-file",
    type=click.Path(path_type=Path),
    envvar="FLANEUR_TOKEN_FILE",
    help="File with the token of whoever may do more than play (also: FLANEUR_TOKEN_FILE).",
)
def play(what: str, **options: Any) -> None:
    """Guess where photos of DATASET were taken, on a page; a model guesses the same ones.

    Everybody who has the join code can play at once. With --experiment the photos, phases and texts are as a protocol
    file says. Every answer is kept, and --report tells what they show.
    """
    _check(options)
    if options["report"]:
        _report(what, options)
        return
    settings = serve_settings({"origins": (), "may_write": None, **options})
    from flaneur.serve.run import listen

    listen(settings).close()  # a port that is taken is told before a game is begun
    with _game(what, options) as game:
        _serve(game, settings, options)


def _check(options: dict[str, Any]) -> None:
    """Refuse flags that would have no effect."""
    if options["experiment"] is not None:
        for flag in (*_GAME_FLAGS, "name"):
            if options[flag] is not None:
                raise UsageError(f"--{flag} has no effect with --experiment. Say it in {options['experiment']}.")
    for flag, given in (("out", options["out"]), ("no-photos", options["no_photos"]), ("json", options["as_json"])):
        if given and not options["report"]:
            raise UsageError(f"--{flag} has no effect without --report.")


def _game(what: str, options: dict[str, Any]) -> Game:
    from flaneur.dataset.store import open_dataset
    from flaneur.game.game import new_game, open_game
    from flaneur.game.library import free_name, games
    from flaneur.game.settings import read_protocol

    if options["experiment"] is None and what in games():
        for flag in (*_GAME_FLAGS, "name"):
            if options[flag] is not None:
                raise UsageError(f"--{flag} has no effect on {what!r}, which has begun. Leave it out to go on.")
        return open_game(what)
    dataset = open_dataset(what)
    model = None if options["model"] == "none" else options["model"]
    if options["experiment"] is not None:
        return new_game(dataset, model, read_protocol(options["experiment"]))
    name = options["name"] or free_name(f"{dataset.name}-game")
    if name in games():
        raise UsageError(f"there is a game called {name!r} already. To go on: flaneur play {name}")
    return new_game(dataset, model, _settings(name, f"Guess the city: {dataset.name}", options))


def _settings(name: str, title: str, options: dict[str, Any]) -> GameSettings:
    from flaneur.game.settings import of_table

    said = {"test_rounds": options["rounds"], "views": options["views"], "split": options["split"]}
    table = {key: value for key, value in said.items() if value is not None}
    cities = [slug.strip() for slug in (options["cities"] or "").split(",") if slug.strip()]
    seed = secrets.randbelow(2**31) if options["seed"] is None else options["seed"]
    return of_table({**table, "name": name, "title": title, "cities": cities, "seed": seed}, "flaneur play")


def _serve(game: Game, settings: ServeSettings, options: dict[str, Any]) -> None:
    from flaneur.predict import load
    from flaneur.serve.run import serve

    for caution in game.cautions:
        click.echo(f"flaneur: {caution.sentence}", err=True)
    path = f"/play#join={game.join_code}"

    def told(address: str) -> None:
        click.echo(f"Game {game.settings.name}: {address}{path}  (Ctrl-C ends it)")
        where = [f"http://{name}:{address.rpartition(':')[2]}/play" for name in _names_of(settings.host)]
        others = f"Others open {' or '.join(where)} and type {game.join_code}" if where else "On this computer only"
        click.echo(f"{others}. Report: flaneur play {game.settings.name} --report")
        if options["open_page"]:
            click.launch(f"{address}{path}")

    serve([game.model or load("base")], settings, games=[game], told=told)


def _names_of(host: str) -> list[str]:
    """What others in the network call this computer: nothing on loopback, its addresses if it listens on all.

    >>> _names_of("127.0.0.1"), _names_of("192.0.2.2"), _names_of("2001:db8::1")
    ([], ['192.0.2.2'], ['[2001:db8::1]'])
    """
    from flaneur.serve.http.settings import as_address, is_loopback

    address = as_address(host)
    if is_loopback(host):
        return []
    if address is None or not address.is_unspecified:
        return [f"[{address}]" if address is not None and address.version == 6 else host]
    found: set[str] = set()
    with suppress(OSError):
        found |= set(socket.gethostbyname_ex(socket.gethostname())[2])
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # sends nothing: the system says which address it would send from
        found.add(probe.getsockname()[0])
    return sorted(name for name in found if not is_loopback(name)) or [socket.gethostname()]


def _report(what: str, options: dict[str, Any]) -> None:
    from flaneur.dataset.passing_on import writing
    from flaneur.evaluation.write import report_folder
    from flaneur.game.game import open_game
    from flaneur.game.report.words import cautions, summary
    from flaneur.game.report.write import write_report

    name = _played(what)
    folder = options["out"] or Path(f"play-{name}")
    with report_folder(folder), open_game(name, to_read=True) as game, writing(folder):
        command = f"flaneur play {name} --report"
        found, page = write_report(game, folder, photos=not options["no_photos"], command=command)
    if options["as_json"]:
        click.echo(json.dumps(found.to_dict(), ensure_ascii=False))
    else:
        click.echo("\n".join([*(f"+ {text}" for text in summary(found)), *(f"! {text}" for text in cautions(found))]))
    click.echo(f"Report: {page}", err=True)


def _played(what: str) -> str:
    """The game of that name, or the only one on the dataset of that name.

    Raises:
        InputError: there is none, or several.
    """
    from flaneur.errors import did_you_mean
    from flaneur.game.library import games, games_on

    if what in games():
        return what
    found = games_on(what)
    if not found:
        raise InputError(f"no game called {what!r}, and none on a dataset of that name.{did_you_mean(what, games())}")
    if len(found) > 1:
        raise UsageError(f"there are several games on {what}: {', '.join(found)}. Name one.")
    return found[0]
