"""What the bodies of ``/v1/games`` hold, as OpenAPI describes it; anything else is refused."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Words(BaseModel):
    """Known fields only."""

    model_config = ConfigDict(extra="forbid")


class NewGame(Words):
    """A game to be made."""

    dataset: str = Field(max_length=100, description="name of a dataset of this computer that has a split")
    model: str = Field("", max_length=200, description="name of the one that plays, too; empty: none")
    rounds: int = Field(10, ge=1, le=200, description="how many places to guess")
    views: int = Field(1, ge=1, le=12, description="most photos of a place")
    by_map: bool = Field(False, description="whether a point on the map is an answer, too")
    for_class: bool = Field(False, description="several players, with a leaderboard")


class JoinCode(Words):
    """Which game."""

    join_code: str = Field(max_length=40, description="of the game; capitals, blanks and dashes do not matter")


class Entry(JoinCode):
    """Who comes in."""

    code: str = Field("", max_length=60, description="of the participant, where one was given out; or to come back")
    name: str = Field("", max_length=40, description="for the leaderboard")
    consent: bool = Field(False, description="whether the participant agrees to the text of the invitation")


class GivenAnswer(Words):
    """A guess: a city, or a point on the map."""

    number: int = Field(ge=1, le=10_000, description="of the round")
    city: str | None = Field(None, max_length=100, description="slug of one of the round's choices")
    lat: float | None = Field(None, ge=-90, le=90, description="latitude of the point in degrees north")
    lon: float | None = Field(None, ge=-180, le=180, description="longitude of the point in degrees east")
    seconds: float | None = Field(
        None,
        ge=0,
        le=864_000,
        description="seconds from when the photo was to be seen to the answer; null: unmeasured",
    )
