"""A model in; the same network with random weights out, which answers but knows nothing: what maps are held against."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from flaneur.bundle.golden import draw_pictures
from flaneur.bundle.inference import run_batch
from flaneur.decode import decode
from flaneur.errors import InputError
from flaneur.onnx_files import proto as onnx_proto
from flaneur.onnx_files.redraw import redraw_weights
from flaneur.predict import Model
from flaneur.preprocess import preprocess

_TIMES = (1.0, 0.5, 2.0, 8.0)  # of the weights' own size: at the first a network may overflow, or fall silent
_LEAST_VARIED = 0.01
_PICTURES = 8


@lru_cache(maxsize=2)
def randomised(model: Model, seed: int = 0) -> Model | None:
    """The same network, all its weights drawn anew; the last two are kept.

    Random weights may make a network overflow, or say the same of every photo; then its maps would tell nothing. So the
    noise is as large as the weights (see :func:`flaneur.onnx_files.redraw.redraw_weights`) or, where answers to drawn
    pictures are not finite or differ among them by less than 1 % of their size, half, twice or eight times as large.
    The temperature then makes the answers differ as much as the model's own do.

    Args:
        model: whose network; it is not changed.
        seed: of the weights.

    Returns:
        A model of the same cities; ``None`` where none of these gives varied answers, or no weights are found.
    """
    graph, spread = onnx_proto.load(model.bundle.model), _spread(_answers(model))
    for times in _TIMES:
        try:
            drawn = redraw_weights(graph, np.random.default_rng(seed), times=times)
        except InputError:
            return None
        made = Model(replace(model.bundle, model=onnx_proto.to_bytes(drawn)))
        logits = _answers(made)
        if is_varied(logits):
            heat = model.card.temperature * _spread(logits) / max(spread, 1e-6)
            made.bundle = replace(made.bundle, card=replace(model.card, temperature=heat))
            return made
    return None


def is_varied(logits: NDArray[np.float64]) -> bool:
    """Whether a network tells pictures apart: finite answers that differ by at least 1 % of their size.

    Args:
        logits: ``[N, C]`` of N pictures.

    >>> is_varied(np.array([[1.0, 2.0], [2.0, 1.0]])), is_varied(np.array([[1.0, 2.0], [1.0, 2.0]]))
    (True, False)
    """
    if not np.isfinite(logits).all():
        return False
    return bool(_spread(logits) > _LEAST_VARIED * np.abs(logits).mean())


def _spread(logits: NDArray[np.float64]) -> float:
    """How much the differences between cities vary from picture to picture."""
    contrast = logits - logits.mean(axis=1, keepdims=True)
    return float(np.sqrt(contrast.var(axis=0).mean()))


def _answers(model: Model) -> NDArray[np.float64]:
    """``[N, C]`` logits of drawn pictures."""
    spec, pictures = model.card.preprocess, draw_pictures(_PICTURES).values()
    images = np.stack([preprocess(decode(data).image, spec) for data in pictures])
    return np.array([row["logits"] for row in run_batch(model.session(1), images, ["logits"])], np.float64)
