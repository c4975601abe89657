"""A recipe and what one call wants otherwise in; the recipe as it will be run out. The model card says what differs."""

from __future__ import annotations

from dataclasses import dataclass, replace

from flaneur.errors import UsageError
from flaneur.training.recipes.recipe import Recipe, TrainingRule


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

    Raises:
        UsageError: weights for a recipe that takes none.

    >>> from flaneur.training.recipes.recipe import NetworkRule
    >>> recipe = Recipe("mine", NetworkRule("timm/resnet18"), training=TrainingRule(epochs=12, epochs_small=8))
    >>> short = overridden(recipe, Override(epochs=3))
    >>> short.training.epochs, short.training.epochs_small, short.notes
    (3, 2, 'Run with 3 epochs instead of 12.')
    """
    networks = recipe.members or (recipe,)
    if not any(one.network.initial == "pretrained" for one in networks) and wanted.weights is not None:
        raise UsageError(f"--weights has no effect: {recipe.name} starts from random weights.")
    members = tuple(_changed(member, wanted) for member in recipe.members)
    return replace(_changed(recipe, wanted), members=members)


def _changed(recipe: Recipe, wanted: Override) -> Recipe:
    if wanted.name is not None:
        recipe = replace(recipe, name=wanted.name)
    if wanted.dataset is not None:
        recipe = replace(recipe, data=replace(recipe.data, dataset=wanted.dataset))
    if wanted.weights is not None and recipe.network.initial == "pretrained":
        recipe = replace(recipe, network=replace(recipe.network, weights=wanted.weights))
    if wanted.head is not None:
        recipe = replace(recipe, head=replace(recipe.head, kind=wanted.head))  # type: ignore[arg-type]
    return recipe if wanted.epochs is None else _shortened(recipe, wanted.epochs)


def _shortened(recipe: Recipe, epochs: int) -> Recipe:
    rule, standard = recipe.training, TrainingRule()
    if epochs == rule.epochs:
        return recipe
    share = epochs / rule.epochs if rule.epochs else 0.0
    small, finish = round(rule.epochs_small * share), round(rule.epochs_finish * min(1.0, share))
    training = replace(
        rule,
        epochs=epochs,
        epochs_small=small,
        size_small_px=rule.size_small_px if small else standard.size_small_px,
        epochs_finish=finish,
        lr_finish=rule.lr_finish if finish else standard.lr_finish,
        warmup_epochs=rule.warmup_epochs * min(1.0, share),
    )
    said = f"Run with {epochs} epochs instead of {rule.epochs}."
    return replace(recipe, training=training, notes=f"{recipe.notes} {said}".strip())
