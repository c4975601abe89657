"""A training photo in; the same street as another camera might have seen it out. Pillow and numpy only."""

from __future__ import annotations

import math
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from flaneur.preprocess import resize
from flaneur.protocols import PreprocessSpec
from flaneur.training.recipes.recipe import AugmentRule


@dataclass(frozen=True, slots=True)
class Look:
    """How another camera, season or hour would have coloured a place; all its views share one.

    Args:
        brightness: factor of the mean.
        contrast: factor of what differs from the mean.
        saturation: factor of what differs from grey; 0 is grey.
        balance: factor of each channel.
        gamma: exponent.
    """

    brightness: float = 1.0
    contrast: float = 1.0
    saturation: float = 1.0
    balance: tuple[float, float, float] = (1.0, 1.0, 1.0)
    gamma: float = 1.0


def draw_look(rule: AugmentRule, rng: np.random.Generator) -> Look:
    """A random look of the recipe's strength; with ``colour = 0`` and ``grey = 0``, none."""
    s = rule.colour
    brightness, contrast, saturation = (float(x) for x in 1 + s * rng.uniform(-1, 1, 3) * (0.8, 0.8, 1.0))
    red, green, blue = (float(x) for x in 1 + 0.3 * s * rng.uniform(-1, 1, 3))
    gamma = math.exp(rng.uniform(-0.5, 0.5) * s)
    grey = rng.random() < rule.grey
    return Look(brightness, contrast, 0.0 if grey else saturation, (red, green, blue), gamma)


def augment(
    image: Image.Image, spec: PreprocessSpec, rule: AugmentRule, rng: np.random.Generator, look: Look | None = None
) -> Image.Image:
    """One random variant.

    Args:
        image: RGB, any size.
        spec: side of the square that is returned, and how a photo that is not cropped at random becomes one.
        rule: chances and strengths; all 0 and ``crop_area_min`` 1 gives exactly :func:`flaneur.preprocess.resize`.
        rng: the only source of randomness.
        look: its colours; drawn from ``rng`` if ``None``.

    >>> photo = Image.new("RGB", (200, 150), (90, 120, 60))
    >>> spec = PreprocessSpec(size_px=64, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
    >>> augment(photo, spec, AugmentRule(), np.random.default_rng(0)).size
    (64, 64)
    """
    look = draw_look(rule, rng) if look is None else look
    image = _shape(image, spec, rule, rng)
    if rng.random() < rule.shrink:
        small = max(8, int(spec.size_px * rng.uniform(0.33, 0.9)))
        image = image.resize((small, small), Image.Resampling.BILINEAR).resize(image.size, Image.Resampling.BILINEAR)
    if rng.random() < rule.blur:
        image = image.filter(ImageFilter.GaussianBlur(float(rng.uniform(0.3, 1.6))))
    pixels = np.asarray(image, np.float32)
    if look != Look():
        pixels = _colour(pixels, look)
    if rng.random() < rule.erase:
        pixels = _erase(pixels.copy(), rng)
    image = Image.fromarray(pixels.clip(0, 255).round().astype(np.uint8))
    if rng.random() < rule.jpeg:
        image = _compress(image, int(rng.integers(25, 91)))
    return image


def _shape(image: Image.Image, spec: PreprocessSpec, rule: AugmentRule, rng: np.random.Generator) -> Image.Image:
    """Crop, resize, zoom, shear and flip."""
    if rule.crop_area_min < 1:
        box = _crop_box(image.size, rule, rng)
        image = image.resize((spec.size_px, spec.size_px), Image.Resampling.BILINEAR, box=box)
    else:
        image = resize(image, spec)
    if rule.zoom > 0 or rule.shear_deg > 0:
        scale = max(0.05, 1 + rng.uniform(-1, 1) * rule.zoom)
        image = _affine(image, scale, math.tan(math.radians(rng.uniform(-1, 1) * min(60.0, rule.shear_deg))))
    return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if rng.random() < rule.flip else image


def _affine(image: Image.Image, scale: float, slant: float) -> Image.Image:
    """Show ``scale`` times as much of a square, about its middle, and slant it; the edge goes on outside."""
    side = image.width
    reach = math.ceil(side / 2 * (scale * (1 + abs(slant)) - 1)) + 2
    pad = max(2, reach)
    wide = Image.fromarray(np.pad(np.asarray(image), ((pad, pad), (pad, pad), (0, 0)), mode="edge"))
    middle = side / 2
    left = middle * (1 - scale - scale * slant) + pad
    top = middle * (1 - scale) + pad
    matrix = (scale, scale * slant, left, 0.0, scale, top)
    return wide.transform(image.size, Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR)


def _crop_box(size: tuple[int, int], rule: AugmentRule, rng: np.random.Generator) -> tuple[float, float, float, float]:
    """A random rectangle inside the photo: area uniform, aspect ratio log-uniform."""
    width, height = size
    area = width * height * rng.uniform(rule.crop_area_min, 1.0)
    ratio = math.exp(rng.uniform(-1, 1) * math.log(rule.crop_ratio_max))
    crop_width, crop_height = min(width, math.sqrt(area * ratio)), min(height, math.sqrt(area / ratio))
    left, top = rng.uniform(0, width - crop_width), rng.uniform(0, height - crop_height)
    return left, top, left + crop_width, top + crop_height


def _colour(pixels: NDArray[np.float32], look: Look) -> NDArray[np.float32]:
    """Brightness, contrast, saturation, white balance and gamma; ``[H, W, 3]`` in 0..255."""
    grey = pixels @ np.array([0.299, 0.587, 0.114], np.float32)
    pixels = grey[..., None] + np.float32(look.saturation) * (pixels - grey[..., None])
    middle = np.float32(grey.mean())
    pixels = (pixels - middle) * np.float32(look.contrast) + middle * np.float32(look.brightness)
    pixels = pixels.clip(0, 255) * np.array(look.balance, np.float32)
    curved: NDArray[np.float32] = (255 * (pixels.clip(0, 255) / 255) ** np.float32(look.gamma)).astype(np.float32)
    return curved


def _erase(pixels: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Fill one rectangle of 2 to 20 % of the area with one random colour, in place."""
    side = pixels.shape[0]
    area = side * side * rng.uniform(0.02, 0.2)
    ratio = math.exp(rng.uniform(-1, 1))
    height, width = (min(side, max(1, int(math.sqrt(x)))) for x in (area * ratio, area / ratio))
    top, left = int(rng.integers(0, side - height + 1)), int(rng.integers(0, side - width + 1))
    pixels[top : top + height, left : left + width] = rng.uniform(0, 255, 3).astype(np.float32)
    return pixels


def _compress(image: Image.Image, quality: int) -> Image.Image:
    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer, formats=["JPEG"]).convert("RGB")
