"""A model, and a photo, in; its first filters and what its layers hold for the photo, as sheets, out. Needs torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from flaneur.errors import UsageError, did_you_mean
from flaneur.explain.gradients.extra import need_torch
from flaneur.explain.sheet import FAINT, beside, framed, stacked, text
from flaneur.explain.target import Target
from flaneur.predict import Model, View, open_view

_WIDTH, _MARGIN, _GAP = 1000, 40, 10
_ABREAST = 8
_NEAREST = Image.Resampling.NEAREST


@dataclass(frozen=True, slots=True)
class Layer:
    """A map inside a network.

    Args:
        name: in its graph.
        channels: K.
        height: rows.
        width: columns.
    """

    name: str
    channels: int
    height: int
    width: int

    def __str__(self) -> str:
        """For people."""
        return f"{self.name}: {self.channels} channels of {self.height} x {self.width}"


@dataclass(frozen=True, eq=False)
class FeatureMaps:
    """What a network's layers hold for a photo.

    Args:
        model: its name.
        image: the square that the network saw.
        layers: input to output.
        values: ``[K, h, w]`` of each.
    """

    model: str
    image: Image.Image
    layers: tuple[Layer, ...]
    values: tuple[NDArray[np.float32], ...]

    def strongest(self, layer: int, count: int) -> list[int]:
        """Channels of a layer, by number from 0, whose values differ most from point to point; most first."""
        spread = self.values[layer].reshape(len(self.values[layer]), -1).std(axis=1)
        return [int(channel) for channel in np.argsort(-spread, kind="stable")[:count]]

    def sheet(self, count: int = _ABREAST) -> Image.Image:
        """The strongest channels of every layer, 1080 wide.

        Args:
            count: channels a layer.
        """
        photo = self.image.resize((240, 240))
        head = text(f"What {self.model} sees, layer by layer", _WIDTH - 240 - 28, 48, bold=True)
        blocks = [beside([photo, head], 28)]
        for number, layer in enumerate(self.layers):
            blocks.append(text(f"{number + 1}. {layer}", _WIDTH, 28))
            shown = self.strongest(number, count)
            blocks.append(_grid([(_bright(self.values[number][channel]), str(channel)) for channel in shown]))
        foot = (
            f"The {count} channels a layer that change most over the photo, each from its lowest value, black, to its"
        )
        blocks.append(
            text(f"{foot} highest, white; so two pictures cannot be compared in brightness.", _WIDTH, 26, FAINT)
        )
        return framed(stacked(blocks, 20), _MARGIN)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "model": self.model,
            "layers": [
                {
                    "name": layer.name,
                    "channels": layer.channels,
                    "height": layer.height,
                    "width": layer.width,
                    "strongest": self.strongest(number, _ABREAST),
                    "mean": round(float(values.mean()), 5),
                    "silent": round(float((np.ptp(values, axis=(1, 2)) < 1e-6).mean()), 4),
                }
                for number, (layer, values) in enumerate(zip(self.layers, self.values, strict=True))
            ],
        }


def first_filters(model: Model) -> NDArray[np.float32]:
    """The filters that look at the photo itself.

    Args:
        model: any whose network torch can follow.

    Returns:
        ``[K, h, w, 3]``: what a unit of red, green and blue adds, at each point.

    Raises:
        UsageError: no torch, or no convolution looks at colours.
    """
    need_torch("showing filters")
    from flaneur.explain.gradients.maps import first_weights

    return np.ascontiguousarray(first_weights(model).transpose(0, 2, 3, 1))


def filters_sheet(model: Model) -> Image.Image:
    """The first filters, 1080 wide: grey adds nothing, each filter reaches to the end of the scale."""
    weights = first_filters(model)
    limits = np.maximum(np.abs(weights).max(axis=(1, 2, 3), keepdims=True), np.float32(1e-12))
    tiles = np.rint(127.5 + 127.5 * weights / limits).astype(np.uint8)
    grid = _grid([(Image.fromarray(tile), str(number)) for number, tile in enumerate(tiles)])
    head = text(f"First filters of {model.name}", _WIDTH, 48, bold=True)
    size = f"{len(tiles)} filters of {tiles.shape[1]} x {tiles.shape[2]} pixels."
    foot = f"{size} Brighter than grey in a colour: that colour raises the filter there. Each on a scale of its own."
    return framed(stacked([head, grid, text(foot, _WIDTH, 26, FAINT)], 20), _MARGIN)


def layers(model: Model) -> tuple[Layer, ...]:
    """The last map of every size that all the rest is computed from, input to output.

    Args:
        model: any whose network torch can follow.

    Raises:
        UsageError: no torch, or the network has no maps.
    """
    found, stages = _maps(model)
    if not stages:
        raise UsageError(f"the network of {model.name!r} computes no maps with rows and columns.")
    return tuple(found[name] for name in {(found[name].height, found[name].width): name for name in stages}.values())


def layer_of(model: Model, name: str) -> Layer:
    """A layer by its number among :func:`layers`, from 1, or by its name in the graph.

    Raises:
        UsageError: there is none.
    """
    found, known = _maps(model)[0], layers(model)
    if name.isdecimal() and 1 <= int(name) <= len(known):
        return known[int(name) - 1]
    if name not in found:
        listed = ", ".join(f"{number} ({layer.name})" for number, layer in enumerate(known, start=1))
        raise UsageError(f"no layer {name!r} in {model.name!r}.{did_you_mean(name, found)} It has {listed}.")
    return found[name]


def feature_maps(model: Model, photo: View) -> FeatureMaps:
    """What every layer of a network holds for a photo.

    Args:
        model: any whose network torch can follow.
        photo: a path, bytes or picture.

    Raises:
        PhotoError: the photo cannot be read.
        UsageError: no torch, or the network has no maps.
    """
    known = layers(model)
    from flaneur.explain.gradients.maps import map_values

    asked = Target(model, open_view(photo, model.card.preprocess).image, 0)
    values = map_values(asked, [layer.name for layer in known])
    square = Image.fromarray(np.rint(asked.picture() * 255).astype(np.uint8))
    return FeatureMaps(model.name, square, known, tuple(values))


def _maps(model: Model) -> tuple[dict[str, Layer], list[str]]:
    need_torch("showing layers")
    from flaneur.explain.gradients.maps import map_shapes

    side = model.card.preprocess.size_px
    shapes, stages = map_shapes(Target(model, Image.new("RGB", (side, side), (128, 128, 128)), 0))
    return {name: Layer(name, *shape) for name, shape in shapes.items()}, stages


def _bright(values: NDArray[np.float32]) -> Image.Image:
    low, span = values.min(), max(float(np.ptp(values)), 1e-12)
    return Image.fromarray(np.rint(255 * (values - low) / span).astype(np.uint8)).convert("RGB")


def _grid(tiles: list[tuple[Image.Image, str]]) -> Image.Image:
    """Small pictures with a word below each, pixel by pixel, eight abreast."""
    side = (_WIDTH - _GAP * (_ABREAST - 1)) // _ABREAST
    cells = [stacked([tile.resize((side, side), _NEAREST), text(word, side, 22, FAINT)], 2) for tile, word in tiles]
    return stacked([beside(cells[start : start + _ABREAST], _GAP) for start in range(0, len(cells), _ABREAST)], _GAP)
