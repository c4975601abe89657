"""A model and photos in; the cells of its feature map for every photo, kept beside the dataset's features, out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flaneur.bundle.inference import Session, run_batch
from flaneur.dataset.store import Dataset
from flaneur.encoder import OnnxEncoder
from flaneur.errors import InputError
from flaneur.files import sha256_json
from flaneur.predict import Model
from flaneur.protocols import PreprocessSpec
from flaneur.training.heads.features import features
from flaneur.types import Photo

_MAP = "feature_map"
_MARGIN = 0.5  # of a cell on each side: what a cell answers to reaches beyond it, and fades
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Cells:
    """What a network makes of each part of each photo.

    Args:
        values: ``[N, K, h, w]`` the feature map.
        crop: ``centre`` or ``squash``: how the square that the network sees is taken from a photo.
    """

    values: NDArray[np.float32]
    crop: str

    def descriptors(self, rows: NDArray[np.intp]) -> NDArray[np.float32]:
        """Of some photos, ``[n, h w, K]``."""
        kept = self.values[rows]
        return np.ascontiguousarray(kept.reshape(*kept.shape[:2], -1).transpose(0, 2, 1))

    def box(self, photo: Photo, cell: int) -> Box:
        """A cell and half a cell around it: left, top, right, bottom as shares of the photo's width and height.

        >>> from flaneur.types import Photo
        >>> wide = Photo("a:1", "0", "paris", "p", 400, 200, "a")
        >>> Cells(np.zeros((1, 8, 5, 5), np.float32), "centre").box(wide, 12)
        (0.4, 0.3, 0.6, 0.7)
        """
        _, _, height, width = self.values.shape
        row, column = divmod(cell, width)
        across = _span(column, width)
        down = _span(row, height)
        side = min(photo.width, photo.height)
        (left, right), (top, bottom) = (
            _inside(span, side / length if self.crop == "centre" else 1.0)
            for span, length in ((across, photo.width), (down, photo.height))
        )
        return left, top, right, bottom


def _span(index: int, count: int) -> tuple[float, float]:
    return max(0.0, (index - _MARGIN) / count), min(1.0, (index + 1 + _MARGIN) / count)


def _inside(span: tuple[float, float], seen: float) -> tuple[float, float]:
    start, end = (round((1 - seen) / 2 + seen * at, 6) for at in span)
    return start, end


class _CellEncoder:
    """A model's feature map, laid out in one row, as if it were an embedding: so the same cache keeps it."""

    def __init__(self, model: Model) -> None:
        encoder = OnnxEncoder.from_bundle(model.bundle)
        self.name, self.preprocess = encoder.name, encoder.preprocess
        self.hash = sha256_json({"encoder": encoder.hash, "output": _MAP})
        self._session: Session = model.session(1)
        if _MAP not in [output.name for output in self._session.get_outputs()]:
            raise InputError(f"{model.name!r} gives out no feature map.")
        self.shape = self._run(np.zeros((1, 3, self.preprocess.size_px, self.preprocess.size_px), np.float32)).shape[1:]
        if len(self.shape) != 3:
            raise InputError(f"the feature map of {model.name!r} is {self.shape}, not [K, h, w].")

    name: str
    hash: str
    preprocess: PreprocessSpec

    @property
    def dim(self) -> int:
        return int(np.prod(self.shape))

    def embed(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        return self._run(images).reshape(len(images), -1)

    def _run(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.stack([row[_MAP] for row in run_batch(self._session, images, [_MAP])])


def cells_of(
    model: Model, dataset: Dataset, photos: Sequence[Photo], progress: Callable[[int, int], None] | None = None
) -> Cells:
    """One pass over the photos, or none where their cells are in the cache.

    Args:
        model: that gives out a feature map.
        dataset: whose folder holds the cache.
        photos: N of them, all readable.
        progress: told how many are done, of how many.

    Raises:
        InputError: the model gives out no feature map, or a photo can no longer be read.
    """
    encoder = _CellEncoder(model)
    found = features(dataset, encoder, photos, progress)
    if found.failed:
        photo, error = found.failed[0]
        raise InputError(f"{photo.id} can no longer be read: {error}")
    return Cells(found.embeddings.reshape(-1, *encoder.shape), encoder.preprocess.crop)
