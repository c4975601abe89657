"""A photo and a dataset in; the known photos that the network finds most like it, with place and date, out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flaneur.dataset.store import Dataset
from flaneur.encoder import OnnxEncoder
from flaneur.errors import UsageError
from flaneur.evaluation.overlap import learnt_from
from flaneur.explain.target import Target, as_input
from flaneur.predict import Model
from flaneur.training.heads.features import features
from flaneur.types import Photo

SHOWN = 6
_SAME = 1e-4  # cosine distance below which two photos are one picture
_MAYBE_SAME = 0.015  # most copies saved again or trimmed lie below; so has 1 in 20 photos one of another place
_ASKED = 400  # known photos whose own nearest is looked up


@dataclass(frozen=True, slots=True)
class Known:
    """One known photo.

    Args:
        photo: with city, place, date, author and licence, as far as they are known.
        path: its file.
        distance: 1 - cosine of the two embeddings, 0 (alike) to 2.
        learnt: whether the model was trained on it.
    """

    photo: Photo
    path: Path
    distance: float
    learnt: bool

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; the file is not told, since it is nobody else's."""
        photo, spot = self.photo, self.photo.location
        return {
            "photo": photo.id,
            "city": photo.city,
            "place": photo.place,
            "lat": None if spot is None else spot.lat,
            "lon": None if spot is None else spot.lon,
            "captured_at": photo.captured_at,
            "distance": round(self.distance, 4),
            "learnt": self.learnt,
            "author": photo.author,
            "licence": photo.licence,
            "page_url": photo.page_url,
        }


@dataclass(frozen=True, slots=True)
class Evidence:
    """The nearest known photos, each from another place, nearest first.

    Args:
        dataset: name of the dataset they are of.
        known: the nearest.
        nearer_than: share of known photos that have no photo of another place as near as the first is, 0 to 1: how near
            is near.
        itself: id of the same picture in the dataset, which is left out with its place; empty where it is not there.
        itself_learnt: whether the model was trained on that.
    """

    dataset: str
    known: tuple[Known, ...]
    nearer_than: float
    itself: str = ""
    itself_learnt: bool = False

    @property
    def maybe_itself(self) -> bool:
        """Whether the nearest is so near that it may be the same photo, cropped or saved again."""
        return not self.itself and bool(self.known) and self.known[0].distance < _MAYBE_SAME

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "dataset": self.dataset,
            "itself": self.itself or None,
            "itself_learnt": self.itself_learnt,
            "nearer_than": round(self.nearer_than, 4),
            "known": [one.to_dict() for one in self.known],
        }


class KnownPhotos:
    """A dataset as one network sees it; made once, asked about many photos.

    Args:
        model: whose network embeds.
        dataset: whose photos are known; embeddings are kept beside it.
        progress: told how many are embedded of how many.
    """

    def __init__(self, model: Model, dataset: Dataset, progress: Callable[[int, int], None] | None = None) -> None:
        self._dataset, self._encoder = dataset, OnnxEncoder.from_bundle(model.bundle)
        found = features(dataset, self._encoder, progress=progress)
        learnt = learnt_from(model.card, dataset)
        self._learnt = {photo.sha256 for photo in learnt.train} if learnt else set()
        self._photos = found.photos
        self._places = np.unique([f"{photo.city}\0{photo.place}" for photo in found.photos], return_inverse=True)[1]
        self._units = _unit(found.embeddings)
        self._nearest_elsewhere: NDArray[np.float64] | None = None

    def nearest(self, target: Target, count: int = SHOWN) -> Evidence:
        """The known photos most like a target's, one a place.

        Args:
            target: the photo; what it asks does not matter.
            count: at most so many.

        Raises:
            UsageError: none is asked for.
        """
        if count < 1:
            raise UsageError(f"{count} nearest known photos cannot be shown; ask for 1 or more.")
        image = as_input(target.picture(), target.spec)[None]
        own = _unit(self._encoder.embed(image))[0]
        distance = 1 - self._units @ own
        order = np.argsort(distance, kind="stable")
        first = int(order[0])
        same = distance[first] < _SAME
        seen = {int(self._places[first])} if same else set()
        known: list[Known] = []
        for row in order.tolist():
            if len(known) == count:
                break
            if int(self._places[row]) not in seen:
                seen.add(int(self._places[row]))
                known.append(self._known(row, float(distance[row])))
        nearest = known[0].distance if known else np.inf
        share = float((self._elsewhere() > nearest).mean())
        if not same:
            return Evidence(self._dataset.name, tuple(known), share)
        photo = self._photos[first]
        return Evidence(self._dataset.name, tuple(known), share, photo.id, photo.sha256 in self._learnt)

    def _known(self, row: int, distance: float) -> Known:
        photo = self._photos[row]
        return Known(photo, self._dataset.image_path(photo), max(0.0, distance), photo.sha256 in self._learnt)

    def _elsewhere(self) -> NDArray[np.float64]:
        """Of some known photos, the distance to the nearest photo of another place."""
        if self._nearest_elsewhere is None:
            count = len(self._photos)
            rows = np.sort(np.random.default_rng(0).permutation(count)[:_ASKED])
            distance = 1 - self._units[rows] @ self._units.T
            distance[self._places[rows][:, None] == self._places] = np.inf
            self._nearest_elsewhere = distance.min(axis=1).astype(np.float64)
        return self._nearest_elsewhere


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(length, np.float32(1e-12)), np.float32)
