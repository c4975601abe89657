"""A recipe and what one call wants otherwise in; the recipe as it will be run out. The model card says what differs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from flaneur.errors import InputError, UsageError
from flaneur.training.recipes.recipe import NetworkRule, Recipe, TrainingRule


@dataclass(frozen=True, slots=True)
class Override:
    """What a call wants otherwise than the recipe; ``None`` or nothing is as the recipe has it.

    Args:
        name: of the model.
        dataset: where the photos are.
        weights: a file, or a folder that serves several networks.
        random_weights: whether networks whose weights are not among ``weights`` start from random ones.
        epochs: of every network; those at a small size and those that finish are shortened alike.
        head: kind of the head.
    """

    name: str | None = None
    dataset: str | None = None
    weights: str | None = None
    random_weights: bool = False
    epochs: int | None = None
    head: str | None = None


def overridden(recipe: Recipe, wanted: Override) -> Recipe:
    """The recipe as it will be run.

    Raises:
        UsageError: weights, or random ones, for a recipe that takes none.

    >>> from flaneur.training.recipes.recipe import NetworkRule
    >>> recipe = Recipe("mine", NetworkRule("timm/resnet18"), training=TrainingRule(epochs=12, epochs_small=8))
    >>> short = overridden(recipe, Override(epochs=3))
    >>> short.training.epochs, short.training.epochs_small, short.notes
    (3, 2, 'Run with 3 epochs instead of 12.')
    """
    networks = recipe.members or (recipe,)
    if not any(one.network.initial == "pretrained" for one in networks):
        for flag, given in (("--weights", wanted.weights is not None), ("--random-weights", wanted.random_weights)):
            if given:
                raise UsageError(f"{flag} has no effect: {recipe.name} starts from random weights.")
    members = tuple(_changed(member, wanted) for member in recipe.members)
    return replace(_changed(recipe, wanted), members=members)


def started_at_random(network: NetworkRule) -> tuple[NetworkRule, str]:
    """The network with random first weights, if its pretrained ones are not at hand, and a sentence that says so.

    Args:
        network: whose ``weights`` name a file or folder, or nothing.

    >>> network, said = started_at_random(NetworkRule("timm/vgg16", trained_stages=0))
    >>> network.initial, said
    ('random', 'Random first weights instead of pretrained ones; what is frozen stays random.')
    """
    if network.initial == "random" or network.head_start == "text" or _at_hand(network.weights, network.backbone):
        return network, ""
    frozen = "" if network.trained_stages == -1 else "; what is frozen stays random"
    said = f"Random first weights instead of pretrained ones{frozen}."
    return replace(network, initial="random", weights="", initial_share=0.0), said


def _at_hand(weights: str, backbone: str) -> bool:
    """Whether the named file, or the folder's file of that network, is there."""
    if not weights:
        return False
    from flaneur.models.weights import find_weights

    try:
        return find_weights(Path(weights), backbone.partition("/")[2]).is_file()
    except InputError:
        return False


def _changed(recipe: Recipe, wanted: Override) -> Recipe:
    if wanted.name is not None:
        recipe = replace(recipe, name=wanted.name)
    if wanted.dataset is not None:
        recipe = replace(recipe, data=replace(recipe.data, dataset=wanted.dataset))
    if wanted.weights is not None and recipe.network.initial == "pretrained":
        recipe = replace(recipe, network=replace(recipe.network, weights=wanted.weights))
    if wanted.random_weights:
        network, said = started_at_random(recipe.network)
        recipe = replace(recipe, network=network, notes=f"{recipe.notes} {said}".strip())
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
