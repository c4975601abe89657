"""The family ``torchvision/``: the networks that the papers used and timm lacks, from torchvision's own code."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from flaneur.errors import UsageError
from flaneur.models.backbones import Backbone, Part, Start, load_strictly, unknown_network
from flaneur.models.shims import declare_torchvision_operators
from flaneur.models.weights import Weights
from flaneur.protocols import PreprocessSpec

_NAMES = ("googlenet",)
# Each stage's modules, input to output, and the channels of its map: the stem, then one inception module each.
_STAGES: tuple[tuple[tuple[str, ...], int], ...] = (
    (("conv1", "maxpool1"), 64),
    (("conv2", "conv3", "maxpool2"), 192),
    (("inception3a",), 256),
    (("inception3b", "maxpool3"), 480),
    (("inception4a",), 512),
    (("inception4b",), 512),
    (("inception4c",), 512),
    (("inception4d",), 528),
    (("inception4e", "maxpool4"), 832),
    (("inception5a",), 832),
    (("inception5b",), 1024),
)


class GoogLeNet(Backbone):
    """GoogLeNet with batch norm, without auxiliary heads; 5,599,904 parameters without the classifier.

    Shapes: ``[B, 3, 224, 224]`` to ``[B, 1024, 7, 7]``; its own embedding is the mean of that, ``[B, 1024]``. Eleven
    stages: two of the stem, then one for each inception module, so that ``trained_stages = 1`` is the last module.

    Source:
        Szegedy et al., *Going Deeper with Convolutions*, CVPR 2015, by torchvision; used by Hershey and Wulfe,
        *Recognizing Cities from Street View Images* (2016), who trained the last module and the classifier.
    """

    def __init__(self, network: nn.Module, *, own: bool) -> None:
        # torchvision's weights are TensorFlow's, which saw pixels in -1..1; its transform_input undoes other statistics
        half = (0.5, 0.5, 0.5)
        super().__init__(
            "torchvision/googlenet", network, [width for _, width in _STAGES], PreprocessSpec(224, half, half)
        )
        self.own_dim = 1024 if own else 0

    def parts(self) -> list[nn.Module]:
        """Two of the stem, then one an inception module."""
        return [Part(self.network, modules) for modules, _ in _STAGES]

    def maps(self, images: Tensor, count: int) -> list[Tensor]:
        """The last ``count`` maps, after any pooling behind a module."""
        found: list[Tensor] = []
        for modules, _ in _STAGES:
            for name in modules:
                images = self.network.get_submodule(name)(images)
            found.append(images)
        return found[-count:]

    def own(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """The mean of the last map, and that map."""
        last = self.maps(images, 1)[0]
        return last.mean((2, 3)), last


def names() -> list[str]:
    """The networks of this family."""
    return list(_NAMES)


def create(name: str, start: Start, *, own: bool) -> Backbone:
    """A torchvision network; see :mod:`flaneur.models.backbones`.

    Raises:
        UsageError: an unknown name; weights from torchvision's own hub, which are pickled.
        InputError: weights that do not fit.
    """
    if name not in _NAMES:
        raise unknown_network("torchvision", name, _NAMES)
    if start == "hub":
        raise UsageError(
            f"torchvision/{name}: torchvision publishes its weights pickled, and such files run code when opened. "
            "Convert them to safetensors where you trust them and name that file (weights, or --weights), or say "
            'initial = "random".'
        )
    declare_torchvision_operators()
    from torchvision.models import googlenet

    network: Any = googlenet(weights=None, aux_logits=False, transform_input=False, init_weights=start == "random")
    network.fc = network.dropout = nn.Identity()
    if isinstance(start, Weights):
        load_strictly(network, start, f"torchvision/{name}", unused=["fc.", "aux1.", "aux2."])
    return GoogLeNet(network, own=own)
