"""The family ``seed/``: the networks that the papers trained from scratch, as their papers describe them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from torch import Tensor, nn

from flaneur.errors import UsageError
from flaneur.models.backbones import Backbone, Start, load_strictly, unknown_network
from flaneur.models.weights import Weights
from flaneur.protocols import PreprocessSpec

_ZERO, _HALF, _ONE = (0.0, 0.0, 0.0), (0.5, 0.5, 0.5), (1.0, 1.0, 1.0)
_CAFFE_MEAN = (123.68 / 255, 116.779 / 255, 103.939 / 255)  # of ImageNet
_CAFFE_SCALE = (1 / 255, 1 / 255, 1 / 255)  # Caffe's networks see pixels in 0..255, which their LRN is made for


@dataclass(frozen=True, slots=True)
class Plan:
    """What a network is made of.

    Args:
        stages: each ``[B, K, h, w]`` to the next map.
        channels: of each stage's map.
        preprocess: its usual size and statistics.
        behind: from the last map to the network's own embedding, a stage each; may be none.
        own_dim: width of that.
    """

    stages: Sequence[nn.Module]
    channels: Sequence[int]
    preprocess: PreprocessSpec
    behind: Sequence[nn.Module] = ()
    own_dim: int = 0


def cnn3() -> Plan:
    """Three convolutions with batch norm, ReLU and max-pooling; 93,696 parameters.

    Shapes: ``[B, 3, 128, 128]`` to ``[B, 128, 16, 16]``, flattened 32,768, which a recipe's ``hidden = [512]`` follows.

    Source:
        Devabhaktuni, Raj, Adha, Birthi, *Deep Learning for Image-based City Classification* (Georgia Tech), section
        3.2. It gives 32,768 and 512; widths of 32, 64 and 128 at 128 px are ours and lead there.
    """
    return Plan([_block(a, b) for a, b in ((3, 32), (32, 64), (64, 128))], (32, 64, 128), _scratch(128))


def cnn5() -> Plan:
    """Five convolutions, each with batch norm, ReLU and max-pooling; 979,968 parameters.

    Shapes: ``[B, 3, 128, 128]`` to ``[B, 256, 4, 4]``.

    Source:
        Campbell, Singer, Solit, *Recognizing City Image Locations with Machine Learning*, Methods: "a small CNN with
        only 5 convolution layers". Widths, batch norm and size are ours; the paper leaves them open.
    """
    widths = (3, 32, 64, 128, 256, 256)
    return Plan([_block(*pair) for pair in pairwise(widths)], widths[1:], _scratch(128))


def cnn8() -> Plan:
    """Eight convolutions in four pairs, max-pooling after each pair; 1,174,176 parameters.

    Shapes: ``[B, 3, 128, 128]`` to ``[B, 256, 8, 8]``.

    Source:
        As :func:`cnn5`: "a larger CNN with 8 convolutional layers"; the rest is ours.
    """
    widths = (3, 32, 64, 128, 256)
    stages = [
        nn.Sequential(_convolve(narrow, wide), _convolve(wide, wide), nn.MaxPool2d(2))
        for narrow, wide in pairwise(widths)
    ]
    return Plan(stages, widths[1:], _scratch(128))


def skip10() -> Plan:
    """Ten convolutions in five residual pairs, max-pooling after each pair; 2,355,360 parameters.

    A pair's input is added to its output, zeros standing for the channels that it lacks (He et al. 2016, option A), so
    that the skips have no weights and the convolutions are ten.

    Shapes: ``[B, 3, 128, 128]`` to ``[B, 256, 4, 4]``.

    Source:
        As :func:`cnn5`: "a CNN with skip layers totaling 10 layers"; the rest is ours.
    """
    widths = (3, 32, 64, 128, 256, 256)
    stages = [nn.Sequential(Skip(*pair), nn.MaxPool2d(2)) for pair in pairwise(widths)]
    return Plan(stages, widths[1:], _scratch(128))


def small() -> Plan:
    """Three convolutions without padding or batch norm, ReLU and max-pooling each; 28,640 parameters.

    Shapes: ``[B, 3, 224, 224]`` to ``[B, 64, 26, 26]``; pixels in 0..1.

    Source:
        *City Guesser AI* says "a small CNN" in Keras and no more. This is Keras' own, F. Chollet, *Building powerful
        image classification models using very little data* (2016), whose flips, zooms and shears that paper uses too.
    """
    stages = [
        nn.Sequential(nn.Conv2d(narrow, wide, 3), nn.ReLU(), nn.MaxPool2d(2))
        for narrow, wide in ((3, 32), (32, 32), (32, 64))
    ]
    return Plan(stages, (32, 32, 64), PreprocessSpec(224, _ZERO, _ONE))


def alexnet() -> Plan:
    """AlexNet as Caffe has it: two groups, local response norm; with 1,000 classes 60,965,224 parameters.

    Shapes: ``[B, 3, 227, 227]`` to ``[B, 256, 6, 6]`` and its own embedding ``[B, 4096]`` (fc7). Weights made for BGR
    need their first convolution turned over.

    Source:
        Krizhevsky, Sutskever, Hinton, NIPS 2012, by Caffe's ``bvlc_alexnet``; used in *Deep Learning for Recognizing
        Cities from their Google Street View Images*, which tells of no change. Random weights are torch's, not Caffe's.
    """
    norm = {"size": 5, "alpha": 1e-4, "beta": 0.75, "k": 1.0}
    stages = [
        nn.Sequential(nn.Conv2d(3, 96, 11, 4), nn.ReLU(), nn.LocalResponseNorm(**norm), nn.MaxPool2d(3, 2)),  # type: ignore[arg-type]
        nn.Sequential(
            nn.Conv2d(96, 256, 5, padding=2, groups=2),
            nn.ReLU(),
            nn.LocalResponseNorm(**norm),  # type: ignore[arg-type]
            nn.MaxPool2d(3, 2),
        ),
        nn.Sequential(nn.Conv2d(256, 384, 3, padding=1), nn.ReLU()),
        nn.Sequential(nn.Conv2d(384, 384, 3, padding=1, groups=2), nn.ReLU()),
        nn.Sequential(nn.Conv2d(384, 256, 3, padding=1, groups=2), nn.ReLU(), nn.MaxPool2d(3, 2)),
    ]
    return Plan(stages, (96, 256, 384, 384, 256), _caffe(227), _full(256), 4096)


def vgg_s() -> Plan:
    """VGG-S, the slow one of three; with 1,000 classes 102,908,520 parameters.

    Shapes: ``[B, 3, 224, 224]`` to ``[B, 512, 6, 6]`` and its own embedding ``[B, 4096]`` (fc7).

    Source:
        CNN-S in table 1 of Chatfield, Simonyan, Vedaldi, Zisserman, *Return of the Devil in the Details*, BMVC 2014,
        arXiv 1405.3531; pools round up, as Caffe's do. Used by the same work as :func:`alexnet`.
    """
    stages = [
        nn.Sequential(
            nn.Conv2d(3, 96, 7, 2),
            nn.ReLU(),
            nn.LocalResponseNorm(5, 5e-4, 0.75, 2.0),
            nn.MaxPool2d(3, 3, ceil_mode=True),
        ),
        nn.Sequential(nn.Conv2d(96, 256, 5, padding=1), nn.ReLU(), nn.MaxPool2d(2, 2, ceil_mode=True)),
        nn.Sequential(nn.Conv2d(256, 512, 3, padding=1), nn.ReLU()),
        nn.Sequential(nn.Conv2d(512, 512, 3, padding=1), nn.ReLU()),
        nn.Sequential(nn.Conv2d(512, 512, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 3, ceil_mode=True)),
    ]
    return Plan(stages, (96, 256, 512, 512, 512), _caffe(224), _full(512), 4096)


_PLANS: dict[str, Callable[[], Plan]] = {
    "cnn3": cnn3,
    "cnn5": cnn5,
    "cnn8": cnn8,
    "skip10": skip10,
    "small": small,
    "alexnet": alexnet,
    "vgg_s": vgg_s,
}


class SeedBackbone(Backbone):
    """A plan that runs: stages one after another, then those behind them if the network's own embedding is asked for.

    Args:
        name: as a recipe says it.
        plan: of the network.
        own: whether the stages behind the last map are kept.
    """

    def __init__(self, name: str, plan: Plan, *, own: bool) -> None:
        behind = plan.behind if own else ()
        network = nn.ModuleDict({"stages": nn.ModuleList(plan.stages), "behind": nn.ModuleList(behind)})
        super().__init__(name, network, plan.channels, plan.preprocess)
        self.own_dim = plan.own_dim if own else 0
        self.fixed_size_px = plan.preprocess.size_px if behind else 0

    def parts(self) -> list[nn.Module]:
        """One a stage, those behind the last map too."""
        return [*self._stages("stages"), *self._stages("behind")]

    def maps(self, images: Tensor, count: int) -> list[Tensor]:
        """The last ``count`` maps."""
        found: list[Tensor] = []
        for stage in self._stages("stages"):
            images = stage(images)
            found.append(images)
        return found[-count:]

    def own(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """What stands before the classifier, and the last map."""
        last = self.maps(images, 1)[0]
        embedding = last
        for stage in self._stages("behind"):
            embedding = stage(embedding)
        return embedding, last

    def _stages(self, name: str) -> nn.ModuleList:
        stages: nn.ModuleList = self.network[name]  # type: ignore[index]
        return stages


class Skip(nn.Module):
    """Two convolutions whose input is added to what they make: ``[B, narrow, h, w]`` to ``[B, wide, h, w]``."""

    def __init__(self, narrow: int, wide: int) -> None:
        super().__init__()
        self.first = _convolve(narrow, wide)
        self.second = nn.Sequential(nn.Conv2d(wide, wide, 3, padding=1), nn.BatchNorm2d(wide))
        self.lacking = wide - narrow

    def forward(self, images: Tensor) -> Tensor:
        """The sum, through a ReLU."""
        skipped = nn.functional.pad(images, (0, 0, 0, 0, 0, self.lacking))
        return nn.functional.relu(self.second(self.first(images)) + skipped)


def names() -> list[str]:
    """Every network of the papers."""
    return list(_PLANS)


def create(name: str, start: Start, *, own: bool) -> Backbone:
    """A network of the papers; see :mod:`flaneur.models.backbones`.

    Raises:
        UsageError: an unknown name; weights from a hub, where there are none.
        InputError: weights that do not fit.
    """
    if name not in _PLANS:
        raise unknown_network("seed", name, _PLANS)
    if start == "hub":
        raise UsageError(
            f'seed/{name}: nobody publishes weights of it. Say initial = "random", or name a safetensors file.'
        )
    backbone = SeedBackbone(f"seed/{name}", _PLANS[name](), own=own)
    if isinstance(start, Weights):
        load_strictly(backbone.network, start, backbone.name, unused=["classifier."] + ["behind."] * (not own))
    return backbone


def _scratch(size_px: int) -> PreprocessSpec:
    return PreprocessSpec(size_px, _HALF, _HALF)


def _caffe(size_px: int) -> PreprocessSpec:
    return PreprocessSpec(size_px, _CAFFE_MEAN, _CAFFE_SCALE)


def _convolve(narrow: int, wide: int) -> nn.Module:
    return nn.Sequential(nn.Conv2d(narrow, wide, 3, padding=1), nn.BatchNorm2d(wide), nn.ReLU())


def _block(narrow: int, wide: int) -> nn.Module:
    return nn.Sequential(_convolve(narrow, wide), nn.MaxPool2d(2))


def _full(channels: int) -> list[nn.Module]:
    """fc6 and fc7 on a map of 6 x 6; the dropout behind fc7 is the recipe's."""
    return [
        nn.Sequential(nn.Flatten(), nn.Linear(36 * channels, 4096), nn.ReLU(), nn.Dropout(0.5)),
        nn.Sequential(nn.Linear(4096, 4096), nn.ReLU()),
    ]
