"""The seams: what an encoder, a classifier, an importer and a source must look like. No base class is asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from flaneur.types import City, Location, Prediction


@dataclass(frozen=True, slots=True)
class PreprocessSpec:
    """How pixels become a network's input; it travels with the weights.

    Args:
        size_px: side of the square the network sees.
        mean: per channel, of RGB in 0..1.
        std: likewise.
        crop: ``centre``: the largest centred square; ``squash``: the whole photo, aspect ratio given up.
        interpolation: ``bilinear`` or ``bicubic``, always antialiased.
    """

    size_px: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    crop: str = "centre"
    interpolation: str = "bilinear"


class Encoder(Protocol):
    """Pixels to an embedding. ``hash`` names weights and preprocessing: equal hash, equal embeddings."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def hash(self) -> str: ...  # noqa: D102
    @property
    def dim(self) -> int: ...  # noqa: D102
    @property
    def preprocess(self) -> PreprocessSpec: ...  # noqa: D102

    def embed(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        """``[B, 3, H, W]`` preprocessed to ``[B, dim]``; safe to call from several threads."""
        ...


class Classifier(Protocol):
    """Photos of one place to an answer."""

    @property
    def cities(self) -> tuple[City, ...]: ...  # noqa: D102

    def predict(self, views: Any, *, cities: Sequence[str] | None = None) -> Prediction:
        """One photo, or several views of one place, to one answer."""
        ...


@dataclass(frozen=True, slots=True)
class FoundPhoto:
    """What an importer knows of one photo before its pixels were looked at.

    Args:
        path: the user's file; never written to.
        key: stable within the import, names the photo: usually the path relative to the imported folder.
        city: the name as the user gave it; the store makes the slug. Empty where none is known: ``refused`` among the
            facts then says why.
        facts: any further columns of :class:`flaneur.types.Photo` by name, still as text, such as ``lat`` or ``place``.
        member: its name inside the archive at ``path``; empty where ``path`` is the photo.
    """

    path: Path
    key: str
    city: str
    facts: dict[str, str] = field(default_factory=dict)
    member: str = ""


class Importer(Protocol):
    """A dataset layout that people already have; one module each in ``flaneur.importers``."""

    def find(self, path: Path) -> Iterator[FoundPhoto]:
        """The photos below ``path`` (or named in it, if it is a table), in a stable order, without decoding them."""
        ...


@dataclass(frozen=True, slots=True)
class Terms:
    """What a provider allows, as read on a day; shown before the first download.

    Args:
        provider: its name for people.
        licence: of the photos: an SPDX id, or the provider's own name for it; ``per photo`` where each has its own.
        attribution: how a photo is credited; ``{author}`` and ``{page_url}`` are filled in.
        may_store: whether pixels may be kept. If not, a dataset keeps recipes: panorama, position, direction, hash.
        training: one sentence on what the terms say of training models.
        url: where the terms stand.
        read_on: ISO date of the day they were read.
        notes: further conditions, one sentence each.
        positions_days: for how many days positions may be kept; 0 where the terms set no end. If they do, no positions
            are exported.
    """

    provider: str
    licence: str
    attribution: str
    may_store: bool
    training: str
    url: str
    read_on: str
    notes: tuple[str, ...] = ()
    positions_days: int = 0


@dataclass(frozen=True, slots=True)
class Key:
    """What a provider wants to be shown, and where a user gets it.

    Args:
        variable: of the environment, such as ``MAPILLARY_TOKEN``; in lower case its name in ``keys.toml`` and keyring.
        where: how it is sent: ``header:NAME:PREFIX `` (the key follows the prefix) or ``query:NAME``.
        get_it_at: page that hands it out.
        needed: whether nothing works without it.
        secret_variable: of a second secret that signs requests; empty where there is none.
    """

    variable: str
    where: str
    get_it_at: str
    needed: bool = True
    secret_variable: str = ""


@dataclass(frozen=True, slots=True)
class Limit:
    """How often a group of requests may be sent.

    Args:
        requests: at most so many
        seconds: in any stretch of so many seconds.
    """

    requests: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Wish:
    """What a user wants of each place.

    Args:
        views: pictures of each place.
        fov_deg: horizontal field of view, where a provider renders it or a panorama is cut.
        size_px: longer side that is asked for.
        since: ISO date; photos taken before are left out. Empty: no limit.
        until: ISO date; photos taken after are left out. Empty: no limit.
        panoramas: ``no``, ``only`` or ``both``.
        seed: of every random choice.
        options: of one source alone, by name.
    """

    views: int = 1
    fov_deg: float = 90.0
    size_px: int = 640
    since: str = ""
    until: str = ""
    panoramas: str = "both"
    seed: int = 0
    options: Mapping[str, str] = field(default_factory=dict)

    def directions(self, key: str) -> tuple[View, ...]:
        """Where the views of one place look: the first anywhere, drawn by seed and key, the others evenly round.

        >>> [round(view.heading_deg) for view in Wish(views=3, fov_deg=120).directions("abc")]
        [311, 71, 191]
        """
        drawn = hashlib.sha256(f"{self.seed}/{key}".encode()).digest()
        first_deg = int.from_bytes(drawn[:4], "big") * 360 / 2**32
        turns = (first_deg + 360 * number / self.views for number in range(self.views))
        return tuple(View(round(turn % 360, 2) % 360, 0.0, self.fov_deg) for turn in turns)


@dataclass(frozen=True, slots=True)
class View:
    """Where one picture of a place looks.

    Args:
        heading_deg: compass direction, 0 to 360; ``None`` where unknown.
        pitch_deg: -90 to 90, up is positive.
        fov_deg: horizontal; ``None`` where unknown.
    """

    heading_deg: float | None = None
    pitch_deg: float = 0.0
    fov_deg: float | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A photo or panorama that a provider offers. Nothing in it expires.

    Args:
        key: the provider's own, unique within the source.
        location: where it was taken; never where it was asked for.
        author: to credit.
        licence: of this photo.
        page_url: where a person can look at it.
        heading_deg: compass direction of the camera; of a panorama that of its middle column.
        captured: ISO 8601, as precise as known, or empty.
        sequence: the drive or walk, or empty.
        is_panorama: whether it is equirectangular, to be cut into views.
        project: the camera campaign or the organisation behind it, or empty.
        facts: what else ``fetch`` needs.
    """

    key: str
    location: Location
    author: str
    licence: str
    page_url: str
    heading_deg: float | None = None
    captured: str = ""
    sequence: str = ""
    is_panorama: bool = False
    project: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)


class Source(Protocol):
    """A provider of street photos; one module each in ``flaneur.sources``.

    More names may stand in it: ``AT_ONCE`` (how many requests may run side by side; 8), ``ASKING_COSTS = True``
    (``near`` is billed, and so never asked before its answer is needed), ``RENDERS = True`` (the provider turns
    pictures to any direction, so that a place has as many as there are views), ``BILLED`` (group of requests to the
    name in ``prices.toml`` of what each costs).
    """

    TERMS: Terms
    KEY: Key | None
    LIMITS: Mapping[str, Limit]
    BASES: Mapping[str, str]
    RADIUS_M: float

    def near(self, spot: Location, radius_m: float, wish: Wish, client: Any) -> list[Candidate]:
        """Photos taken within ``radius_m`` of the spot, ordered by key; none where the provider has none there."""
        ...

    def fetch(self, candidate: Candidate, wish: Wish, client: Any) -> list[tuple[View, bytes]]:
        """The pictures of one candidate: one, or as many directions as are wished for where the provider renders them.

        Raises:
            PhotoError: it cannot be had for good.
        """
        ...
