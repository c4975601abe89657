"""A map of a photo, with what it speaks of, in; itself laid over the photo, as numbers and in notebooks, out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from flaneur import discover
from flaneur.explain.colours import coloured, muted
from flaneur.explain.evidence import Evidence
from flaneur.explain.faithfulness import Faithfulness
from flaneur.explain.square import Box, pixels, resized
from flaneur.types import City, Prediction

GRID = 28
"""Cells a side of the map in :meth:`Heatmap.to_dict`."""

_SHADED = 0.35
_BRIGHTEST = 99.5  # percent of the values that the colour scale spans; single points would dim all others


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
        """Where the colour scale ends, either way: 99.5 % of the values lie within. 0: nothing in the photo speaks."""
        size = np.abs(self.seen)
        return float(np.percentile(size, _BRIGHTEST)) or float(size.max())

    @property
    def seen(self) -> NDArray[np.float32]:
        """The values where the network looked."""
        left, top, right, bottom = pixels(self.box, (self.values.shape[1], self.values.shape[0]))
        return self.values[top:bottom, left:right]

    @property
    def peak(self) -> tuple[float, float]:
        """Where the photo speaks most for the city: shares of its width and height."""
        row, column = np.unravel_index(int(np.nanargmax(self.values)), self.values.shape)
        height, width = self.values.shape
        return (float(column) + 0.5) / width, (float(row) + 0.5) / height

    def cropped(self) -> Heatmap:
        """The same of that part of the photo alone that the network saw."""
        part = self.image.crop(pixels(self.box, self.image.size))
        return replace(self, values=self.seen, image=part, box=(0.0, 0.0, 1.0, 1.0))

    def overlay(self, image: Image.Image | None = None, alpha: float = 0.7) -> Image.Image:
        """The map in colours over the photo in grey; orange speaks for the city, blue against it.

        Args:
            image: in the photo's proportions, any size; the photo itself by default.
            alpha: how much of the photo the strongest colour hides, 0 to 1.

        Returns:
            RGB of the image's size; darker where the network did not look.
        """
        under = self.image if image is None else image.convert("RGB")
        base = muted(np.asarray(under))
        left, top, right, bottom = pixels(self.box, under.size)
        strength = resized(self.seen / np.float32(self.limit or 1), (right - left, bottom - top))
        mixed = base * _SHADED
        mixed[top:bottom, left:right] = coloured(base[top:bottom, left:right], strength, alpha)
        return Image.fromarray(np.rint(mixed).clip(0, 255).astype(np.uint8))

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
            "unit": discover.load("flaneur.explain.methods", self.method).UNIT,
            "peak": [round(share, 4) for share in self.peak],
            "box": [round(share, 4) for share in self.box],
            "map": self._cells(),
            "faithfulness": None if self.faithfulness is None else self.faithfulness.to_dict(),
            "evidence": None if self.evidence is None else self.evidence.to_dict(),
        }

    def _cells(self) -> list[list[float]]:
        cells = np.asarray(Image.fromarray(self.seen).resize((GRID, GRID), Image.Resampling.BOX), np.float64)
        return [[round(value, 6) for value in row] for row in cells.tolist()]

    def save(self, path: str | Path) -> Path:
        """Write the picture: photo, overlay, scale, cities, how far to trust it, evidence.

        Args:
            path: ends in ``.png`` or ``.jpg``; a file that is there is replaced.

        Raises:
            InputError: it cannot be written.
            UsageError: another ending.
        """
        from flaneur.explain.picture import save_picture

        return save_picture(self, Path(path))

    def _repr_html_(self) -> str:
        from flaneur.explain.picture import picture_html

        return picture_html(self)
