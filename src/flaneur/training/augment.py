"""A training photo in; the same street as another camera might have seen it out. Pillow and numpy only."""

from __future__ import annotations

import math
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from flaneur.training.recipe import AugmentRule


def augment(image: Image.Image, size_px: int, rule: AugmentRule, rng: np.random.Generator) -> Image.Image:
    """One random variant.

    Args:
        image: RGB, any size.
        size_px: side of the square that is returned.
        rule: chances and strengths.
        rng: the only source of randomness.

    >>> photo = Image.new("RGB", (200, 150), (90, 120, 60))
    >>> augment(photo, 64, AugmentRule(), np.random.default_rng(0)).size
    (64, 64)
    """
    image = image.resize((size_px, size_px), Image.Resampling.BILINEAR, box=_crop_box(image.size, rule, rng))
    if rng.random() < rule.flip:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if rng.random() < rule.shrink:
        small = max(8, int(size_px * rng.uniform(0.33, 0.9)))
        image = image.resize((small, small), Image.Resampling.BILINEAR).resize(
            (size_px, size_px), Image.Resampling.BILINEAR
        )
    if rng.random() < rule.blur:
        image = image.filter(ImageFilter.GaussianBlur(float(rng.uniform(0.3, 1.6))))
    pixels = _colour(np.asarray(image, np.float32), rule, rng)
    if rng.random() < rule.erase:
        _erase(pixels, rng)
    image = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
    if rng.random() < rule.jpeg:
        image = _compress(image, int(rng.integers(25, 91)))
    return image


def _crop_box(size: tuple[int, int], rule: AugmentRule, rng: np.random.Generator) -> tuple[float, float, float, float]:
    """A random rectangle inside the photo: area uniform, aspect ratio log-uniform."""
    width, height = size
    area = width * height * rng.uniform(rule.crop_area_min, 1.0)
    ratio = math.exp(rng.uniform(-1, 1) * math.log(rule.crop_ratio_max))
    crop_width, crop_height = min(width, math.sqrt(area * ratio)), min(height, math.sqrt(area / ratio))
    left, top = rng.uniform(0, width - crop_width), rng.uniform(0, height - crop_height)
    return left, top, left + crop_width, top + crop_height


def _colour(pixels: NDArray[np.float32], rule: AugmentRule, rng: np.random.Generator) -> NDArray[np.float32]:
    """Brightness, contrast, saturation, white balance and gamma of another camera; ``[H, W, 3]`` in 0..255."""
    s = rule.colour
    brightness, contrast, saturation = (float(x) for x in 1 + s * rng.uniform(-1, 1, 3) * (0.8, 0.8, 1.0))
    balance = (1 + 0.3 * s * rng.uniform(-1, 1, 3)).astype(np.float32)
    gamma = math.exp(rng.uniform(-0.5, 0.5) * s)
    if rng.random() < rule.grey:
        saturation = 0.0
    grey = pixels @ np.array([0.299, 0.587, 0.114], np.float32)
    pixels = grey[..., None] + np.float32(saturation) * (pixels - grey[..., None])
    middle = np.float32(grey.mean())
    pixels = (pixels - middle) * np.float32(contrast) + middle * np.float32(brightness)
    pixels = pixels.clip(0, 255) * balance
    curved: NDArray[np.float32] = (255 * (pixels.clip(0, 255) / 255) ** gamma).astype(np.float32)
    return curved


def _erase(pixels: NDArray[np.float32], rng: np.random.Generator) -> None:
    """Fill one rectangle of 2 to 20 % of the area with one random colour, in place."""
    side = pixels.shape[0]
    area = side * side * rng.uniform(0.02, 0.2)
    ratio = math.exp(rng.uniform(-1, 1))
    height, width = (min(side, max(1, int(math.sqrt(x)))) for x in (area * ratio, area / ratio))
    top, left = int(rng.integers(0, side - height + 1)), int(rng.integers(0, side - width + 1))
    pixels[top : top + height, left : left + width] = rng.uniform(0, 255, 3).astype(np.float32)


def _compress(image: Image.Image, quality: int) -> Image.Image:
    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer, formats=["JPEG"]).convert("RGB")
