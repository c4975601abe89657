"""A target in; what each cell of the network's last feature map gives to the score, out. Without torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from flaneur.bundle.inference import Session, open_session
from flaneur.errors import FlaneurError, UsageError
from flaneur.explain.method_settings import read_settings
from flaneur.explain.target import Target, as_input
from flaneur.onnx_files import proto as onnx_proto
from flaneur.onnx_files.tail import tail, with_outputs

NEEDS = "feature_map"
UNIT = "log-odds that a cell of the last map adds"
_STEP = 0.05  # by how much a cell is scaled up and down
_BATCH = 64


@dataclass(frozen=True, slots=True)
class CamSettings:
    """There is nothing to set."""


SETTINGS = CamSettings


def explain(target: Target, settings: Mapping[str, Any]) -> NDArray[np.float32]:
    """A class activation map, for any pooling and any head.

    Each cell's features are scaled up and down a little, and the part of the network that follows is run again: the
    slope is the cell's features times the gradient there. Under mean pooling and a linear head that is the map of Zhou
    et al. exactly; under means and deviations it adds up to what the map gives to the score, as both grow in
    proportion. What other layers give to the embedding is held fixed, so it is not in the map.

    Args:
        target: what is asked.
        settings: none.

    Returns:
        ``[S, S]`` nats: the share of each cell of the map, drawn smooth over the square.

    Raises:
        UsageError: the model gives out no feature map that its answer depends on; or a setting, as there is none.

    Source:
        Zhou et al., *Learning Deep Features for Discriminative Localization*, CVPR 2016, equation 2; features times
        gradient at each cell: Draelos and Carin, *Use HiResCAM instead of Grad-CAM*, 2020, equation 4.
    """
    read_settings(SETTINGS, settings, "cam")
    if NEEDS not in target.outputs:
        raise UsageError(f"cam needs a feature map, and {target.model.name!r} gives out none. Try occlusion.")
    cells = cell_shares(target)
    size = (target.size_px, target.size_px)
    return np.asarray(Image.fromarray(cells.astype(np.float32)).resize(size, Image.Resampling.BILINEAR))


def cell_shares(target: Target) -> NDArray[np.float64]:
    """``[h, w]``: what each cell of the feature map gives to the score, in nats."""
    cut = _cut(target.model.bundle.model, target.model.name)
    image = as_input(target.picture(), target.spec)[None]
    features, *sides = cut.whole.run([cut.start, *cut.sides], {"image": image})
    if features.ndim != 4:
        raise UsageError(f"cam: the feature map of {target.model.name!r} is {features.shape}, not [1, K, h, w].")
    _, _, height, width = features.shape
    scores = [
        target.score_of(cut.logits(features * _scaled(cells, sign, (height, width)), sides))
        for sign in (1, -1)
        for cells in np.array_split(np.arange(height * width), -(-height * width // _BATCH))
    ]
    up, down = np.concatenate(scores).reshape(2, height, width)
    return np.asarray((up - down) / (2 * _STEP))


def _scaled(cells: NDArray[np.intp], sign: int, shape: tuple[int, int]) -> NDArray[np.float32]:
    """``[N, 1, h, w]``: ones, but for one cell each."""
    factors = np.ones((len(cells), shape[0] * shape[1]), np.float32)
    factors[np.arange(len(cells)), cells] += sign * _STEP
    return factors.reshape(-1, 1, *shape)


@dataclass(frozen=True, slots=True)
class _Cut:
    """A network cut at its feature map."""

    whole: Session
    rest: Session
    start: str
    sides: tuple[str, ...]

    def logits(self, features: NDArray[np.float32], sides: list[NDArray[np.float32]]) -> NDArray[np.float32]:
        """``[N, K, h, w]`` to ``[N, C]``; ``sides`` are of one photo."""
        round_it = {
            name: np.repeat(values, len(features), axis=0) for name, values in zip(self.sides, sides, strict=True)
        }
        made: NDArray[np.float32] = self.rest.run(["logits"], {self.start: features.astype(np.float32)} | round_it)[0]
        return made


@lru_cache(maxsize=2)
def _cut(model: bytes, name: str) -> _Cut:
    graph = onnx_proto.load(model)
    try:
        made = tail(graph, NEEDS)
        whole = open_session(onnx_proto.to_bytes(with_outputs(graph, (made.start, *made.sides))))
        return _Cut(whole, open_session(onnx_proto.to_bytes(made.model)), made.start, made.sides)
    except FlaneurError as error:
        raise UsageError(f"cam cannot be had of {name!r}: {error} Try occlusion.") from error
