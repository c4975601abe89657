"""Embeddings of photos that a model was not trained on in; the bytes that a bundle keeps of them out, and back.

They are numbers, not photos: with them, whoever adds a city to a model can measure what that costs the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flaneur.bundle.card import Card
from flaneur.errors import InputError, IntegrityError

KNOWN = "known/photos.safetensors"


@dataclass(frozen=True, slots=True)
class Known:
    """Photos of a model's cities at places that training did not see, as the network sees them.

    Args:
        embeddings: ``[N, D]`` float32; float16 where they are kept.
        labels: ``[N]`` index of each photo's city in the card.
        places: ``[N]`` number of each photo's place, which tells only which photos share one.

    Raises:
        InputError: lengths that differ, or no photo.
    """

    embeddings: NDArray[np.float32]
    labels: NDArray[np.int64]
    places: NDArray[np.int64]

    def __post_init__(self) -> None:
        count = len(self.labels)
        if self.embeddings.ndim != 2 or not count or not count == len(self.embeddings) == len(self.places):
            raise InputError(
                f"known photos need embeddings [N, D], labels [N] and places [N], not {self.embeddings.shape}, "
                f"{self.labels.shape} and {self.places.shape}."
            )

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> Known:
        """Some of the photos, by number or mask."""
        return Known(self.embeddings[rows], self.labels[rows], self.places[rows])


def pack(known: Known) -> bytes:
    """The bytes of the file ``known/photos.safetensors``: a photo takes two bytes a number and eight more.

    >>> photos = Known(np.ones((2, 3), np.float32), np.array([0, 1]), np.array([0, 0]))
    >>> unpack(pack(photos), 3, 2, "here").labels.tolist()
    [0, 1]
    """
    from safetensors.numpy import save

    columns: dict[str, NDArray[Any]] = {
        "embeddings": np.ascontiguousarray(known.embeddings, np.float16),
        "labels": np.ascontiguousarray(known.labels, np.int32),
        "places": np.ascontiguousarray(known.places, np.int32),
    }
    return save(columns)


def unpack(data: bytes, dim: int, cities: int, where: str) -> Known:
    """Read what :func:`pack` made.

    Args:
        data: the bytes.
        dim: width of the model's embedding.
        cities: how many the model knows.
        where: the file, for messages.

    Raises:
        IntegrityError: damaged, or of another model.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        columns = load(data)
        known = Known(
            columns["embeddings"].astype(np.float32),
            columns["labels"].astype(np.int64),
            columns["places"].astype(np.int64),
        )
    except (SafetensorError, KeyError, ValueError, InputError) as error:
        raise IntegrityError(f"{where}: not readable ({error}). Get the model again.") from error
    labels = known.labels
    if known.embeddings.shape[1] != dim or labels.min() < 0 or labels.max() >= cities:
        raise IntegrityError(f"{where}: does not belong to this model. Get the model again.")
    if not np.isfinite(known.embeddings).all():
        raise IntegrityError(f"{where}: holds numbers that are none. Get the model again.")
    return known


def read_known(card: Card, data: bytes, where: str) -> Known | None:
    """The known photos of a model, or nothing where it keeps none.

    Args:
        card: of the model.
        data: :attr:`flaneur.bundle.folder.Bundle.known`.
        where: the model, for messages.

    Raises:
        IntegrityError: damaged, or of another model.
    """
    return unpack(data, card.encoder.dim, len(card.cities), f"{where}/{KNOWN}") if data else None
