"""A map of a photo, with what it speaks of, in; itself laid over the photo, as numbers and in notebooks, out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from flaneur.explain.evidence import Evidence
from flaneur.explain.faithfulness import Faithfulness
from flaneur.types import City, Prediction

GRID = 28
"""Cells a side of the map in :meth:`Heatmap.to_dict`."""

Box = tuple[float, float, float, float]
_LONGEST_PX = 4096
# Dark blue to bright orange: told apart by the colour-blind, and by lightness where there is no colour.
AGAINST, FOR = (23, 64, 154), (255, 143, 0)
_GREYED, _SHADED = 0.75, 0.35


@dataclass(frozen=True)
class Heatmap:
    """What in a photo speaks for a city; made by :func:`flaneur.explain.run.explain`.

    Args:
        values: ``[h, w]`` in the photo's proportions: above 0 speaks for the city, below 0 against it; not a number
            where the network did not look.
        image: the photo, RGB, large enough to look at.
        box: what the network saw of it: left, top, right, bottom as shares of its width and height.
        city: that is spoken for.
        against: that is spoken against; ``None``: all others together.
        method: a name of :mod:`flaneur.explain.methods`.
        settings: of the method, as far as they were given.
        score: log-odds of the city for the whole photo, in nats; see :func:`flaneur.explain.target.score`.
        prediction: the model's answer.
        faithfulness: how far to trust the map; ``None``: not measured.
        evidence: nearest known photos; ``None``: not looked for.
    """

    values: NDArray[np.float32] = field(repr=False)
    image: Image.Image = field(repr=False)
    box: Box
    city: City
    against: City | None
    method: str
    settings: Mapping[str, Any]
    score: float
    prediction: Prediction
    faithfulness: Faithfulness | None = None
    evidence: Evidence | None = None

    @cached_property
    def limit(self) -> float:
        """The largest value, either way: the end of the colour scale. 0 where nothing in the photo speaks."""
        seen = np.abs(self.values[np.isfinite(self.values)])
        return float(seen.max()) if seen.size else 0.0

    @property
    def peak(self) -> tuple[float, float]:
        """Where the photo speaks most for the city: shares of its width and height."""
        row, column = np.unravel_index(int(np.nanargmax(self.values)), self.values.shape)
        height, width = self.values.shape
        return (float(column) + 0.5) / width, (float(row) + 0.5) / height

    def overlay(self, image: Image.Image | None = None, alpha: float = 0.8) -> Image.Image:
        """The map in colours over the photo in grey; orange speaks for the city, blue against it.

        Args:
            image: in the photo's proportions, any size; the photo itself by default.
            alpha: how much of the photo the strongest colour hides, 0 to 1.

        Returns:
            RGB of the image's size; darker where the network did not look.
        """
        under = self.image if image is None else image.convert("RGB")
        grey = np.asarray(under.convert("L"), np.float32)[..., None]
        base = _GREYED * grey + (1 - _GREYED) * np.asarray(under, np.float32)
        strength = _resized(np.nan_to_num(self.values / (self.limit or 1.0)), under.size)[..., None]
        colour = np.where(strength > 0, np.float32(FOR), np.float32(AGAINST))
        weight = np.clip(np.abs(strength), 0, 1) * alpha
        mixed = base * (1 - weight) + colour * weight
        left, top, right, bottom = pixels(self.box, under.size)
        light = np.full((under.height, under.width, 1), _SHADED, np.float32)
        light[top:bottom, left:right] = 1
        return Image.fromarray(np.rint(mixed * light).clip(0, 255).astype(np.uint8))

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; the map as means of cells, as fine as most methods see."""
        return {
            "photo": self.prediction.photo,
            "model": self.prediction.model,
            "city": self.city.slug,
            "against": None if self.against is None else self.against.slug,
            "method": self.method,
            "settings": dict(self.settings),
            "score": round(self.score, 4),
            "prediction": self.prediction.to_dict(),
            "limit": round(self.limit, 6),
            "peak": [round(share, 4) for share in self.peak],
            "box": [round(share, 4) for share in self.box],
            "map": self._cells(),
            "faithfulness": None if self.faithfulness is None else self.faithfulness.to_dict(),
            "evidence": None if self.evidence is None else self.evidence.to_dict(),
        }

    def _cells(self) -> list[list[float]]:
        height, width = self.values.shape
        left, top, right, bottom = pixels(self.box, (width, height))
        seen = Image.fromarray(self.values[top:bottom, left:right])
        cells = np.asarray(seen.resize((GRID, GRID), Image.Resampling.BOX), np.float64)
        return [[round(value, 6) for value in row] for row in cells.tolist()]

    def _repr_html_(self) -> str:
        from flaneur.explain.picture import heatmap_html

        return heatmap_html(self)


def spread(square: NDArray[np.float32], box: Box, size: tuple[int, int]) -> NDArray[np.float32]:
    """A map of the square that a network saw, put where the square lies in the photo.

    Args:
        square: ``[S, S]``.
        box: of the square in the photo; see :attr:`flaneur.explain.target.Target.box`.
        size: width and height of the photo; only their proportion matters.

    Returns:
        ``[h, w]`` in that proportion, not a number beside the box; inside as fine as the square, unless the photo is so
        long that the whole would be wider than 4096.

    >>> spread(np.ones((4, 4), np.float32), (0.25, 0.0, 0.75, 1.0), (200, 100))[0]
    array([nan, nan,  1.,  1.,  1.,  1., nan, nan], dtype=float32)
    """
    side = len(square)
    scale = min(side / min(size), _LONGEST_PX / max(size))
    width, height = (max(1, round(length * scale)) for length in size)
    left, top, right, bottom = pixels(box, (width, height))
    values = np.full((height, width), np.nan, np.float32)
    values[top:bottom, left:right] = _resized(square, (right - left, bottom - top))
    return values


def pixels(box: Box, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """A box of shares in whole pixels of a picture; at least one each way.

    >>> pixels((0.125, 0.0, 0.875, 1.0), (400, 300))
    (50, 0, 350, 300)
    """
    width, height = size
    left, top = round(box[0] * width), round(box[1] * height)
    return left, top, max(left + 1, round(box[2] * width)), max(top + 1, round(box[3] * height))


def _resized(values: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    return np.asarray(Image.fromarray(values).resize(size, Image.Resampling.BILINEAR), np.float32)
