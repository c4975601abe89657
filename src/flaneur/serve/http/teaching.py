"""What teaching a city over HTTP answers, as OpenAPI describes it; see :class:`flaneur.add_city.run.AddedCity`."""

from __future__ import annotations

from pydantic import BaseModel

from flaneur.serve.http.schemas import ModelName, Schema

CITY_NAME: Schema = {
    "type": "string",
    "description": "What the city is called; with a letter or a digit at least.",
    "minLength": 1,
    "pattern": r"\w",
}
NEW_NAME: Schema = {"type": "string", "description": "Of the new model; the model's and the city's by default."}
CENTRE: Schema = {
    "type": "string",
    "description": "Latitude and longitude of its centre in degrees north and east, such as -12.05,-77.04.",
    "pattern": r"^(-?([0-8]?[0-9](\.[0-9]+)?|90),-?((1[0-7][0-9]|[0-9]?[0-9])(\.[0-9]+)?|180))?$",
}
REPLACE: Schema = {
    "type": "string",
    "enum": ["true", "false"],
    "description": "Whether a model of that name, also taught a city, may be written over.",
}

EVEN_SO: Schema = {
    "type": "string",
    "enum": ["true", "false"],
    "description": "Whether to teach it though its name or its photos are like a city's that the model knows.",
}

WISHES = {"name": NEW_NAME, "centre": CENTRE, "replace": REPLACE, "even_so": EVEN_SO}


class Share(BaseModel):
    """A share or a difference of two, with its 95 % interval; null where nothing was there to measure it on."""

    value: float | None
    low: float | None
    high: float | None
    n: int
    places: int


class OtherCity(BaseModel):
    """What the new city costs another: photos right before and after, and how many it takes."""

    city: str
    photos: int
    before: int
    after: int
    taken: int


class Cost(BaseModel):
    """How well the new city is found, and what that costs the others."""

    where: str
    before: Share
    after: Share
    difference: Share
    abstained_before: Share
    abstained_after: Share
    found: Share
    new_abstained: Share
    calibration_error_before: float
    calibration_error_after: float
    cities: list[OtherCity]


class Unread(BaseModel):
    """A photo that could not be read."""

    photo: str
    error: str
    message: str


class Taught(BaseModel):
    """The new model, which answers from now on, and what was measured of it."""

    model: ModelName
    city: str
    name: str
    country: str
    lat: float | None
    lon: float | None
    photos: int
    repeated: int
    failed: list[Unread]
    costs: list[Cost]
