"""What requests hold and answers say, as OpenAPI describes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, Field

Schema = Mapping[str, Any]
TOLD_LIMITS = ("request_bytes", "photo_bytes", "request_photos", "field_bytes")
"""What a caller needs to know of :class:`flaneur.serve.limits.Limits`."""

PHOTO: Schema = {"type": "string", "format": "binary", "description": "JPEG, PNG or WebP; the content decides."}
PHOTOS: Schema = {"type": "array", "items": PHOTO, "minItems": 1}
MODEL: Schema = {"type": "string", "description": "Name of a model; the first by default.", "x-known": "model"}
CITY: Schema = {"type": "string", "description": "Slug of a city that the model knows.", "x-known": "city"}
CITIES: Schema = {
    "type": "string", "description": "Slugs with commas between: choose only among these.", "x-known": "cities"
}  # fmt: skip
METHOD: Schema = {"type": "string", "description": "A method of the model; occlusion by default.", "x-known": "method"}
FLAG: Schema = {"type": "string", "enum": ["true", "false"]}
COUNT: Schema = {"type": "integer", "minimum": 1, "maximum": 999999}


class Error(BaseModel):
    """What went wrong: a stable code, and one line that says what to do."""

    code: str
    message: str


class Failure(BaseModel):
    """A request that is not answered as asked."""

    error: Error


class ModelName(BaseModel):
    """Which model answered."""

    name: str
    version: str
    hash: str


class Place(BaseModel):
    """A position in degrees."""

    lat: float = Field(description="latitude in degrees north")
    lon: float = Field(description="longitude in degrees east")


class Score(BaseModel):
    """How probable one city is; all of a full ranking sum to 1."""

    city: str
    name: str
    probability: float
    lat: float | None
    lon: float | None


class Thresholds(BaseModel):
    """Beyond which the model says "none of the cities I know"."""

    novelty: float | None
    probability: float


class Prediction(BaseModel):
    """Which city, or none of those known; as ``flaneur predict --json``."""

    photo: str
    city: str | None
    abstained: bool
    reason: str
    novelty: float
    ranking: list[Score]
    gps_in_file: Place | None
    views: int
    model: str


class CityCount(BaseModel):
    """A city, and how many of the nearest known photos it has."""

    city: str
    count: int


class KnownPhoto(BaseModel):
    """A known photo: 1 - cosine between its embedding and the photo's."""

    city: str
    distance: float


class Nearest(BaseModel):
    """The known photos most like it, one a place, nearest first; of so many that the model was not trained on."""

    photos: int
    places: int
    nearer_than: float
    cities: list[CityCount]
    known: list[KnownPhoto]


class Answer(Prediction):
    """The answer to one place: by which of the photos sent, and where its limits lie."""

    sha256: list[str]
    index: list[int]
    limits: Thresholds
    nearest: Nearest | None


class PhotoFailure(BaseModel):
    """A photo that cannot be read."""

    index: list[int]
    error: str
    message: str


class Answers(BaseModel):
    """Answers in the order of the photos."""

    model: ModelName
    answers: list[Answer | PhotoFailure]


class Explanation(BaseModel):
    """A map of a photo; as ``flaneur explain --json``, with a picture to lay over the photo."""

    photo: str
    model: str
    city: str
    against: str | None
    method: str
    settings: dict[str, Any]
    score: float
    prediction: Prediction
    limit: float
    peak: list[float]
    box: list[float]
    map: list[list[float]]
    faithfulness: dict[str, float | None] | None
    evidence: dict[str, Any] | None
    overlay: str
    words: str
    trust: str
    unit: str


class KnownCity(BaseModel):
    """A city that a model tells from others."""

    slug: str
    name: str
    country: str
    lat: float | None
    lon: float | None


class Model(ModelName):
    """A model: what it knows, what it cannot do."""

    created: str
    cities: list[KnownCity]
    methods: list[str]
    metrics: dict[str, Any]
    limits: list[str]
    licences: list[str]
    readme: str


class Models(BaseModel):
    """The models that answer here, the default first."""

    models: list[Model]
    limits: dict[str, int]
    may_write: bool


_MEANINGS = {
    400: "Not a request that can be read.",
    401: "No token, or a wrong one.",
    403: "Not from here, or nothing may be changed.",
    404: "There is no such thing.",
    408: "It took too long to arrive.",
    409: "It does not fit what there is.",
    413: "Too large, or too many.",
    415: "No form, or no picture that can be read.",
    422: "A value that there is not, or a photo that cannot be read.",
    429: "No room now.",
    503: "Not ready, about to end, or too many at once.",
}
_RETRY = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1}}}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What a route may answer beside what was asked, for its ``responses``; 401, 403 and 503 are everywhere.

    Args:
        statuses: of HTTP.

    >>> sorted(problems(429))
    [401, 403, 429, 503]
    """
    found: dict[int | str, dict[str, Any]] = {}
    for status in sorted({401, 403, 503, *statuses}):
        found[status] = {"model": Failure, "description": _MEANINGS[status]}
        if status in (429, 503):
            found[status]["headers"] = _RETRY
    return found


def form(required: Mapping[str, Schema], optional: Mapping[str, Schema] | None = None) -> dict[str, Any]:
    """A multipart form, for a route's ``openapi_extra``.

    Args:
        required: parts that must be there, by name.
        optional: parts that may be.
    """
    schema = {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
    }
    encoding = {"photo": {"contentType": "image/jpeg, image/png, image/webp"}} if "photo" in required else {}
    return {
        "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema, "encoding": encoding}}}
    }
