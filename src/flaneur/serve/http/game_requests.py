"""What the bodies of ``/v1/games`` hold, as OpenAPI describes it; anything else is refused."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Words(BaseModel):
    """Known fields only."""

    model_config = ConfigDict(extra="forbid")


class NewGame(Words):
    """A game to be made."""

    dataset: str = Field(max_length=100, description="a dataset of this computer")
    model: str = Field("", max_length=200, description="that plays, too; empty: none")
    rounds: int = Field(10, ge=1, le=200)
    views: int = Field(1, ge=1, le=12, description="most photos of a place")
    by_map: bool = Field(False, description="whether a point on the map is an answer, too")
    for_class: bool = Field(False, description="several players, with a leaderboard")


class JoinCode(Words):
    """Which game."""

    join_code: str = Field(max_length=40)


class Entry(JoinCode):
    """Who comes in."""

    code: str = Field("", max_length=60, description="of the participant, where one was given out; or to come back")
    name: str = Field("", max_length=40, description="for the leaderboard")
    consent: bool = Field(False, description="whether the participant agrees to the text of the invitation")


class Answer(Words):
    """A guess: a city, or a point."""

    number: int = Field(ge=1, le=10_000, description="of the round")
    city: str | None = Field(None, max_length=100)
    lat: float | None = Field(None, ge=-90, le=90)
    lon: float | None = Field(None, ge=-180, le=180)
    seconds: float | None = Field(None, ge=0, le=864_000, description="from when the photo was seen to the answer")
