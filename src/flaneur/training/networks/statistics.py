"""Training photos in; the mean and spread of their channels, or their mean image, out; kept in the run's folder."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flaneur.decode import decode
from flaneur.files import atomic_path
from flaneur.preprocess import preprocess
from flaneur.protocols import PreprocessSpec
from flaneur.training.heads.parts import Progress, tell
from flaneur.training.networks.loader import LabelledPhoto

_PIECE = 64


@dataclass(frozen=True, slots=True)
class Statistics:
    """Of the training photos, pixels in 0..1.

    Args:
        mean: ``[3]`` of each channel.
        std: ``[3]`` likewise.
        image: ``[3, H, W]`` mean image.
    """

    mean: NDArray[np.float32]
    std: NDArray[np.float32]
    image: NDArray[np.float32]


def photo_statistics(
    photos: Sequence[LabelledPhoto], size_px: int, run: Path, progress: Progress | None = None
) -> Statistics:
    """Measure the photos as a network of that size sees them, once a run.

    Args:
        photos: of the train part.
        size_px: side of the square.
        run: folder of the run; a later call with it reads what an earlier one found.
        progress: told stage, done, of how many.
    """
    from safetensors.numpy import load_file, save_file

    path = run / "statistics.safetensors"
    if not path.is_file():
        found = _measure(photos, size_px, progress)
        with atomic_path(path) as temporary:
            save_file({"mean": found.mean, "std": found.std, "image": found.image}, temporary)
    kept = load_file(path)
    return Statistics(kept["mean"], kept["std"], kept["image"])


def _measure(photos: Sequence[LabelledPhoto], size_px: int, progress: Progress | None) -> Statistics:
    spec = PreprocessSpec(size_px, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))

    def load(photo: LabelledPhoto) -> NDArray[np.float32]:
        return preprocess(decode(photo.path, at_least_px=size_px).image, spec)

    total = np.zeros((3, size_px, size_px))
    squares = np.zeros(3)
    with ThreadPoolExecutor() as pool:
        for start in range(0, len(photos), _PIECE):
            piece = np.stack(list(pool.map(load, photos[start : start + _PIECE]))).astype(np.float64)
            total += piece.sum(axis=0)
            squares += (piece**2).sum(axis=(0, 2, 3))
            tell(progress, "statistics", min(start + _PIECE, len(photos)), len(photos))
    image = total / len(photos)
    mean = image.mean(axis=(1, 2))
    std = np.sqrt(np.maximum(squares / (len(photos) * size_px**2) - mean**2, 1e-12))
    return Statistics(mean.astype(np.float32), std.astype(np.float32), image.astype(np.float32))
