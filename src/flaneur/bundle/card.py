"""A model's card as a value in; JSON that anyone can read, and back, strictly checked."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from flaneur.errors import FlaneurError, IntegrityError, UsageError, did_you_mean
from flaneur.files import sha256_json
from flaneur.fusion import FUSIONS, OWN_FUSION, unknown_fusion
from flaneur.protocols import PreprocessSpec
from flaneur.types import City, Location

CARD_FORMAT = 1
_OWN_HASH = "card_sha256"


@dataclass(frozen=True, slots=True)
class EncoderInfo:
    """The part of the network before the head.

    Args:
        name: as users call it, such as ``timm/mobilenetv2_100``.
        hash: :func:`flaneur.onnx_files.graph.encoder_hash` of the model.
        dim: width of the embedding.
    """

    name: str
    hash: str
    dim: int


@dataclass(frozen=True, slots=True)
class AbstainRule:
    """When a model says "none of the cities I know"; chosen on validation photos.

    Args:
        novelty_method: which of :data:`flaneur.onnx_files.graph.NOVELTY_METHODS` the model computes, or empty for none.
        novelty_threshold: abstain above it; ``None``: never for novelty.
        probability_threshold: abstain where the best city is less probable; 0: never.
        validation_refused_share: of the validation photos, how many this refuses, 0 to 1.
    """

    novelty_method: str = ""
    novelty_threshold: float | None = None
    probability_threshold: float = 0.0
    validation_refused_share: float = 0.0

    @property
    def novelty_limit(self) -> float:
        """The novelty above which the model abstains; infinite where it never does for novelty."""
        return self.novelty_threshold if self.novelty_method and self.novelty_threshold is not None else math.inf

    def abstains(self, probability: ArrayLike, novelty: ArrayLike) -> NDArray[np.bool_]:
        """Where the model says "none of the cities I know".

        Args:
            probability: ``[...]`` of the best city, calibrated, 0 to 1.
            novelty: ``[...]``, higher is stranger.

        >>> AbstainRule("knn", 0.5, 0.4).abstains([0.9, 0.9, 0.3], [0.2, 0.6, 0.2]).tolist()
        [False, True, True]
        """
        return beyond(probability, novelty, self.probability_threshold, self.novelty_limit)


def beyond(probability: ArrayLike, novelty: ArrayLike, least: float, limit: float) -> NDArray[np.bool_]:
    """Where a probability is below the least that is enough, or a novelty above its limit; see :class:`AbstainRule`."""
    return np.asarray((np.asarray(novelty) > limit) | (np.asarray(probability) < least), np.bool_)


@dataclass(frozen=True, slots=True)
class DatasetInfo:
    """What the model learnt from.

    Args:
        name: of the dataset.
        content_hash: :attr:`flaneur.dataset.store.Dataset.content_hash`.
        photos: how many.
        places: how many.
        sources: importers or providers they came by.
    """

    name: str
    content_hash: str
    photos: int
    places: int
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Card:
    """Everything a user of a model needs to know; ``card.json`` of a bundle.

    Args:
        name: of the model.
        version: of the model, as its maker counts.
        created: ISO 8601 date or date and time.
        cities: in the order of the logits.
        encoder: the network before the head.
        preprocess: pixels to network input.
        temperature: logits are divided by it before the softmax.
        abstain: when to say "none of these".
        dataset: what it learnt from.
        split_hash: of the split that kept training and test apart.
        fusion: how the views of one place are joined; one of :data:`flaneur.fusion.FUSIONS`.
        metrics: free; numbers with their intervals.
        licences: of the photos and weights it was made of.
        training: free; the recipe as run.
        limits: what it cannot do, one sentence each.
        files: name inside the bundle to SHA-256; filled in by :func:`flaneur.bundle.folder.write_bundle`.
        format: of this card.
    """

    name: str
    version: str
    created: str
    cities: tuple[City, ...]
    encoder: EncoderInfo
    preprocess: PreprocessSpec
    temperature: float
    abstain: AbstainRule
    dataset: DatasetInfo
    split_hash: str = ""
    fusion: str = OWN_FUSION
    metrics: dict[str, Any] = field(default_factory=dict)
    licences: tuple[str, ...] = ()
    training: dict[str, Any] = field(default_factory=dict)
    limits: tuple[str, ...] = ()
    files: dict[str, str] = field(default_factory=dict)
    format: int = CARD_FORMAT

    def __post_init__(self) -> None:
        slugs = [city.slug for city in self.cities]
        if not slugs or len(set(slugs)) < len(slugs):
            raise IntegrityError(f"the card of model {self.name!r} needs cities, each of them once; it has {slugs}.")
        if not self.temperature > 0:
            raise IntegrityError(
                f"the card of model {self.name!r} has temperature {self.temperature}; it must be positive."
            )
        if self.fusion not in FUSIONS:
            raise IntegrityError(f"the card of model {self.name!r} asks for {unknown_fusion(self.fusion)}")


def today() -> str:
    """The date, or that of ``SOURCE_DATE_EPOCH`` for builds that must not depend on the day.

    Raises:
        UsageError: that variable is no number of seconds.
    """
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    if epoch and not epoch.isdecimal():
        raise UsageError(f"SOURCE_DATE_EPOCH is {epoch!r}; it must be seconds since 1970.")
    return (datetime.fromtimestamp(int(epoch), UTC) if epoch else datetime.now(UTC)).date().isoformat()


def card_to_json(card: Card) -> dict[str, Any]:
    """A card as JSON values, closed with a hash of its own content."""
    value = {"format": card.format} | {entry.name: _plain(getattr(card, entry.name)) for entry in fields(card)}
    value["cities"] = [_city_to_json(city) for city in card.cities]
    return value | {_OWN_HASH: sha256_json(value)}


def card_from_json(value: object, where: str) -> Card:
    """Read a card.

    Args:
        value: parsed JSON.
        where: the file, for messages.

    Raises:
        IntegrityError: changed since it was written, made by a newer flaneur, or not a card.
    """
    data = _mapping(value, where)
    version = data.get("format")
    if isinstance(version, int) and version > CARD_FORMAT:
        raise IntegrityError(
            f"{where}: made by a newer flaneur (format {version}; this one reads {CARD_FORMAT}). Update flaneur."
        )
    own = data.pop(_OWN_HASH, None)
    if version != CARD_FORMAT or own is None:
        raise IntegrityError(
            f"{where}: not the card of a flaneur model. Point to the folder that 'flaneur train' wrote."
        )
    if own != sha256_json(data):
        raise IntegrityError(f"{where}: changed since it was written. Get the model again.")
    try:
        return _read_card(data, where)
    except (TypeError, ValueError, KeyError, AttributeError, FlaneurError) as error:
        if isinstance(error, IntegrityError):
            raise
        raise IntegrityError(f"{where}: not a valid card ({error}). Get the model again.") from error


def _read_card(data: dict[str, Any], where: str) -> Card:
    parts = {
        "encoder": EncoderInfo, "preprocess": PreprocessSpec, "abstain": AbstainRule, "dataset": DatasetInfo,
    }  # fmt: skip
    known = [entry.name for entry in fields(Card)]
    for key in data:
        if key not in known:
            raise IntegrityError(f"{where}: unknown key {key!r}.{did_you_mean(key, known)}")
    made = dict(data)
    for name, kind in parts.items():
        made[name] = kind(**{key: _frozen(item) for key, item in _mapping(data[name], where).items()})
    made["cities"] = tuple(_city_from_json(_mapping(city, where)) for city in data["cities"])
    for name in ("licences", "limits"):
        made[name] = tuple(str(item) for item in data[name])
    made["files"] = {str(name): str(digest) for name, digest in data["files"].items()}
    made["temperature"] = float(data["temperature"])
    return Card(**made)


def _mapping(value: object, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise IntegrityError(f"{where}: not the card of a flaneur model.")
    return dict(value)


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _plain(value: Any) -> Any:
    """Dataclasses and tuples to what JSON has; the hash must not differ before and after a round trip."""
    if isinstance(value, str | bool | int | float) or value is None:
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return _plain(asdict(value))


def _city_to_json(city: City) -> dict[str, Any]:
    centre = city.centre
    return {
        "slug": city.slug, "name": city.name, "country": city.country,
        "lat": None if centre is None else centre.lat, "lon": None if centre is None else centre.lon,
        "radius_km": city.radius_km, "aliases": list(city.aliases),
    }  # fmt: skip


def _city_from_json(data: dict[str, Any]) -> City:
    centre = None if data["lat"] is None else Location(float(data["lat"]), float(data["lon"]))
    return City(data["slug"], data["name"], data["country"], centre, data["radius_km"], tuple(data["aliases"]))
