"""Heads in; their logits, several heads of one encoder as one, and heads of several encoders as one, out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flaneur.errors import InputError
from flaneur.fusion import log_softmax
from flaneur.onnx_files.heads import Head, HeadParams, MlpParams, NeighbourParams, PrototypeParams


def head_logits(params: Head, embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
    """``[N, D]`` embeddings to ``[N, C]`` logits: what the exported graph computes, in numpy."""
    match params:
        case HeadParams():
            return np.asarray(embeddings @ params.weight + params.bias, np.float32)
        case MlpParams():
            return head_logits(params.outer, np.maximum(head_logits(params.inner, embeddings), 0))
        case PrototypeParams():
            unit = unit_rows((embeddings - params.mean) / params.spread)
            return np.asarray(params.scale * unit @ params.prototypes.T, np.float32)
        case NeighbourParams():
            return _votes(params, embeddings)


def unit_rows(rows: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """Rows of length 1; a row of zeros stays."""
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12), np.float32)


def _votes(params: NeighbourParams, embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
    cosines = unit_rows((embeddings - params.mean) @ params.projection) @ params.references.T
    k = min(params.k, cosines.shape[1])
    index = np.argpartition(-cosines, k - 1, axis=1)[:, :k]
    logs = np.take_along_axis(cosines, index, axis=1) / params.warmth + params.log_weights[index]
    votes = np.exp(log_softmax(logs))
    shares = np.stack([(votes * (params.labels[index] == city)).sum(axis=1) for city in range(params.cities)], axis=1)
    return np.asarray(np.log((1 - params.floor) * shares + params.floor / params.cities), np.float32)


def blend(one: HeadParams, other: HeadParams, embeddings: NDArray[np.float32]) -> HeadParams:
    """Two heads of one encoder as one: the mean of their logits, each in units of its own spread.

    Heads that were trained differently err differently, and two linear layers add up to a linear layer.

    Args:
        one: for instance fitted to photos as they are.
        other: for instance trained along with the encoder, on photos in many variants; same cities, same order.
        embeddings: ``[N, D]`` on which the spread is measured.
    """
    return _mean([one, other], [_spread(head, embeddings) for head in (one, other)])


def join_heads(heads: Sequence[HeadParams], embeddings: NDArray[np.float32] | None = None) -> HeadParams:
    """Heads of encoders that stand side by side as one head of the joined embedding.

    Its logits are the mean of theirs, each in units of its own spread and the whole in the first one's unit, so that
    temperatures and energies keep their usual size.

    Args:
        heads: one for each encoder, in the order in which they were joined; same cities, same order.
        embeddings: ``[N, sum of D]`` joined, on which the spreads are measured; without them they count as equal.

    Raises:
        InputError: no head, heads of different cities, or embeddings of another width.

    >>> one = HeadParams(np.array([[1.0, -1.0]], np.float32), np.zeros(2, np.float32))
    >>> both = join_heads([one, HeadParams(10 * one.weight, one.bias)], np.array([[1.0, 1.0], [2.0, 2.0]], np.float32))
    >>> both.weight.round(2).tolist()
    [[0.5, -0.5], [0.5, -0.5]]
    """
    if not heads or len({len(head.bias) for head in heads}) > 1:
        raise InputError(f"heads to join must tell the same cities apart, not {[len(head.bias) for head in heads]}.")
    widths = [len(head.weight) for head in heads]
    if embeddings is not None and embeddings.shape[1] != sum(widths):
        raise InputError(f"joined heads expect embeddings of {sum(widths)} numbers, not {embeddings.shape[1]}.")
    starts = np.cumsum([0, *widths])
    wide = [_padded(head, int(start), int(starts[-1])) for head, start in zip(heads, starts[:-1], strict=True)]
    spreads = [1.0] * len(wide) if embeddings is None else [_spread(head, embeddings) for head in wide]
    return _mean(wide, spreads)


def _padded(head: HeadParams, start: int, width: int) -> HeadParams:
    weight = np.zeros((width, len(head.bias)), np.float32)
    weight[start : start + len(head.weight)] = head.weight
    return HeadParams(weight, head.bias)


def _spread(head: HeadParams, embeddings: NDArray[np.float32]) -> float:
    return max(float(head_logits(head, embeddings).std()), 1e-6)


def _mean(heads: Sequence[HeadParams], spreads: Sequence[float]) -> HeadParams:
    """The mean of logits in units of ``spreads``, back in the first head's unit."""
    shares = [spreads[0] / spread / len(heads) for spread in spreads]
    weight = sum(share * head.weight for head, share in zip(heads, shares, strict=True))
    bias = sum(share * head.bias for head, share in zip(heads, shares, strict=True))
    return HeadParams(np.asarray(weight, np.float32), np.asarray(bias, np.float32))
