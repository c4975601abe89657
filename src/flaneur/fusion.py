"""Logits of several views of one place in; one answer for the place out. The same arithmetic for every user of it.

Every fusion is a weighted geometric mean of the views' probabilities, renormalised: ``softmax(sum_v w_v z_v / T)`` for
views with logits ``z_v`` and weights ``w_v`` that sum to 1. Only the weights differ:

- ``mean_log_probability``: all alike.
- ``mean_logits``: all alike; paper 002's average of the network's outputs. Log probabilities are logits minus one
  number a view, which renormalising takes away again, so a finished model answers as by ``mean_log_probability``. The
  two differ only in training, where that number is part of the loss of views taken singly, not of that on their mean.
- ``confidence``: ``1 - H(p_v) / log C``, with H the entropy of ``p_v = softmax(z_v / T)``: a view that could be
  anywhere has no say.
- ``attention``: ``softmax_v(a_v)`` of a score that was learnt, linear in the embedding.

A single view's answer is the same by all of them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from flaneur.errors import UsageError, did_you_mean

FUSIONS = ("mean_log_probability", "mean_logits", "confidence", "attention")
OWN_FUSION = "mean_log_probability"
"""What a model does that says nothing else."""

Floats = NDArray[np.float64]


def fuse(
    logits: NDArray[np.floating[Any]],
    fusion: str = OWN_FUSION,
    *,
    temperature: float = 1.0,
    attention: NDArray[np.floating[Any]] | None = None,
) -> Floats:
    """The views of one place to one answer.

    Args:
        logits: ``[V, C]``, one row a view.
        fusion: one of :data:`FUSIONS`.
        temperature: that logits are divided by before the softmax.
        attention: ``[V]`` learnt scores, for ``attention``.

    Returns:
        ``[C]`` log probabilities.

    Raises:
        UsageError: no such fusion, or ``attention`` without scores.

    Source:
        ``mean_logits``: paper 002 (three headings of one place, loss on the averaged output). ``confidence``: entropy
        weighting, after Kuncheva, *Combining Pattern Classifiers*, 2004, with weights from the views themselves.
        ``attention``: Ilse, Tomczak and Welling, *Attention-based Deep Multiple Instance Learning*, ICML 2018, with a
        linear score; pooling embeddings under a linear head is pooling its logits.

    >>> sure, blind = [4.0, 0.0], [0.0, 0.2]
    >>> np.exp(fuse(np.array([sure, blind]), "mean_logits")).round(2).tolist()
    [0.87, 0.13]
    >>> np.exp(fuse(np.array([sure, blind]), "confidence")).round(2).tolist()
    [0.98, 0.02]
    """
    one_place = np.zeros(len(logits), np.intp)
    return np.asarray(fuse_places(logits, one_place, fusion, temperature=temperature, attention=attention)[0])


def fuse_places(
    logits: NDArray[np.floating[Any]],
    places: NDArray[np.intp],
    fusion: str = OWN_FUSION,
    *,
    temperature: float = 1.0,
    attention: NDArray[np.floating[Any]] | None = None,
) -> Floats:
    """Many places at once; see :func:`fuse`.

    Args:
        logits: ``[N, C]``, one row a view.
        places: ``[N]`` the place of each view, 0 to P - 1, each of them used.
        fusion: one of :data:`FUSIONS`.
        temperature: that logits are divided by before the softmax.
        attention: ``[N]`` learnt scores, for ``attention``.

    Returns:
        ``[P, C]`` log probabilities.
    """
    weights = view_weights(logits, places, fusion, temperature=temperature, attention=attention)
    logs = log_softmax(np.asarray(logits, np.float64) / temperature)
    total = np.zeros((int(places.max(initial=-1)) + 1, logs.shape[1]))
    np.add.at(total, places, weights[:, None] * logs)
    return log_softmax(total)


def view_weights(
    logits: NDArray[np.floating[Any]],
    places: NDArray[np.intp],
    fusion: str = OWN_FUSION,
    *,
    temperature: float = 1.0,
    attention: NDArray[np.floating[Any]] | None = None,
) -> Floats:
    """``[N]`` how much each view counts; those of one place sum to 1. See :func:`fuse_places`."""
    match fusion:
        case "mean_log_probability" | "mean_logits":
            raw = np.ones(len(places))
        case "confidence":
            raw = _confidence(log_softmax(np.asarray(logits, np.float64) / temperature))
        case "attention":
            if attention is None or np.isnan(attention).any():
                raise UsageError("fusion by attention needs the attention score of every view; this model has none.")
            highest = np.full(int(places.max(initial=-1)) + 1, -np.inf)
            np.maximum.at(highest, places, np.asarray(attention, np.float64))
            raw = np.exp(np.asarray(attention, np.float64) - highest[places])
        case _:
            raise UsageError(unknown_fusion(fusion))
    count = np.bincount(places).astype(np.float64)
    total = np.bincount(places, raw)
    alike = 1 / count[places]
    return np.where(total[places] > 0, raw / np.where(total > 0, total, 1.0)[places], alike)


def unknown_fusion(fusion: str) -> str:
    """What to say of a name that no fusion has."""
    return f"no fusion {fusion!r}.{did_you_mean(fusion, FUSIONS)} There are: {', '.join(FUSIONS)}."


def log_softmax(scores: NDArray[np.floating[Any]]) -> Floats:
    """Scores to log probabilities, along the last axis.

    >>> np.exp(log_softmax(np.array([[0.0, np.log(3.0)]]))).round(2).tolist()
    [[0.25, 0.75]]
    """
    shifted = np.asarray(scores, np.float64)
    shifted = shifted - shifted.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))


def _confidence(logs: Floats) -> Floats:
    """``[N]`` 1 - entropy / log C, 0 to 1; 1 where there is but one city."""
    cities = logs.shape[1]
    if cities < 2:
        return np.ones(len(logs))
    entropy = -(np.exp(logs) * logs).sum(axis=1)
    return np.asarray(np.clip(1 - entropy / np.log(cities), 0.0, 1.0))
