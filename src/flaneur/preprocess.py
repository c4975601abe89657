"""A decoded photo in; the float32 [3, H, W] a network sees out. One implementation for training, export and serving."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from flaneur.errors import InputError
from flaneur.protocols import PreprocessSpec

_RESAMPLING = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}
_CROPS = ("centre", "squash")


def preprocess(image: Image.Image, spec: PreprocessSpec) -> NDArray[np.float32]:
    """Crop, resize and normalise one photo.

    Args:
        image: RGB, any size; see :func:`flaneur.decode.decode`.
        spec: what the network was trained on.

    Returns:
        ``[3, size_px, size_px]`` float32, ``(RGB / 255 - mean) / std``.

    >>> grey = Image.new("RGB", (640, 480), (128, 128, 128))
    >>> spec = PreprocessSpec(size_px=4, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
    >>> preprocess(grey, spec).shape, round(float(preprocess(grey, spec)[0, 0, 0]), 4)
    ((3, 4, 4), 0.0039)
    """
    return normalise(resize(image, spec), spec)


def resize(image: Image.Image, spec: PreprocessSpec) -> Image.Image:
    """The square the network sees, still 8-bit RGB: cropped and resized in one step, so no half pixel is lost."""
    width, height = image.size
    if spec.crop not in _CROPS or spec.interpolation not in _RESAMPLING:
        raise InputError(
            f"Preprocessing ({spec.crop!r}, {spec.interpolation!r}) is unknown; this model needs a newer flaneur."
        )
    side = min(width, height)
    box = (0.0, 0.0, float(width), float(height))
    if spec.crop == "centre":
        left, top = (width - side) / 2, (height - side) / 2
        box = (left, top, left + side, top + side)
    return image.resize((spec.size_px, spec.size_px), _RESAMPLING[spec.interpolation], box=box)


def normalise(image: Image.Image, spec: PreprocessSpec) -> NDArray[np.float32]:
    """8-bit RGB of the right size to ``[3, H, W]`` float32."""
    scale = 1 / (255 * np.asarray(spec.std, np.float32))
    offset = np.asarray(spec.mean, np.float32) / np.asarray(spec.std, np.float32)
    pixels = np.empty((3, image.height, image.width), np.float32)
    pixels[:] = np.asarray(image).transpose(2, 0, 1)  # channels apart first: a sixth of the time of doing it last
    pixels *= scale[:, None, None]
    np.subtract(pixels, offset[:, None, None], out=pixels)
    return pixels
