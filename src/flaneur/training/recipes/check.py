"""A recipe in; nothing out, or one clear line about what in it cannot be, before anything is loaded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from flaneur.errors import UsageError, counted
from flaneur.training.recipes.recipe import NetworkRule, Recipe

if TYPE_CHECKING:
    from flaneur.models.backbones import Backbone


_TAKE_TRAINED = ("trained", "blend")  # kinds of head that use the layer trained along with the network


def check_recipe(recipe: Recipe) -> None:
    """Look at a recipe, and at the networks it names, without their weights.

    Networks are built on torch's ``meta`` device, where numbers have shapes and no values; of a weight file the header
    is read.

    Args:
        recipe: as read from a file; its members are looked at too.

    Raises:
        UsageError: an unknown network, depth, stages or sizes that it has not, settings that have no effect together.
        InputError: a weight file that is missing or does not fit.

    >>> check_recipe(Recipe("x", NetworkRule("seed/cnn3", initial="random", trained_stages=4)))
    Traceback (most recent call last):
    flaneur.errors.UsageError: trained_stages = 4: seed/cnn3 has 3 stages to train. Say 0 to 3, or -1 for everything.
    >>> check_recipe(Recipe("x", NetworkRule("seed/cnn3", initial="random", pooling="mean", stages=2)))
    Traceback (most recent call last):
    flaneur.errors.UsageError: network.stages has no effect without pooling = "stages". Leave it away, or say that.
    """
    for member in recipe.members or (recipe,):
        for complaint in _without_effect(member):
            raise UsageError(complaint)
        _check_head(member, recipe.head.kind)
        _check_network(member)


def _without_effect(recipe: Recipe) -> Iterator[str]:
    """Settings that were changed and change nothing, each as a message."""
    for table, when, names, unless in _idle(recipe):
        rule = getattr(recipe, table)
        standard = {field.name: field.default for field in fields(rule)}
        for name in names.split() if when else ():
            if getattr(rule, name) != standard[name]:
                yield f"{table}.{name} has no effect {unless}. Leave it away, or say that."


def _idle(recipe: Recipe) -> Iterator[tuple[str, bool, str, str]]:
    """Table, whether it is so here, its fields that then have no effect, and what they would need."""
    network, views, head = recipe.network, recipe.views, recipe.head
    yield "network", network.pooling != "stages", "stages", 'without pooling = "stages"'
    yield "network", not network.hidden, "dropouts", "without hidden layers"
    yield "network", bool(network.hidden) and not network.dropouts, "dropout", "without dropouts = 1 or more"
    yield "network", network.initial == "random", "weights initial_share", 'without initial = "pretrained"'
    yield "views", views.train == 1, "random", "without train = 2 or more"
    yield "head", head.kind != "mlp", "hidden", 'without kind = "mlp"'
    yield "head", head.kind != "neighbours", "k", 'without kind = "neighbours"'
    yield "distil", not recipe.distil.teacher, "temperature share", "without a teacher"
    if recipe.training.epochs:
        yield from _idle_training(recipe)


def _idle_training(recipe: Recipe) -> Iterator[tuple[str, bool, str, str]]:
    rule, trained = recipe.training, recipe.network.trained_stages
    yield "training", rule.optimiser != "sgd", "momentum", 'without optimiser = "sgd"'
    yield (
        "training",
        rule.schedule not in ("step", "plateau"),
        "step_epochs step_factor",
        'without schedule = "step" or "plateau"',
    )
    yield "training", not rule.epochs_small, "size_small_px", "without epochs_small"
    yield "training", not rule.epochs_finish, "lr_finish", "without epochs_finish"
    yield "training", not rule.label_smoothing, "smoothing", "without label_smoothing"
    yield "training", rule.smoothing != "distance", "smoothing_km", 'without smoothing = "distance"'
    yield "training", trained == 0, "lr_backbone lr_decay freeze_norm", "with trained_stages = 0"
    yield "training", trained == 1, "lr_decay", "with trained_stages = 1"


def _check_head(recipe: Recipe, kind: str) -> None:
    """Whether what is trained and what becomes of it go together.

    Args:
        recipe: of one network.
        kind: of the head of the whole.
    """
    network, epochs = recipe.network, recipe.training.epochs
    if kind == "trained" and not epochs and network.head_start != "text":
        raise UsageError(
            'head.kind = "trained" is the layer that is trained along with the network, and epochs = 0 trains none. '
            "Say --head logistic, or train an epoch."
        )
    if epochs and not network.trained_stages and not network.hidden and kind not in _TAKE_TRAINED:
        raise UsageError(
            f"epochs = {epochs} changes nothing: with trained_stages = 0 only the last layer is trained, and head.kind "
            f'= "{kind}" puts another in its place. Say epochs = 0, trained_stages = 1 or more, or --head blend.'
        )


def _check_network(recipe: Recipe) -> None:
    """Build the network as a ghost and send ghosts of photos of each size through it."""
    import torch

    from flaneur.models.backbones import create_backbone, freeze

    rule = recipe.network
    if rule.hidden and rule.dropouts > len(rule.hidden):
        count = len(rule.hidden)
        raise UsageError(
            f"dropouts = {rule.dropouts}: the recipe has {counted(count, 'hidden layer')}. Say 0 to {count}."
        )
    if rule.head_start == "text":
        _check_text(rule)
    with torch.device("meta"):
        backbone = create_backbone(rule)
        freeze(backbone, rule.trained_stages)
        sizes = _sizes(recipe)
        if backbone.fixed_size_px or rule.pooling == "flatten":
            _check_one_size(sizes, rule.size_px, backbone.name)
    for size_px in sizes.values():
        _send_through(backbone.eval(), rule, size_px)


def _check_text(rule: NetworkRule) -> None:
    if not rule.backbone.startswith("clip/"):
        raise UsageError(f'head_start = "text": {rule.backbone} knows no text. Choose a network of clip/.')
    needed: dict[str, Any] = {"pooling": "own", "hidden": (), "standardise": False}
    for name, value in needed.items():
        if getattr(rule, name) != value:
            said = {False: "false", (): "[]"}.get(value, f'"{value}"')
            raise UsageError(f'head_start = "text" compares embeddings with prompts as they are: say {name} = {said}.')


def _sizes(recipe: Recipe) -> dict[str, int]:
    """Every size that the network sees, by the setting that says so."""
    rule = recipe.training
    sizes = {"network.size_px": recipe.network.size_px}
    if rule.epochs_small:
        sizes["training.size_small_px"] = rule.size_small_px
    if rule.size_large_px and rule.epochs:
        sizes["training.size_large_px"] = rule.size_large_px
    return sizes


def _check_one_size(sizes: dict[str, int], size_px: int, name: str) -> None:
    for setting, other in sizes.items():
        if other != size_px:
            raise UsageError(
                f"{setting} = {other}: {name}, pooled so, takes photos of one size. Leave it away, or say {size_px}."
            )


def _send_through(backbone: Backbone, rule: NetworkRule, size_px: int) -> None:
    import torch

    from flaneur.models.encoder import Encoder

    try:
        with torch.no_grad(), torch.device("meta"):
            Encoder(backbone, rule, rule.size_px).eval()(torch.empty(2, 3, size_px, size_px))
    except (RuntimeError, AssertionError, ValueError) as error:
        raise UsageError(
            f"size_px = {size_px}: {backbone.name} cannot take photos of that size ({str(error).splitlines()[0]}). "
            f"Say {backbone.preprocess.size_px}, its usual one."
        ) from error
