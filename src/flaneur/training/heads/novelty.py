"""Embeddings of known cities in; the parameters of a score of strangeness out, and the score itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from flaneur.errors import UsageError, did_you_mean
from flaneur.onnx_files.graph import NOVELTY_METHODS, Head, NoveltyParams
from flaneur.training.heads.calibrate import log_softmax
from flaneur.training.heads.cross_validation import one_blas_thread
from flaneur.training.heads.logits import head_logits
from flaneur.training.heads.logits import unit_rows as unit_rows

_BY_DISTANCE = ("neighbours", "combined")
_MOST_DIRECTIONS = 768  # the time to whiten grows with their cube: of 4,000, minutes for each world


@dataclass(frozen=True, slots=True)
class NoveltyRule:
    """How novelty is measured.

    Args:
        methods: to compare, of ``max_probability``, ``energy``, ``neighbours``, ``combined``.
        columns: how many of the embedding's first numbers neighbours are looked for in; 0 is all. With pooled stages
            the first come from the earliest stage, which fine-tuning on a few cities has narrowed least.
        dims: of the space in which neighbours are looked for, at most.
        references: known photos kept for that, at most; cities count alike.
        k: nearest references that count.
        worlds: times that cities are played unknown, at most, for cities and for projects each.
        photos: training photos that such a game uses, at most.
        seed: of what is left out where there are more.
    """

    methods: tuple[str, ...] = NOVELTY_METHODS
    columns: int = 0
    dims: int = 64
    references: int = 1500
    k: int = 5
    worlds: int = 12
    photos: int = 4000
    seed: int = 0

    def __post_init__(self) -> None:
        for method in self.methods:
            if method not in NOVELTY_METHODS:
                raise UsageError(f"novelty.methods: there is no {method!r}.{did_you_mean(method, NOVELTY_METHODS)}")
        if (
            not self.methods
            or self.columns < 0
            or min(self.dims, self.references, self.k, self.worlds, self.photos) < 1
        ):
            raise UsageError(
                "novelty: name at least one method; dims, references, k, worlds and photos must be 1 or more."
            )


@dataclass(frozen=True, slots=True)
class Labelled:
    """Embeddings with what is known of their photos.

    Args:
        embeddings: ``[N, D]``.
        cities: ``[N]`` slugs.
        projects: ``[N]`` collection or camera campaign, empty where unknown.
    """

    embeddings: NDArray[np.float32]
    cities: NDArray[np.str_]
    projects: NDArray[np.str_]

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> Labelled:
        """Some of the rows."""
        return Labelled(self.embeddings[rows], self.cities[rows], self.projects[rows])


def fit_novelty(
    train: Labelled, method: str, rule: NoveltyRule, *, head: Head, temperature: float, known: NDArray[np.float32]
) -> NoveltyParams:
    """The parameters of one method.

    ``neighbours`` looks at photos in a space where the differences within cities are alike in every direction
    (Ledoit-Wolf covariance of the residuals, whitened) and only the ``dims`` widest directions are kept. ``combined``
    adds energy to it, each measured in its own spread.

    Args:
        train: photos that the head was trained on.
        method: one of ``NOVELTY_METHODS``.
        rule: sizes.
        head: as trained.
        temperature: of its logits.
        known: ``[M, D]`` embeddings of the same cities at other places: their spread is the unit of ``combined``.
    """
    with one_blas_thread():
        return fit_methods([method], train, rule, head=head, temperature=temperature, known=known)[method]


def fit_methods(
    methods: Sequence[str],
    train: Labelled,
    rule: NoveltyRule,
    *,
    head: Head,
    temperature: float,
    known: NDArray[np.float32],
) -> dict[str, NoveltyParams]:
    """Parameters by method; what neighbours and combined share is computed once."""
    made = {method: NoveltyParams(method, temperature) for method in methods if method not in _BY_DISTANCE}
    if len(made) == len(methods):
        return made
    near = _fit_neighbours(train, rule, temperature)
    if "neighbours" in methods:
        made["neighbours"] = near
    if "combined" in methods:
        distances, energies = _neighbour_distance(near, known), _energy(head_logits(head, known), temperature)
        weight = float(distances.std() / max(float(energies.std()), 1e-6))
        made["combined"] = replace(near, method="combined", energy_weight=weight)
    return made


def _fit_neighbours(train: Labelled, rule: NoveltyRule, temperature: float) -> NoveltyParams:
    X = np.asarray(train.embeddings[:, : rule.columns or None], np.float32)
    mean = X.mean(axis=0, dtype=np.float64).astype(np.float32)
    projection = half(whitening(X - mean, train.cities, rule.dims))
    chosen = sample_evenly(train.cities, rule.references, rule.seed)
    references = half(unit_rows((X[chosen] - mean) @ projection))
    return NoveltyParams("neighbours", temperature, mean, projection, references, rule.k)


def novelty_scores(
    params: NoveltyParams, embeddings: NDArray[np.float32], logits: NDArray[np.float32]
) -> NDArray[np.float32]:
    """What the exported graph computes, in numpy: ``[N]``, higher is stranger.

    >>> even, sure = np.zeros((1, 2), np.float32), np.array([[50.0, 0.0]], np.float32)
    >>> novelty_scores(NoveltyParams("max_probability"), even, even).tolist()
    [0.5]
    >>> novelty_scores(NoveltyParams("energy"), sure, sure).tolist()
    [-50.0]
    """
    match params.method:
        case "max_probability":
            return np.asarray(1 - np.exp(log_softmax(logits / params.temperature).max(axis=1)), np.float32)
        case "energy":
            return _energy(logits, params.temperature)
        case "neighbours":
            return _neighbour_distance(params, embeddings)
        case "combined":
            energy = _energy(logits, params.temperature)
            return np.asarray(_neighbour_distance(params, embeddings) + params.energy_weight * energy, np.float32)
        case _:
            raise UsageError(f"no novelty method {params.method!r}.{did_you_mean(params.method, NOVELTY_METHODS)}")


def half(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rounded to what float16 can hold, as the graph stores it, so that both compute the same."""
    return values.astype(np.float16).astype(np.float32)


def ledoit_wolf(residuals: NDArray[np.floating]) -> NDArray[np.float64]:
    """Covariance ``[D, D]`` of centred rows ``[N, D]``, drawn toward the identity as far as the data are few.

    Source:
        O. Ledoit and M. Wolf, *A well-conditioned estimator for large-dimensional covariance matrices*, 2004; one
        matrix product instead of scikit-learn's passes over blocks.
    """
    n, d = residuals.shape
    sample = np.asarray(residuals.T @ residuals, np.float64) / n
    fourth = float((np.square(residuals, dtype=np.float64).sum(axis=1) ** 2).sum())
    scale = float(np.trace(sample)) / d
    squared = float((sample**2).sum())
    spread = squared / d - scale**2
    noise = (fourth / n - squared) / (d * n)
    shrinkage = 1.0 if spread <= 0 else min(1.0, max(0.0, noise / spread))
    return np.asarray((1 - shrinkage) * sample + shrinkage * scale * np.eye(d), np.float64)


def whitening(centred: NDArray[np.float32], cities: NDArray[np.str_], dims: int) -> NDArray[np.float32]:
    """``[D, P]``: raw, centred embeddings to the widest directions of the within-city-whitened space.

    Of embeddings wider than 768, as several encoders side by side make them, the 768 widest directions count.

    Args:
        centred: ``[N, D]``.
        cities: ``[N]``.
        dims: P, at most.
    """
    spread = centred.std(axis=0, dtype=np.float64)
    scale = np.where(spread > 1e-6 * max(float(spread.max()), 1e-12), 1 / np.maximum(spread, 1e-12), 0.0)
    Z = np.asarray(centred * scale, np.float32)
    basis = _widest(Z)
    Z = Z if basis is None else Z @ basis
    names, labels = np.unique(cities, return_inverse=True)
    middles = np.stack([Z[labels == label].mean(axis=0) for label in range(len(names))])
    values, vectors = np.linalg.eigh(ledoit_wolf(Z - middles[labels]))
    floor = max(float(values.max()) * 1e-9, 1e-12)
    whiten = vectors / np.sqrt(np.maximum(values, floor))
    A = Z @ whiten.astype(np.float32)
    _, directions = np.linalg.eigh(np.asarray(A.T @ A, np.float64))
    widest = whiten @ directions[:, ::-1][:, : min(dims, len(directions))]
    projection = scale[:, None] * (widest if basis is None else basis @ widest)
    # cosines do not mind its size, and float16 holds no more than 65,504
    return np.asarray(projection / max(float(np.abs(projection).max()), 1e-12), np.float32)


def _widest(Z: NDArray[np.float32]) -> NDArray[np.float32] | None:
    """``[D, R]``: the directions in which the rows spread most; nothing where all of them count."""
    rows, width = Z.shape
    if width <= _MOST_DIRECTIONS:
        return None
    from scipy.linalg import eigh

    count, tall = min(rows, _MOST_DIRECTIONS), rows > width
    gram = np.asarray(Z.T @ Z if tall else Z @ Z.T, np.float64)
    _, vectors = eigh(gram, subset_by_index=(len(gram) - count, len(gram) - 1))
    spanning = vectors if tall else Z.T @ vectors
    lengths = np.linalg.norm(spanning, axis=0)
    real = lengths > 1e-6 * lengths.max()
    return np.asarray(spanning[:, real] / lengths[real], np.float32)


def _energy(logits: NDArray[np.float32], temperature: float) -> NDArray[np.float32]:
    cooled = logits / temperature
    largest = cooled.max(axis=1)
    return np.asarray(-temperature * (largest + np.log(np.exp(cooled - largest[:, None]).sum(axis=1))), np.float32)


def _neighbour_distance(params: NoveltyParams, embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
    assert params.mean is not None  # noqa: S101 - NoveltyParams has checked all three
    assert params.projection is not None  # noqa: S101
    assert params.references is not None  # noqa: S101
    cosines = unit_rows((embeddings[:, : len(params.mean)] - params.mean) @ params.projection) @ params.references.T
    k = min(params.k, cosines.shape[1])
    return np.asarray(1 - np.partition(cosines, -k, axis=1)[:, -k:].mean(axis=1), np.float32)


def sample_evenly(cities: NDArray[np.str_], most: int, seed: int) -> NDArray[np.intp]:
    """At most ``most`` rows, in order, from cities as evenly as they allow."""
    rng = np.random.default_rng(seed)
    place = np.empty(len(cities), np.int64)
    for city in np.unique(cities):
        rows = np.flatnonzero(cities == city)
        place[rows] = rng.permutation(len(rows))
    return np.sort(np.argsort(place, kind="stable")[:most])
