"""What a recipe says of a head, and what fitting one leaves, as values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from flaneur.errors import UsageError
from flaneur.onnx_files.heads import Head

Refit: TypeAlias = Callable[[NDArray[np.float32], NDArray[np.str_]], Head]
"""Embeddings ``[N, D]`` and cities ``[N]`` to a head of the same kind and settings, cities in sorted order."""


@dataclass(frozen=True, slots=True)
class HeadRule:
    """Which head stands on the embeddings, and how it is fitted.

    Args:
        kind: ``logistic`` regression on cached embeddings; ``trained``: the linear layer that was trained with the
            network; ``blend`` of both, where there are both; ``mlp``: one hidden layer on cached embeddings;
            ``prototype``: cosine to the mean of each city; ``neighbours``: vote of the nearest known photos.
        hidden: width of the ``mlp``'s hidden layer.
        k: how many ``neighbours`` vote.
        strengths: of the L2 penalty to try, in units of the mean loss, so that they mean the same for 90 and for 90,000
            photos; strongest first. scikit-learn's ``C`` is ``1 / (strength * photos)``.
        folds: of the cross-validation.
        class_weight: ``balanced`` lets every city count alike, ``none`` every photo.
        seed: of the folds.
    """

    kind: Literal["blend", "logistic", "trained", "mlp", "prototype", "neighbours"] = "blend"
    hidden: int = 256
    k: int = 20
    strengths: tuple[float, ...] = (3.0, 1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001)
    folds: int = 4
    class_weight: Literal["balanced", "none"] = "balanced"
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.strengths or min(self.strengths) <= 0:
            raise UsageError(f"head.strengths must be numbers above 0, not {self.strengths}.")
        if self.hidden < 1 or self.k < 1:
            raise UsageError(f"head.hidden and head.k must be 1 or more, not {self.hidden} and {self.k}.")
        if self.folds < 2:
            raise UsageError(f"head.folds must be 2 or more, not {self.folds}.")
        if self.class_weight not in ("balanced", "none"):
            raise UsageError(f"head.class_weight must be 'balanced' or 'none', not {self.class_weight!r}.")


@dataclass(frozen=True, slots=True)
class StrengthScore:
    """What cross-validation measured for one strength; each city counts alike, photos were always at unseen places.

    Args:
        strength: of the penalty.
        log_loss: nats a photo, after a temperature was fitted; lower is better.
        balanced_accuracy: mean over the cities, 0 to 1.
    """

    strength: float
    log_loss: float
    balanced_accuracy: float


@dataclass(frozen=True, slots=True)
class FittedHead:
    """A head and how it was chosen.

    Args:
        params: on raw embeddings, standardisation folded in.
        cities: slugs in logit order.
        strength: of the penalty that was chosen; 0 for heads without one.
        table: one line a strength tried; empty where there were too few places to compare, or nothing to choose.
        held_out: ``[N, C]`` logits of each training photo by the fold that did not see its place; NaN where
            no fold could.
        facts: for the card.
        refit: the same kind of head on other photos, for :func:`flaneur.training.heads.novelty_choice.choose_novelty`.
    """

    params: Head
    cities: tuple[str, ...]
    strength: float
    table: tuple[StrengthScore, ...]
    held_out: NDArray[np.float32] = field(repr=False)
    facts: Mapping[str, Any]
    refit: Refit = field(repr=False, compare=False)
