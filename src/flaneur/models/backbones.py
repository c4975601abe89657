"""A recipe's ``FAMILY/NAME`` in; a network that gives feature maps, with its weights loaded, out.

A family is a module of :mod:`flaneur.models.encoders`; the first word of its file name is the family, so that
``timm_encoder.py`` is ``timm/``. Such a module has two functions::

    names() -> list[str]                                        # of its networks, for suggestions
    create(name: str, start: Start, *, own: bool) -> Backbone   # raises UsageError if it does not know the name

``create`` builds on torch's current device, so that :mod:`flaneur.training.recipes.check` can look at any network on
the ``meta`` device, without memory or time and without reading more of a weight file than its header. Only
``own=True`` needs the layers behind the last map.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor, nn

from flaneur import discover
from flaneur.errors import UsageError, did_you_mean
from flaneur.models.weights import Weights, find_weights, read_weights
from flaneur.protocols import PreprocessSpec

if TYPE_CHECKING:
    from flaneur.training.recipes.recipe import NetworkRule

_PACKAGE = "flaneur.models.encoders"

Start = Weights | Literal["hub", "random"]
"""Where a network starts: from the tensors of a file, from its publisher's hub, or at random."""


class Backbone(nn.Module):
    """The shape by which every family is used; a family subclasses it around its ``network``.

    Attributes:
        name: as a recipe says it, such as ``timm/resnet18``.
        network: the module that does the work, with the publisher's own names in its state.
        channels: of each stage's map, input to output.
        own_dim: width of :meth:`own`; 0 if the network has no embedding of its own.
        preprocess: its own statistics, interpolation and usual size.
        fixed_size_px: the only size it takes; 0 is any.
        frozen_parts: how many of :meth:`parts`, from the input, keep weights and statistics; see :func:`freeze`.
    """

    def __init__(self, name: str, network: nn.Module, channels: Iterable[int], preprocess: PreprocessSpec) -> None:
        super().__init__()
        self.name = name
        self.network = network
        self.channels = tuple(channels)
        self.preprocess = preprocess
        self.own_dim = 0
        self.fixed_size_px = 0
        self.frozen_parts = 0

    def parts(self) -> list[nn.Module]:
        """Stages from input to output, for freezing and learning rates; together they hold every parameter once."""
        raise NotImplementedError

    def maps(self, images: Tensor, count: int) -> list[Tensor]:
        """The last ``count`` stage maps, each ``[B, K, h, w]``, the last one last, for images ``[B, 3, H, W]``."""
        raise NotImplementedError

    def own(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """What the network puts before its classifier, ``[B, own_dim]``, and the last map.

        The map is zeros ``[B, 1, 1, 1]`` where there is none.
        """
        raise NotImplementedError

    def train(self, mode: bool = True) -> Backbone:
        """As in torch, but frozen parts stay in evaluation mode."""
        super().train(mode)
        for part in self.parts()[: self.frozen_parts] if mode else []:
            part.eval()
        return self


class Part(nn.Module):
    """A stage of a network that is not one module there: it holds modules and loose parameters, and runs nothing."""

    def __init__(self, network: nn.Module, modules: Iterable[str], parameters: Iterable[str] = ()) -> None:
        super().__init__()
        for path in modules:
            self.add_module(path.replace(".", "/") or "all", network.get_submodule(path))
        for path in parameters:
            self.register_parameter(path.replace(".", "/"), network.get_parameter(path))


def create_backbone(rule: NetworkRule) -> Backbone:
    """The recipe's backbone with its weights, every part trained.

    Args:
        rule: ``backbone``, ``weights``, ``initial`` and ``pooling`` are read. Random weights come from torch's global
            generator: seed it first.

    Raises:
        UsageError: an unknown family or network, with a suggestion; a network without published weights.
        InputError: weights that cannot be had or do not fit.

    >>> from flaneur.training.recipes.recipe import NetworkRule
    >>> create_backbone(NetworkRule("seed/cnn3", initial="random")).channels
    (32, 64, 128)
    >>> create_backbone(NetworkRule("seed/cnn33", initial="random"))
    Traceback (most recent call last):
    flaneur.errors.UsageError: seed has no network called 'cnn33'. Did you mean 'cnn3'?
    """
    module, name = known(rule.backbone)
    start: Start = rule.initial if rule.initial == "random" else "hub"
    trained: Weights | None = None
    if start == "hub" and rule.weights:
        start = read_weights(find_weights(Path(rule.weights), name), torch.empty(0).device)
        trained = start.of_run()
    # what a training left has lost the layers that it did not need, as has a backbone once it is made
    backbone: Backbone = module.create(name, "random" if trained else start, own=rule.pooling == "own")
    if trained:
        load_strictly(backbone.network, trained, rule.backbone)
    return backbone


def known(name: str) -> tuple[ModuleType, str]:
    """The family's module, and the network's name within it.

    Raises:
        UsageError: no such family or no family named, with a suggestion.

    >>> known("tim/resnet18")
    Traceback (most recent call last):
    flaneur.errors.UsageError: 'tim/resnet18': there is no family 'tim'. Did you mean 'timm'?
    """
    families = {module.partition("_")[0]: module for module in discover.names(_PACKAGE)}
    family, slash, rest = name.partition("/")
    if not slash or not rest:
        raise UsageError(f"{name!r} names no network: say FAMILY/NAME, such as timm/resnet18 or seed/cnn3.")
    if family not in families:
        hint = did_you_mean(family, families) or f" There are: {', '.join(families)}."
        raise UsageError(f"{name!r}: there is no family {family!r}.{hint}")
    return discover.load(_PACKAGE, families[family]), rest


def unknown_network(family: str, name: str, names: Iterable[str], example: str = "") -> UsageError:
    """The error for a name that a family does not know; of a large family it names one example."""
    listed = list(names)
    few = f" It has: {', '.join(listed)}." if len(listed) <= 20 else f" Choose, for example, {family}/{example}."
    return UsageError(f"{family} has no network called {name!r}.{did_you_mean(name, listed) or few}")


def freeze(backbone: Backbone, trained_stages: int) -> None:
    """Leave only the last stages to training; the others keep weights and batch-norm statistics.

    Args:
        backbone: changed in place.
        trained_stages: how many of ``backbone.parts()``, counted from the output, are trained; -1 is all.

    Raises:
        UsageError: more stages than it has.
    """
    parts = backbone.parts()
    if not -1 <= trained_stages <= len(parts):
        raise UsageError(
            f"trained_stages = {trained_stages}: {backbone.name} has {len(parts)} stages to train. "
            f"Say 0 to {len(parts)}, or -1 for everything."
        )
    backbone.frozen_parts = 0 if trained_stages == -1 else len(parts) - trained_stages
    for number, part in enumerate(parts):
        part.requires_grad_(number >= backbone.frozen_parts)


def load_strictly(network: nn.Module, start: Weights, name: str, *, unused: Iterable[str] = ()) -> None:
    """Put a file's tensors into a network; all must be there, of the same shape, and no others.

    Args:
        network: changed in place; may be on the ``meta`` device, if the weights are too.
        start: from :func:`flaneur.models.weights.read_weights`.
        name: of the network, for messages.
        unused: prefixes of tensors that are not needed, in the file or in the network: a classifier.

    Raises:
        InputError: which tensor is missing, foreign or of another shape: what it has, and what is needed.
    """
    prefixes = tuple(unused)
    state = {key: value for key, value in start.tensors.items() if not key.startswith(prefixes)}
    own: Mapping[str, Tensor] = network.state_dict()
    wanted = {key: value for key, value in own.items() if not key.startswith(prefixes)}
    optional = {key for key in wanted if key.endswith("num_batches_tracked")}
    start.compare(name, state, {key: tuple(value.shape) for key, value in wanted.items()}, optional)
    network.load_state_dict(state, strict=False)
