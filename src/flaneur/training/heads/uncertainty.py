"""Heads and embeddings in; several opinions of each photo, their mean, and how far they disagree, out.

Two ways to more than one opinion, both from cached embeddings and so in seconds: dropout at prediction (MC dropout),
and an ensemble. What they are worth beside a temperature is measured in ``docs/explanation/uncertainty.md``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from flaneur.errors import UsageError
from flaneur.fusion import log_softmax
from flaneur.onnx_files.heads import Head, HeadParams
from flaneur.training.heads.cross_validation import one_blas_thread
from flaneur.training.heads.logistic import fit_strength
from flaneur.training.heads.logits import head_logits

Floats = NDArray[np.float64]


def dropout_opinions(
    head: HeadParams,
    embeddings: NDArray[np.float32],
    *,
    centre: NDArray[np.float32],
    rate: float,
    samples: int = 50,
    seed: int = 0,
) -> Floats:
    """Probabilities under random dropout of the embedding: MC dropout on the head.

    Dropped numbers become those of an average photo, the others grow by ``1 / (1 - rate)``: what dropout between a
    standardisation and the linear layer does in training.

    Args:
        head: linear.
        embeddings: ``[N, D]``.
        centre: ``[D]`` mean embedding of the training photos.
        rate: share of numbers dropped, 0 to below 1.
        samples: T.
        seed: of what is dropped; the same for every photo alone or among others.

    Returns:
        ``[T, N, C]``.

    Raises:
        UsageError: a rate or a number of samples that makes no sense.

    Source:
        Gal and Ghahramani, *Dropout as a Bayesian Approximation*, ICML 2016.

    >>> head = HeadParams(np.eye(2, dtype=np.float32), np.zeros(2, np.float32))
    >>> photo, centre = np.array([[2.0, 0.0]], np.float32), np.zeros(2, np.float32)
    >>> dropout_opinions(head, photo, centre=centre, rate=0.5, samples=3).round(2)[:, 0, 0].tolist()
    [0.98, 0.5, 0.98]
    """
    if not 0 <= rate < 1 or samples < 1:
        raise UsageError(f"dropout needs a rate from 0 to below 1 and a sample or more, not {rate} and {samples}.")
    offset = np.asarray(embeddings - centre, np.float32)
    base = head_logits(head, centre[None])
    rng = np.random.default_rng(seed)
    opinions = []
    for _ in range(samples):
        kept = np.asarray(rng.random(offset.shape[1]) >= rate, np.float32) / np.float32(1 - rate)
        opinions.append(np.exp(log_softmax(base + (offset * kept) @ head.weight)))
    return np.stack(opinions)


def opinions_of(heads: Sequence[Head], embeddings: NDArray[np.float32]) -> Floats:
    """Probabilities by each member of an ensemble, ``[M, N, C]``; members tell the same cities apart.

    Source:
        Lakshminarayanan, Pritzel and Blundell, *Simple and Scalable Predictive Uncertainty Estimation using Deep
        Ensembles*, NeurIPS 2017.
    """
    return np.stack([np.exp(log_softmax(head_logits(head, embeddings))) for head in heads])


def bootstrapped_heads(
    embeddings: NDArray[np.float32],
    cities: Sequence[str],
    places: Sequence[str],
    *,
    strength: float,
    members: int = 10,
    seed: int = 0,
) -> list[HeadParams]:
    """Logistic heads, each fitted to places drawn with replacement, as many of each city as it has.

    Args:
        embeddings: ``[N, D]`` of the training photos.
        cities: ``[N]`` slugs.
        places: ``[N]`` of each photo.
        strength: of the penalty; see :class:`flaneur.training.heads.rule.HeadRule`.
        members: how many.
        seed: of the draws.
    """
    names = np.asarray(cities)
    rng = np.random.default_rng(seed)
    with one_blas_thread():
        draws = [_drawn_places(names, np.asarray(places), rng) for _ in range(members)]
        return [fit_strength(embeddings[rows], names[rows], strength) for rows in draws]


def _drawn_places(cities: NDArray[np.str_], places: NDArray[np.str_], rng: np.random.Generator) -> NDArray[np.intp]:
    rows: list[NDArray[np.intp]] = []
    for city in np.unique(cities):
        own = np.flatnonzero(cities == city)
        names, number = np.unique(places[own], return_inverse=True)
        rows += [own[number == place] for place in rng.integers(0, len(names), len(names))]
    return np.concatenate(rows)


def mean_log_probability(opinions: Floats) -> Floats:
    """``[S, N, C]`` opinions to the log of their mean probability, ``[N, C]``."""
    return np.asarray(np.log(np.maximum(opinions.mean(axis=0), 1e-30)))


def mutual_information(opinions: Floats) -> Floats:
    """How far opinions disagree: entropy of their mean minus mean of their entropies, in nats.

    Args:
        opinions: ``[S, N, C]`` probabilities.

    Returns:
        ``[N]``, 0 where all agree, however unsure each is; at most log S.

    Source:
        Houlsby et al., *Bayesian Active Learning for Classification and Preference Learning*, 2011.

    >>> agree, differ = [[0.5, 0.5]] * 2, [[1.0, 0.0], [0.0, 1.0]]
    >>> mutual_information(np.array([agree, differ]).swapaxes(0, 1)).round(3).tolist()
    [0.0, 0.693]
    """
    disagreement = _entropy(opinions.mean(axis=0)) - _entropy(opinions).mean(axis=0)
    return np.asarray(np.maximum(disagreement, 0.0), np.float64)


def _entropy(probability: Floats) -> Floats:
    return np.asarray(-(probability * np.log(np.maximum(probability, 1e-30))).sum(axis=-1))
