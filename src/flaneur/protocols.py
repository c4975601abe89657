"""The seams: what an encoder, a classifier and an importer must look like. No base class is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from flaneur.types import City, Prediction


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
        city: the name as the user gave it; the store makes the slug.
        facts: any further columns of :class:`flaneur.types.Photo` by name, still as text, such as ``lat`` or ``place``.
    """

    path: Path
    key: str
    city: str
    facts: dict[str, str] = field(default_factory=dict)


class Importer(Protocol):
    """A dataset layout that people already have; one module each in ``flaneur.importers``."""

    def find(self, path: Path) -> Iterator[FoundPhoto]:
        """The photos below ``path`` (or named in it, if it is a table), in a stable order, without decoding them."""
        ...
