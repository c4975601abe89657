"""A recipe and what one call wants otherwise in; the recipe as it will be run out. The model card says what differs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from flaneur.training.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Override:
    """What a call wants otherwise than the recipe; ``None`` or nothing is as the recipe has it.

    Args:
        name: of the model.
        dataset: where the photos are.
        weights: a file, or a folder that serves several networks.
        epochs: of every network; those at a small size and those that finish are shortened alike.
        head: kind of the head.
    """

    name: str | None = None
    dataset: str | None = None
    weights: str | None = None
    epochs: int | None = None
    head: str | None = None


def overridden(recipe: Recipe, wanted: Override) -> Recipe:
    """The recipe as it will be run.

    >>> from flaneur.training.recipe import NetworkRule, TrainingRule
    >>> recipe = Recipe("mine", NetworkRule("timm/resnet18"), training=TrainingRule(epochs=12, epochs_small=8))
    >>> short = overridden(recipe, Override(epochs=3))
    >>> short.training.epochs, short.training.epochs_small, short.notes
    (3, 2, 'Run with 3 epochs instead of 12.')
    """
    changes: list[Callable[[Recipe], Recipe]] = []
    if wanted.name is not None:
        changes.append(lambda one: replace(one, name=wanted.name or ""))
    if wanted.dataset is not None:
        changes.append(lambda one: replace(one, data=replace(one.data, dataset=wanted.dataset or "")))
    if wanted.weights is not None:
        changes.append(lambda one: replace(one, network=replace(one.network, weights=wanted.weights or "")))
    if wanted.epochs is not None:
        changes.append(lambda one: _shortened(one, wanted.epochs or 0))
    if wanted.head is not None:
        changes.append(lambda one: replace(one, head=replace(one.head, kind=wanted.head)))  # type: ignore[arg-type]
    for change in changes:
        recipe = replace(change(recipe), members=tuple(change(member) for member in recipe.members))
    return recipe


def _shortened(recipe: Recipe, epochs: int) -> Recipe:
    rule = recipe.training
    if epochs == rule.epochs:
        return recipe
    share = epochs / rule.epochs if rule.epochs else 0.0
    training = replace(
        rule,
        epochs=epochs,
        epochs_small=round(rule.epochs_small * share),
        epochs_finish=round(rule.epochs_finish * min(1.0, share)),
        warmup_epochs=rule.warmup_epochs * min(1.0, share),
    )
    said = f"Run with {epochs} epochs instead of {rule.epochs}."
    return replace(recipe, training=training, notes=f"{recipe.notes} {said}".strip())
