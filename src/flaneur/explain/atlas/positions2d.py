"""Embeddings in; the photos on a plane out, by PCA, t-SNE or UMAP. Same input, same plane."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flaneur.errors import InputError, UsageError, did_you_mean, install_extra
from flaneur.training.heads.cross_validation import one_blas_thread
from flaneur.training.heads.logits import unit_rows

Floats = NDArray[np.float64]

METHODS: Mapping[str, str] = MappingProxyType({"tsne": "t-SNE", "pca": "PCA", "umap": "UMAP"})
"""By name, as people know them."""
LEAST_POINTS = 3  # fewer are a line
LEAST_PHOTOS = 10  # of fewer no neighbourhood can be told
_DIMS = 50  # as many directions go into t-SNE and UMAP (Kobak & Berens 2019)
_PERPLEXITY = 30.0
_UMAP_NEIGHBOURS = 15


def check_method(method: str) -> None:
    """Refuse a method before minutes go by.

    Raises:
        UsageError: there is none of that name, or its package is not installed.

    >>> check_method("tsen")
    Traceback (most recent call last):
    flaneur.errors.UsageError: no map called 'tsen'. Did you mean 'tsne'? There are tsne, pca, umap.
    """
    if method not in METHODS:
        raise UsageError(f"no map called {method!r}.{did_you_mean(method, METHODS)} There are {', '.join(METHODS)}.")
    if method == "umap":
        _umap()


def principal(embeddings: NDArray[np.floating[Any]], dims: int = _DIMS) -> Floats:
    """Photos along the directions in which they differ most: principal components of the embeddings at length 1.

    Args:
        embeddings: ``[N, D]``; only their direction counts, as in the cosine.
        dims: how many directions; fewer where there are not so many.

    Returns:
        ``[N, dims]`` float64, widest first. Of each direction the sign is such that its largest loading is positive.

    >>> principal(np.array([[1.0, 0.0], [0.0, 1.0]]), 1).round(3).tolist()
    [[0.707], [-0.707]]
    """
    rows = np.asarray(unit_rows(embeddings), np.float64)
    rows = rows - rows.mean(axis=0)
    with one_blas_thread():
        chosen = _directions(rows, min(dims, *rows.shape))
    largest = chosen[np.abs(chosen).argmax(axis=0), np.arange(chosen.shape[1])]
    return np.asarray(rows @ (chosen * np.where(largest < 0, -1.0, 1.0)))


def _directions(rows: Floats, dims: int) -> Floats:
    """``[D, dims]`` right singular vectors of centred rows, by the eigenvectors of the smaller of R'R and RR'."""
    if rows.shape[1] <= len(rows):
        return np.asarray(np.linalg.eigh(rows.T @ rows)[1][:, ::-1][:, :dims])
    found = rows.T @ np.linalg.eigh(rows @ rows.T)[1][:, ::-1][:, :dims]
    return np.asarray(found / np.maximum(np.linalg.norm(found, axis=0), 1e-12))


def plane(components: Floats, method: str, seed: int = 0) -> tuple[Floats, dict[str, Any]]:
    """A place for every photo.

    Args:
        components: ``[N, P]`` from :func:`principal`.
        method: one of :data:`METHODS`.
        seed: of what is drawn; PCA draws nothing.

    Returns:
        ``[N, 2]`` and the settings that made it.

    Raises:
        InputError: too few photos for a map, or for neighbourhoods.
        UsageError: no such method, or its package is not installed.

    >>> points, settings = plane(np.eye(3), "pca")
    >>> points.shape, settings
    ((3, 2), {})
    """
    check_method(method)
    if len(components) < LEAST_POINTS:
        raise InputError(f"A map takes {LEAST_POINTS} photos at least; there are {len(components)}.")
    if method == "pca":
        return np.pad(components[:, :2], ((0, 0), (0, max(0, 2 - components.shape[1])))), {}
    if len(components) < LEAST_PHOTOS:
        title = METHODS[method]
        raise InputError(
            f"{title} needs {LEAST_PHOTOS} photos at least; there are {len(components)}. Use --method pca."
        )
    with one_blas_thread():  # sums in another order would move every point
        return (_tsne if method == "tsne" else _by_umap)(components, seed)


def _tsne(components: Floats, seed: int) -> tuple[Floats, dict[str, Any]]:
    from sklearn.manifold import TSNE

    perplexity = min(_PERPLEXITY, (len(components) - 1) / 3)
    made = TSNE(
        perplexity=perplexity, init=_start(components, 1e-4), learning_rate="auto", random_state=seed, n_jobs=1
    ).fit_transform(components.astype(np.float32))
    return np.asarray(made, np.float64), {"perplexity": perplexity, "seed": seed}


def _by_umap(components: Floats, seed: int) -> tuple[Floats, dict[str, Any]]:
    neighbours = min(_UMAP_NEIGHBOURS, len(components) - 1)
    made = _umap()(n_neighbors=neighbours, init=_start(components, 10.0), random_state=seed, n_jobs=1)
    return np.asarray(made.fit_transform(components), np.float64), {"neighbours": neighbours, "seed": seed}


def _start(components: Floats, spread: float) -> NDArray[np.float32]:
    """The first two components, so that what is far apart starts far apart (Kobak & Linderman 2021)."""
    first = np.pad(components[:, :2], ((0, 0), (0, max(0, 2 - components.shape[1]))))
    return np.asarray(first * (spread / max(float(first[:, 0].std()), 1e-12)), np.float32)


def _umap() -> Callable[..., Any]:
    try:
        from umap import UMAP
    except ModuleNotFoundError as error:
        raise UsageError(f"UMAP is not there: {install_extra('umap')}. Or use --method tsne.") from error
    made: Callable[..., Any] = UMAP
    return made
