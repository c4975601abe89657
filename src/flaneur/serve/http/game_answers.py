"""What ``/v1/games`` answers, as OpenAPI describes it. What is not named here is not sent: nobody may know more."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from flaneur.serve.http.schemas import Place

Slug = Annotated[str, Field(description="slug of a city")]
Name = Annotated[str, Field(description="what the city is called")]
Points = Annotated[int, Field(description="points, 0 to 5000; 5000: the right city")]
Credits = Annotated[list[str], Field(description="whom the photos are by, with the licence, where known")]
Right = Annotated[bool, Field(description="whether that is the city of the photo")]
Share = Annotated[float, Field(description="a share, 0 to 1: an end of the 95 % interval of correct / of (Wilson)")]
Kilometres = Annotated[
    float | None,
    Field(description="kilometres from the guess to where the photo was taken, or its city's middle; null: not known"),
]


class GameCity(BaseModel):
    """A city that can be named."""

    city: Slug
    name: Name
    lat: float | None = Field(description="latitude of its middle in degrees north, where known")
    lon: float | None = Field(description="longitude of its middle in degrees east, where known")


class Caution(BaseModel):
    """What is to be told before a game starts."""

    code: str = Field(description="learnt, may_have_learnt, not_checked, shared_ground; empty in a game of before")
    message: str = Field(description="one sentence")
    values: dict[str, str | int] = Field(
        description="what the sentence tells, for a page that says it in another language: learnt: model, seen and "
        "photos (counts), dataset; may_have_learnt: model; not_checked: model, dataset; shared_ground: training, test"
    )


class GameTold(BaseModel):
    """What anybody who is invited may know of a game."""

    title: str = Field(description="for people")
    dataset: str = Field(description="name of the one that the photos are of")
    model: str | None = Field(description="name of the one that plays; null: none")
    cities: list[GameCity] = Field(description="to choose among, by name")
    test_rounds: int = Field(description="rounds that count")
    training_rounds: int = Field(description="rounds before them, which do not count")
    tells: bool = Field(description="whether the answer is told after a round that counts")
    views: int = Field(description="most photos of a place that are shown together")
    by_map: bool = Field(description="whether a point on the map is an answer, too")
    leaderboard: bool = Field(description="whether players are told how the others did")
    consent: str = Field(description="text to be agreed to before the first round; empty: none")
    needs_code: bool = Field(description="whether only those come in who were given a code")
    most_points: int = Field(description="points of one round at most")
    warnings: list[Caution] = Field(description="to be told before the game starts")


class OpenGame(GameTold):
    """A game, with what lets others in."""

    join_code: str = Field(description="six letters and digits that let somebody in")


class PlayableDataset(BaseModel):
    """A dataset of this computer that a game can be made of."""

    name: str = Field(description="of the dataset")
    cities: list[str] = Field(description="slugs of the cities in it, sorted")
    photos: int = Field(description="how many are in it, all parts together")


class PlayingModel(BaseModel):
    """A model that can play."""

    name: str = Field(description="of the model")
    cities: list[str] = Field(description="slugs of the cities that it knows")


class Playable(BaseModel):
    """What can be played here."""

    games: list[OpenGame] = Field(description="open from the start")
    may_make: bool = Field(description="whether games can be made from here")
    datasets: list[PlayableDataset] = Field(description="to make one of; none where none can be made")
    models: list[PlayingModel] = Field(description="to play against, the default first")


class TakenSeat(BaseModel):
    """A seat in a game."""

    seat: str = Field(description="its key, for the header X-Seat; secret to the player")
    code: str = Field(description="of the participant, to come back with")
    name: str = Field(description="for the leaderboard; empty: none was given")
    answered: int = Field(description="rounds that are answered, of both phases")
    finished: bool = Field(description="whether all are")
    game: GameTold


class DealtRound(BaseModel):
    """A place to look at and to answer."""

    number: int = Field(description="of the round, from 1, through both phases")
    phase: Literal["training", "test"] = Field(description="only test counts")
    position: int = Field(description="from 1, within the phase")
    of: int = Field(description="rounds in the phase")
    pictures: list[str] = Field(description="names of its views, for /v1/games/pictures/{name}")
    choices: list[GameCity] = Field(description="cities to answer with, by name")
    by_map: bool = Field(description="whether a point on the map is an answer, too")
    tells: bool = Field(description="whether the answer is told after the guess")


class NextRound(BaseModel):
    """The next round."""

    round: DealtRound | None = Field(description="the first that is not answered; null: all are")


class Scored(BaseModel):
    """A guess and what it is worth."""

    city: str = Field(description="slug that it names; of a point, the city that it hits; empty where it hits none")
    correct: Right
    points: Points
    distance_km: Kilometres


class CityProbability(BaseModel):
    """How probable the model holds one city; those of all choices sum to 1."""

    city: Slug
    name: Name
    probability: float = Field(description="0 to 1")


class ModelGuess(Scored):
    """What the model says of the same views, among the same cities; scored by its first choice."""

    name: str = Field(description="of the model, with its version")
    abstained: bool = Field(description="whether it would rather say none of these")
    ranking: list[CityProbability] = Field(description="most probable first")


class Feedback(Scored):
    """What is told of a round after its answer."""

    number: int = Field(description="of the round")
    truth: GameCity = Field(description="the city of the photo")
    at: Place | None = Field(description="where it was taken, or the middle of its city; null: neither is known")
    model: ModelGuess | None = Field(description="null: none plays, or it could not read the photo, or it is training")
    credits: Credits


class GivenFeedback(BaseModel):
    """The answer is taken."""

    feedback: Feedback | None = Field(description="null where the game does not tell")


class PlayedRound(Feedback):
    """A round of a game that is over."""

    pictures: list[str] = Field(description="names of its views, for /v1/games/pictures/{name}")


class Sum(BaseModel):
    """Several rounds together."""

    correct: int = Field(description="rounds with the right city")
    of: int = Field(description="rounds")
    low: Share
    high: Share
    points: int = Field(description="points of all of them")


class Paired(BaseModel):
    """Player and model on the rounds that both answered."""

    only_player: int = Field(description="rounds that only the player got right")
    only_model: int = Field(description="rounds that only the model got right")
    p: float = Field(
        description="chance, 0 to 1, of counts as uneven if neither were better (McNemar's exact test, two-sided)"
    )


class Ending(BaseModel):
    """The rounds that counted, and what they sum to."""

    rounds: list[PlayedRound] = Field(description="those that counted, in the order they were dealt")
    player: Sum
    model: Sum | None = Field(description="of the rounds that it answered; null: none")
    paired: Paired | None = Field(description="null: no model answered")


class Result(BaseModel):
    """How it went."""

    finished: bool = Field(description="whether every round is answered; all below is empty before")
    code: str = Field(description="of the participant")
    thanks: str = Field(description="text after the last round; empty: none")
    credits: Credits
    score: Ending | None = Field(description="null where the game does not tell")


class Line(BaseModel):
    """A line of the leaderboard; of rounds that count."""

    rank: int = Field(description="from 1; equal points share one")
    name: str = Field(description="of the player, empty where none was given; of the model")
    number: int | None = Field(description="of the player, from 1, in the order of coming; null: the model")
    points: int = Field(description="points of all rounds answered")
    correct: int = Field(description="rounds with the right city")
    answered: int = Field(description="rounds answered")
    of: int = Field(description="rounds that there are")
    is_model: bool = Field(description="whether it is the model's line")
    is_me: bool = Field(description="whether it is that of whoever asks from a seat")


class Leaderboard(BaseModel):
    """The leaderboard."""

    standings: list[Line] = Field(description="best first")


class RoundHeatmap(BaseModel):
    """What in a view spoke for the model's first choice."""

    city: Slug
    name: Name
    overlay: str = Field(
        description="colours to lay over the picture, a transparent PNG in a data: address, at most 512 pixels a side"
    )
