"""``/v1/games``: games are made, joined by a code, and played from a seat. No answer tells more than a player may know.

Listing and making games is for whoever may use this server. Everything else is for whoever has a join code or a seat,
so that a class can play where a token is needed: see :data:`flaneur.serve.http.guards.OPEN_TO_PLAYERS`.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Header, Path, Query
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from flaneur.decode import read_photo
from flaneur.errors import InputError, PhotoError
from flaneur.explain.run import DEFAULT_METHOD, QUICK
from flaneur.game.settings import GameSettings
from flaneur.game.shapes import AgainstRules, Guess
from flaneur.serve.http import fields, game_answers
from flaneur.serve.http.game_problems import photo_gone, play, run
from flaneur.serve.http.game_requests import Entry, GivenAnswer, JoinCode, NewGame
from flaneur.serve.http.guards import client_of, needs_writing
from flaneur.serve.http.overlay import data_uri
from flaneur.serve.http.problems import Problem, one_line
from flaneur.serve.http.schemas import problems
from flaneur.serve.http.waiting import result_of
from flaneur.serve.play import told
from flaneur.serve.play.lobby import Lobby, NoSeat, Seat
from flaneur.serve.play.offers import offers
from flaneur.serve.play.pictures import LONGEST_PX, BlindPictures
from flaneur.types import Location

_MOST_BYTES = 16_384
_OF_BODIES = (400, 404, 408, 413, 422, 429)
_OF_SEATS = (404, 409, 422)


class _SmallBody(APIRoute):
    """Every body here is a few words: what is larger, or does not say its size, is not read."""

    def get_route_handler(self) -> Callable[[Request], Any]:
        handle = super().get_route_handler()

        async def checked(request: Request) -> Response:
            length = request.headers.get("content-length", "0")
            if "transfer-encoding" in request.headers or not length.isdecimal() or int(length) > _MOST_BYTES:
                raise Problem(413, "body_too_large", f"More than {_MOST_BYTES} bytes, or no Content-Length.")
            await request.body()  # here, else its problems are told as that of an unreadable request
            response: Response = await handle(request)
            return response

        return checked


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    yield
    await run_in_threadpool(app.state.lobby.close)


router = APIRouter(prefix="/v1/games", tags=["games"], route_class=_SmallBody, lifespan=_lifespan)
SeatKey = Annotated[str, Header(alias="X-Seat", max_length=64)]


@router.get("", response_model=game_answers.Playable, responses=problems())
async def offered(request: Request) -> dict[str, Any]:
    """Games that are open, and datasets to make one of."""
    lobby = _lobby(request)
    may_make = request.app.state.settings.may_write
    datasets = await run_in_threadpool(offers) if may_make else []
    return {
        "games": [{"join_code": game.join_code, **told.about(game)} for game in lobby.offered],
        "may_make": may_make,
        "datasets": [{"name": one.name, "cities": list(one.cities), "photos": one.photos} for one in datasets],
        "models": [
            {"name": name, "cities": [city.slug for city in model.cities]}
            for name, model in request.app.state.engine.models.items()
        ],
    }


@router.post("", status_code=201, response_model=game_answers.OpenGame, responses=problems(*_OF_BODIES, 409))
async def make(request: Request, wanted: NewGame) -> dict[str, Any]:
    """Make a game of a dataset's test photos."""
    needs_writing(request)
    models = request.app.state.engine.models
    model = fields.model_of(models, wanted.model)[1] if wanted.model else None
    if wanted.dataset not in {one.name for one in await run_in_threadpool(offers)}:
        raise Problem(
            404, "no_dataset", "There is no such dataset here, or it has no split. GET /v1/games lists what there is."
        )
    settings = GameSettings(
        name=f"{wanted.dataset}-{secrets.token_hex(4)}",
        title=wanted.dataset,
        test_rounds=wanted.rounds,
        views=wanted.views,
        by_map=wanted.by_map,
        leaderboard=wanted.for_class,
        seed=secrets.randbelow(2**31),
    )
    try:
        game = await run_in_threadpool(_lobby(request).make, wanted.dataset, model, settings)
    except InputError as error:
        raise Problem(409, "does_not_fit", one_line(str(error))) from error
    return {"join_code": game.join_code, **told.about(game)}


@router.post("/invitation", response_model=game_answers.GameTold, responses=problems(*_OF_BODIES))
async def invitation(request: Request, asked: JoinCode) -> dict[str, Any]:
    """What game a join code opens, and what is to be agreed to before it."""
    game = await run(_lobby(request).invited, client_of(request), asked.join_code)
    return told.about(game)


@router.post("/standings", response_model=game_answers.Leaderboard, responses=problems(*_OF_BODIES, 409))
async def watched(request: Request, asked: JoinCode) -> dict[str, Any]:
    """The leaderboard, for whoever watches a game."""
    game = await run(_lobby(request).invited, client_of(request), asked.join_code)
    return {"standings": await play(told.standings_told, game)}


@router.post("/seats", status_code=201, response_model=game_answers.TakenSeat, responses=problems(*_OF_BODIES))
async def sit(request: Request, entry: Entry) -> dict[str, Any]:
    """Come in, or back in with one's code."""
    lobby, client = _lobby(request), client_of(request)
    game = await run(lobby.invited, client, entry.join_code)
    seat = await run(lobby.sit, client, game, entry.code.strip(), entry.name.strip(), entry.consent)
    return await play(told.seat_told, seat)


@router.get("/seat", response_model=game_answers.TakenSeat, responses=problems(*_OF_SEATS))
async def seat(request: Request, seat: SeatKey) -> dict[str, Any]:
    """The seat again, after the page was loaded anew."""
    return await play(told.seat_told, _seat(request, seat))


@router.get("/seat/round", response_model=game_answers.NextRound, responses=problems(*_OF_SEATS))
async def next_round(request: Request, seat: SeatKey) -> dict[str, Any]:
    """The first round that is not answered, noted as shown; ``round`` is null when all are answered."""
    taken, pictures = _seat(request, seat), _lobby(request).pictures
    return {"round": await play(_next, taken, pictures)}


@router.post("/seat/answers", response_model=game_answers.GivenFeedback, responses=problems(*_OF_BODIES, 409))
async def answer(request: Request, seat: SeatKey, given: GivenAnswer) -> dict[str, Any]:
    """Answer the round; ``feedback`` is null where the game does not tell."""
    taken = _seat(request, seat)
    at = None if given.lat is None or given.lon is None else Location(given.lat, given.lon)
    guess = Guess(given.city, at, given.seconds)
    return {"feedback": await play(_answer, taken, given.number, guess)}


@router.get(
    "/seat/rounds/{number}/heatmap", response_model=game_answers.RoundHeatmap, responses=problems(*_OF_SEATS, 429)
)
async def heatmap(
    request: Request,
    seat: SeatKey,
    number: Annotated[int, Path(ge=1, le=10_000)],
    view: Annotated[int, Query(ge=0, le=11)] = 0,
) -> dict[str, Any]:
    """What in a view spoke for the model's first choice, as a picture to lay over it; once the answer was told."""
    data, name, city = await play(_explained, _seat(request, seat), number, view)
    engine = request.app.state.engine
    if name not in engine.models:
        raise Problem(404, "no_model", "The model of this game does not answer here.")
    how = {"city": city, "check": False, "settings": QUICK[DEFAULT_METHOD]}
    ticket = engine.explain(client_of(request), name, data, how)
    try:
        found = await result_of(request, ticket)
    except PhotoError as error:
        raise photo_gone() from error
    return {"city": found.city.slug, "name": found.city.name, "overlay": await run_in_threadpool(data_uri, found)}


@router.get("/seat/result", response_model=game_answers.Result, responses=problems(*_OF_SEATS))
async def result(request: Request, seat: SeatKey) -> dict[str, Any]:
    """How it went, after the last round; nothing but thanks where the game does not tell."""
    return await play(told.result_told, _seat(request, seat), _lobby(request).pictures)


@router.get("/seat/standings", response_model=game_answers.Leaderboard, responses=problems(*_OF_SEATS))
async def standings(request: Request, seat: SeatKey) -> dict[str, Any]:
    """The leaderboard, best first."""
    return {"standings": await play(_standings, _seat(request, seat))}


@router.get(
    "/pictures/{name}",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}}}, **problems(404, 422)},
)
async def picture(request: Request, name: Annotated[str, Path(max_length=64)]) -> Response:
    """A picture of a round, by the name that its player was given."""
    pictures = _lobby(request).pictures
    file = pictures.file(name)
    if file is None:
        raise Problem(404, "no_picture", "No picture has this name. Ask for the round again.")
    data = pictures.drawn(file)
    if data is None:
        photo = await play(read_photo, file)
        ticket = request.app.state.engine.redraw(client_of(request), photo, LONGEST_PX)
        (data,) = await result_of(request, ticket)
        if isinstance(data, PhotoError):
            raise photo_gone() from data
        pictures.keep(file, data)
    return Response(data, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=3600, immutable"})


def _next(seat: Seat, pictures: BlindPictures) -> dict[str, Any] | None:
    dealt = seat.game.next_round(seat.participant)
    return None if dealt is None else told.round_told(seat, dealt, pictures)


def _answer(seat: Seat, number: int, guess: Guess) -> dict[str, Any] | None:
    participant = seat.participant
    found = seat.game.answer(participant, number, guess)
    return told.feedback_told(seat.game, seat.game.round(participant, number), found)


def _standings(seat: Seat) -> list[dict[str, Any]]:
    return told.standings_told(seat.game, seat.participant)


def _explained(seat: Seat, number: int, view: int) -> tuple[bytes, str, str]:
    """A view's bytes, the model's name and its first choice.

    Raises:
        AgainstRules: there is nothing that may be shown.
    """
    participant, model = seat.participant, seat.game.model
    feedback = seat.game.feedback(participant, number)
    files = seat.game.round(participant, number).photos
    told_of = seat.game.settings.tells and feedback is not None
    if not told_of or feedback is None or feedback.prediction is None or model is None or view >= len(files):
        raise AgainstRules("There is no heat map of this round.")
    return read_photo(files[view]), model.card.name, feedback.prediction.ranking[0].city.slug


def _lobby(request: Request) -> Lobby:
    lobby: Lobby = request.app.state.lobby
    return lobby


def _seat(request: Request, key: str) -> Seat:
    try:
        return _lobby(request).seat(key)
    except NoSeat as error:
        raise Problem(401, "no_seat", str(error)) from error
