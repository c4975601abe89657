"""Embeddings of cities that lie apart, and a bundle whose head knows some of them: a world to add a city in."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bundles import CITIES, DIM, tiny_card, tiny_encoder, tiny_novelty
from flaneur.bundle.card import AbstainRule
from flaneur.bundle.folder import Bundle, write_bundle
from flaneur.bundle.known import Known, pack
from flaneur.onnx_files import graph as onnx_graph
from flaneur.onnx_files.heads import HeadParams

APART = 2.0
_MIDDLES = APART * np.random.default_rng(3).normal(size=(6, DIM))


def embeddings_of(city: int, count: int, seed: int = 0) -> np.ndarray:
    """``[count, DIM]`` of photos of a city, 0 to 5; noise has a spread of 1."""
    noise = np.random.default_rng((city, seed)).normal(size=(count, DIM))
    return np.asarray(_MIDDLES[city] + noise, np.float32)


def known_world(photos: int = 30) -> Known:
    """Photos of the three cities that the model knows, two to a place."""
    rows = [embeddings_of(city, photos) for city in range(3)]
    return Known(np.concatenate(rows), np.repeat(np.arange(3), photos), np.arange(3 * photos) // 2)


def world_bundle(folder: Path, *, known: bool = True) -> Bundle:
    """A model of three cities whose head is Fisher's discriminant of their true middles."""
    middles = _MIDDLES[:3]
    head = HeadParams(middles.T.astype(np.float32), (-(middles**2).sum(axis=1) / 2).astype(np.float32))
    graph = onnx_graph.append_head(tiny_encoder(), head, tiny_novelty("energy"))
    card = tiny_card(
        CITIES, name=folder.name, temperature=1.0, abstain=AbstainRule("energy", 1e9, 0.0, 0.0), metrics={}
    )
    return write_bundle(folder, graph, card, known=pack(known_world()) if known else b"")
