"""The nouns: Location, City, Photo, CityScore, Prediction. Frozen values, checked when they are made."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flaneur.errors import InputError, UsageError

_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Location:
    """A position on WGS84.

    Args:
        lat: latitude in degrees, -90 to 90.
        lon: longitude in degrees, -180 to 180.

    Raises:
        InputError: outside those ranges, the usual sign of swapped columns.

    >>> Location(48.8566, 2.3522)
    Location(lat=48.8566, lon=2.3522)
    """

    lat: float
    lon: float

    def __post_init__(self) -> None:
        if not (-90 <= self.lat <= 90 and -180 <= self.lon <= 180):
            raise InputError(
                f"({self.lat}, {self.lon}) is not (latitude, longitude) in degrees. Are the columns swapped?"
            )


def lat_lon(text: str, what: str) -> tuple[float, float]:
    """A position as people write it, ``LAT,LON`` in degrees; whether there is such a one, :class:`Location` checks.

    Args:
        text: as written.
        what: it is, for messages.

    Raises:
        UsageError: it is not two numbers.

    >>> lat_lon("-6.2, 106.8", "--centre")
    (-6.2, 106.8)
    """
    try:
        lat, lon = (float(part) for part in text.split(","))
    except ValueError as error:
        raise UsageError(f"{what} {text!r}: write latitude and longitude in degrees, such as -6.2,106.8.") from error
    return lat, lon


def slugify(name: str) -> str:
    """A city's name as flaneur spells it: lower case ASCII letters, digits and single hyphens.

    >>> slugify("São Paulo"), slugify("New_York (NY)")
    ('sao-paulo', 'new-york-ny')
    """
    import unicodedata

    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", ascii_name.lower()).strip("-")
    if slug:
        return slug
    kept = re.sub(r"[^\w]+", "-", unicodedata.normalize("NFKC", name).lower()).strip("-")
    return "u-" + kept.encode("utf-8").hex() if kept else ""


@dataclass(frozen=True, slots=True)
class City:
    """A city that a model can answer with.

    Args:
        slug: its name in files and flags, such as ``london-ontario``.
        name: its name for people.
        country: ISO 3166 two-letter code, empty where unknown.
        centre: its middle, where known.
        radius_km: of the disc that holds the built-up area, where known.
        aliases: other names it goes by.
    """

    slug: str
    name: str
    country: str = ""
    centre: Location | None = None
    radius_km: float | None = None
    aliases: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not _SLUG.fullmatch(self.slug):
            raise InputError(
                f"{self.slug!r} is no city slug. Use lower-case letters, digits and hyphens: {slugify(self.slug)!r}."
            )


@dataclass(frozen=True, slots=True)
class Photo:
    """One photo of a dataset; the row of ``photos.parquet``.

    Args:
        id: ``source:key``, unique in the dataset.
        sha256: of the stored bytes, which names the stored file.
        city: slug.
        place: the group that must never be split: one panorama, location or capture position.
        width: in pixels, as seen (after EXIF orientation).
        height: likewise.
        source: the importer or provider it came by.
        location: where it was taken, where known.
        sequence: the drive or walk it belongs to, where known.
        heading_deg: compass direction the camera faced, 0 to 360, where known.
        captured_at: ISO 8601 date or date and time, as precise as known (``2019-07``).
        project: the collection or camera campaign inside the dataset, where the data name one.
        author: of the photo.
        licence: SPDX id or the provider's name for it.
        page_url: where a person can look at the original.
        original: the user's own file name, relative to the imported folder.
    """

    id: str
    sha256: str
    city: str
    place: str
    width: int
    height: int
    source: str
    location: Location | None = None
    sequence: str | None = None
    heading_deg: float | None = None
    captured_at: str | None = None
    project: str | None = None
    author: str | None = None
    licence: str | None = None
    page_url: str | None = None
    original: str | None = None


@dataclass(frozen=True, slots=True)
class CityScore:
    """One line of an answer.

    Args:
        city: the city.
        probability: calibrated, 0 to 1; a ranking's probabilities sum to 1.
        logit: the head's raw score, mean over the views.
    """

    city: City
    probability: float
    logit: float


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a model says of one place.

    Args:
        ranking: all cities that were to choose among, most probable first.
        abstained: whether the model says "none of the cities I know".
        reason: why it abstained; empty if it did not.
        novelty: how unlike the known cities the photo looks; higher is stranger. The card holds the threshold.
        views: how many photos of the place were fused.
        model: name and version of the model.
        photo: what was looked at, for people.
        gps_in_file: a position the file itself claims. A separate fact: it is never used for the answer.
        thumbnail: small JPEG of the first view for notebooks, or empty.
    """

    ranking: tuple[CityScore, ...]
    abstained: bool
    reason: str
    novelty: float
    views: int
    model: str
    photo: str = ""
    gps_in_file: Location | None = None
    thumbnail: bytes = field(default=b"", repr=False)

    @property
    def city(self) -> str | None:
        """Slug of the answer, or ``None`` when the model abstains."""
        return None if self.abstained else self.ranking[0].city.slug

    @property
    def probability(self) -> float:
        """Probability of the top city, also when the model abstains."""
        return self.ranking[0].probability

    def to_dict(self, top: int | None = None) -> dict[str, Any]:
        """The answer as plain JSON values; see ``flaneur predict --json``.

        Args:
            top: how many cities to list; all of them by default.
        """
        gps = self.gps_in_file
        return {
            "photo": self.photo,
            "city": self.city,
            "abstained": self.abstained,
            "reason": self.reason,
            "novelty": round(self.novelty, 4),
            "ranking": [_score_dict(score) for score in self.ranking[:top]],
            "gps_in_file": None if gps is None else {"lat": gps.lat, "lon": gps.lon},
            "views": self.views,
            "model": self.model,
        }

    def _repr_html_(self) -> str:
        from flaneur.draw import prediction_html

        return prediction_html(self)


def exact_values(prediction: Prediction) -> dict[str, Any]:
    """JSON values that hold a prediction without loss, unlike :meth:`Prediction.to_dict`, which rounds for people.

    >>> answer = Prediction((CityScore(City("bari", "Bari"), 1 / 3, -0.5),), False, "", 0.1, 2, "base 1")
    >>> from_exact_values(exact_values(answer), {"bari": City("bari", "Bari")}) == answer
    True
    """
    gps = prediction.gps_in_file
    return {
        "ranking": [[score.city.slug, score.probability, score.logit] for score in prediction.ranking],
        "abstained": prediction.abstained,
        "reason": prediction.reason,
        "novelty": prediction.novelty,
        "views": prediction.views,
        "model": prediction.model,
        "photo": prediction.photo,
        "gps_in_file": None if gps is None else [gps.lat, gps.lon],
        "thumbnail": b64encode(prediction.thumbnail).decode(),
    }


def from_exact_values(values: Mapping[str, Any], cities: Mapping[str, City]) -> Prediction:
    """The prediction of :func:`exact_values`.

    Args:
        values: what may be left out of a prediction may lack.
        cities: of the model, by slug.

    Raises:
        ValueError: a value is not whole.
        KeyError: a value lacks, or a city is not the model's.
        TypeError: a value is of another kind, or there is one too many.
    """
    gps = values.get("gps_in_file")
    made = {
        "ranking": tuple(CityScore(cities[slug], probability, logit) for slug, probability, logit in values["ranking"]),
        "gps_in_file": None if gps is None else Location(*gps),
        "thumbnail": b64decode(values.get("thumbnail", "")),
    }
    return Prediction(**{**values, **made})


def _score_dict(score: CityScore) -> dict[str, Any]:
    centre = score.city.centre
    return {
        "city": score.city.slug,
        "name": score.city.name,
        "probability": round(score.probability, 6),
        "lat": None if centre is None else centre.lat,
        "lon": None if centre is None else centre.lon,
    }
