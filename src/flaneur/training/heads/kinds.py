"""Embedded training photos and a rule in; a head of the kind that the rule names out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from flaneur.errors import UsageError, did_you_mean
from flaneur.onnx_files.heads import HeadParams
from flaneur.training.heads.cross_validation import city_labels
from flaneur.training.heads.logistic import fit_head
from flaneur.training.heads.logits import blend
from flaneur.training.heads.mlp import fit_mlp
from flaneur.training.heads.nearest import fit_neighbours, fit_prototypes
from flaneur.training.heads.rule import FittedHead, HeadRule

KINDS = ("blend", "logistic", "trained", "mlp", "prototype", "neighbours")


def learn_head(
    embeddings: NDArray[np.float32],
    cities: Sequence[str],
    groups: Sequence[str],
    rule: HeadRule,
    *,
    trained: HeadParams | None = None,
    progress: Callable[[str], None] | None = None,
) -> FittedHead:
    """The head that ``rule.kind`` asks for.

    Args:
        embeddings: ``[N, D]`` of the training photos.
        cities: ``[N]`` slugs.
        groups: ``[N]`` what must never be split.
        rule: kind and settings.
        trained: the linear layer that was trained along with the encoder, on the cities in sorted order.
        progress: told one line a setting tried.

    Raises:
        InputError: fewer than two cities.
        UsageError: no such kind, or ``trained`` where nothing was trained.
    """
    match rule.kind:
        case "blend" | "logistic":
            fitted = fit_head(embeddings, cities, groups, rule, progress)
            return _blended(fitted, trained, embeddings) if rule.kind == "blend" and trained else fitted
        case "trained":
            return _as_trained(trained, cities)
        case "mlp":
            return fit_mlp(embeddings, cities, groups, rule, progress)
        case "prototype":
            return fit_prototypes(embeddings, cities, groups, rule)
        case "neighbours":
            return fit_neighbours(embeddings, cities, groups, rule)
        case _:
            raise UsageError(f"head.kind: there is no {rule.kind!r}.{did_you_mean(rule.kind, KINDS)}")


def _blended(fitted: FittedHead, trained: HeadParams, embeddings: NDArray[np.float32]) -> FittedHead:
    assert isinstance(fitted.params, HeadParams)  # noqa: S101 - fit_head fits nothing else
    params = blend(fitted.params, trained, embeddings)
    return replace(fitted, params=params, facts={**fitted.facts, "kind": "blend"})


def _as_trained(trained: HeadParams | None, cities: Sequence[str]) -> FittedHead:
    """The network's own linear layer, to the last bit; no photo was held out from it, so none is judged."""
    names, _ = city_labels(cities)
    if trained is None:
        raise UsageError(
            "head.kind = 'trained' is the linear layer that was trained along with the network, and here none was. "
            "Train by a recipe whose network is trained, or take head.kind = 'logistic'."
        )

    def refit(rows: NDArray[np.float32], own: NDArray[np.str_]) -> HeadParams:  # noqa: ARG001
        """The same layer without the cities that are played unknown."""
        columns = np.isin(np.array(names), own)
        return HeadParams(trained.weight[:, columns], trained.bias[columns])

    held_out = np.full((len(cities), len(names)), np.nan, np.float32)
    return FittedHead(trained, names, 0.0, (), held_out, {"kind": "trained"}, refit)
