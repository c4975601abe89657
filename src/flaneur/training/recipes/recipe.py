"""What a recipe says, as frozen values: data, network, training, augmentation, views, head, doubt, paper."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from flaneur.training.heads.calibrate import DoubtRule
from flaneur.training.heads.logistic import HeadRule
from flaneur.training.heads.novelty import NoveltyRule
from flaneur.training.recipes.paper import PaperRule as PaperRule


@dataclass(frozen=True, slots=True)
class DataRule:
    """Which photos.

    Args:
        dataset: name or folder of an imported dataset.
        split: name of one of its splits.
    """

    dataset: str = ""
    split: str = "default"


@dataclass(frozen=True, slots=True)
class NetworkRule:
    """Which network, what of it is trained, and from which weights it starts.

    Args:
        backbone: ``FAMILY/NAME``: a module of :mod:`flaneur.models.encoders` and one of its networks, such as
            ``timm/resnet18``, ``seed/cnn3``, ``torchvision/googlenet`` or ``clip/ViT-B-32``.
        weights: a safetensors file in the network's own names, or a folder that holds ``NAME.safetensors``; also the
            ``weights.safetensors`` that another run with this backbone left; the hub's weights if empty. ``--weights``
            says it for one machine.
        initial: ``pretrained`` weights or ``random`` ones.
        size_px: side of the square that the finished model sees.
        normalise: what is subtracted and divided by: the ``backbone``'s own channel statistics; those of the training
            photos (``channels``); the ``mean_image`` of the training photos, as Caffe did; ``none``: pixels in 0..1.
        pooling: ``stages``: mean and deviation over the positions of each of the last ``stages`` maps; ``mean`` of the
            last map; ``flatten`` of the last map; ``own``: what the network itself puts before its classifier.
        stages: how many of the last stages ``pooling = "stages"`` takes.
        trained_stages: how many of the last stages are trained along with the head; 0 is the head alone, -1 everything.
        hidden: widths of fully connected ReLU layers between pooling and the linear layer.
        dropout: share of numbers dropped in training, 0 to 1.
        dropouts: after how many of the hidden layers, counted from the last, ``dropout`` stands; without hidden layers
            it stands before the linear layer.
        standardise: whether the embedding is standardised before the linear layer (a batch norm without scale).
        head_start: ``zero``, ``random``, or for CLIP ``text``: the embedded prompts of the cities.
        initial_share: share of the starting weights that is averaged into the finished ones (WiSE-FT, Wortsman et al.
            2022); 0 is off.
        weights_mb: that the finished encoder's weights may take; see :func:`flaneur.onnx_files.graph.compress_weights`.
    """

    backbone: str
    weights: str = ""
    initial: Literal["pretrained", "random"] = "pretrained"
    size_px: int = 192
    normalise: Literal["backbone", "channels", "mean_image", "none"] = "backbone"
    pooling: Literal["stages", "mean", "flatten", "own"] = "stages"
    stages: int = 3
    trained_stages: int = -1
    hidden: tuple[int, ...] = ()
    dropout: float = 0.2
    dropouts: int = 1
    standardise: bool = True
    head_start: Literal["zero", "random", "text"] = "zero"
    initial_share: float = 0.0
    weights_mb: float = 100.0


@dataclass(frozen=True, slots=True)
class AugmentRule:
    """What a training photo may go through; each chance is 0 to 1. There is no vertical flip: streets have a sky.

    Args:
        crop_area_min: smallest share of the photo that a random crop keeps; 1 keeps all of it.
        crop_ratio_max: widest aspect ratio of that crop; the narrowest is its inverse.
        zoom: largest relative change of scale, in or out; what lies outside is filled with the edge.
        shear_deg: largest slant to either side.
        flip: chance of a left-right flip, which hides the side of driving.
        colour: strength of brightness, contrast, saturation and white-balance changes; 0 to 1.
        grey: chance of losing all colour.
        blur: chance of a Gaussian blur.
        jpeg: chance of being compressed again at quality 25 to 90.
        shrink: chance of losing resolution, down to a third.
        erase: chance that a rectangle is cut out.
    """

    crop_area_min: float = 0.3
    crop_ratio_max: float = 1.4
    zoom: float = 0.0
    shear_deg: float = 0.0
    flip: float = 0.25
    colour: float = 0.4
    grey: float = 0.05
    blur: float = 0.15
    jpeg: float = 0.3
    shrink: float = 0.2
    erase: float = 0.3


@dataclass(frozen=True, slots=True)
class TrainingRule:
    """How the network is trained.

    Args:
        epochs: passes over the training photos.
        epochs_small: how many of them, at the start, see photos of ``size_small_px``: cheaper, and a regulariser.
        size_small_px: side of the square in those epochs.
        size_large_px: side in the others; 0 is that of the finished model.
        epochs_finish: more passes at the end, at the finished model's own size, to settle the change of size.
        lr_finish: share of the peak learning rates in those.
        batch: photos a step (places, where views are trained together); 0 finds the largest that fits, up to 256.
        optimiser: ``adamw``, ``adam`` or ``sgd``.
        momentum: of SGD.
        lr_head: peak learning rate of the head.
        lr_backbone: peak learning rate of the backbone's last stage.
        lr_decay: factor from each stage to the one before it.
        weight_decay: on weights of two or more dimensions; decoupled with ``adamw``, an L2 penalty with the others.
        schedule: ``cosine`` to zero, ``step``, ``plateau`` of the validation loss, or ``constant``.
        step_epochs: epochs between two steps of ``step``; epochs without progress before one of ``plateau``.
        step_factor: of the learning rate at such a step.
        warmup_epochs: of linear warm-up.
        patience_epochs: stop after so many epochs without a better validation accuracy and keep the best weights; 0 is
            off.
        label_smoothing: 0 to 1.
        smoothing: where the smoothed share goes: ``uniform`` over the cities, or by ``distance``: to near cities and
            those of the same country.
        smoothing_km: distance at which a city's part of it has fallen to 1/e.
        mixup: Beta parameter of mixing pairs of photos; 0 is off.
        cutmix: Beta parameter of pasting a rectangle of one photo into another; 0 is off. With both, each batch takes
            one.
        balance: 0 draws photos as they are, 1 every city equally often.
        ema: decay of the averaged weights that are kept; 0 is off.
        clip: largest gradient norm; 0 is off.
        freeze_norm: whether batch norms keep their statistics.
        precision: ``float32``, ``bfloat16``, or ``auto``: bfloat16 where the device is made for it.
        channels_last: the memory layout that is faster for convolutions on CPUs and recent GPUs.
        compile: whether torch compiles the network first.
        validate_every: epochs from one look at the validation photos to the next; the last epoch always looks.
        threads: of torch; 0 takes all cores. One leaves the others to the loader and is steadier on a busy machine.
        seed: of everything random.
    """

    epochs: int = 12
    epochs_small: int = 0
    size_small_px: int = 160
    size_large_px: int = 0
    epochs_finish: int = 0
    lr_finish: float = 0.05
    batch: int = 32
    optimiser: Literal["adamw", "adam", "sgd"] = "adamw"
    momentum: float = 0.9
    lr_head: float = 3e-3
    lr_backbone: float = 5e-4
    lr_decay: float = 0.7
    weight_decay: float = 0.05
    schedule: Literal["cosine", "step", "plateau", "constant"] = "cosine"
    step_epochs: int = 5
    step_factor: float = 0.1
    warmup_epochs: float = 0.7
    patience_epochs: int = 0
    label_smoothing: float = 0.1
    smoothing: Literal["uniform", "distance"] = "uniform"
    smoothing_km: float = 500.0
    mixup: float = 0.0
    cutmix: float = 0.0
    balance: float = 0.5
    ema: float = 0.995
    clip: float = 5.0
    freeze_norm: bool = False
    precision: Literal["float32", "bfloat16", "auto"] = "auto"
    channels_last: bool = True
    compile: bool = False
    validate_every: int = 1
    threads: int = 0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class ViewsRule:
    """Several photos of one place.

    Args:
        fusion: how a model joins them: ``mean_log_probability``, ``mean_logits``, ``confidence`` (views count by how
            sure they are) or ``attention`` (by weights that are learnt).
        train: views of a place that are trained on together, the loss on their fused answer; 1 trains on photos alone.
        random: whether each place shows a random number of views, from 1 to ``train``, so that any number works later.
    """

    fusion: Literal["mean_log_probability", "mean_logits", "confidence", "attention"] = "mean_log_probability"
    train: int = 1
    random: bool = False


@dataclass(frozen=True, slots=True)
class DistilRule:
    """Learning from the answers of a larger model as well as from the labels.

    Args:
        teacher: a model, by name or folder; empty is off. It must know the same cities.
        temperature: that softens both answers.
        share: of the loss that is the distance to the teacher; the rest is that to the labels.
    """

    teacher: str = ""
    temperature: float = 2.0
    share: float = 0.8


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that makes one model.

    Args:
        name: of the model; no path, for that is said by ``--name`` or ``--output``.
        network: which network.
        data: which photos.
        training: how it is trained.
        augment: what training photos go through.
        views: how photos of one place are joined.
        head: which head, and how it is fitted.
        novelty: how strangeness is measured.
        doubt: when the model refuses to answer.
        distil: whom it learns from.
        paper: which paper it follows, if any.
        notes: free text for the model card.
        members: the networks that stand side by side in the model, each trained by its own recipe; empty for one
            network. Written as ``[[members]]`` tables that say only what differs from the rest of the file.
    """

    name: str
    network: NetworkRule
    data: DataRule = field(default_factory=DataRule)
    training: TrainingRule = field(default_factory=TrainingRule)
    augment: AugmentRule = field(default_factory=AugmentRule)
    views: ViewsRule = field(default_factory=ViewsRule)
    head: HeadRule = field(default_factory=HeadRule)
    novelty: NoveltyRule = field(default_factory=NoveltyRule)
    doubt: DoubtRule = field(default_factory=DoubtRule)
    distil: DistilRule = field(default_factory=DistilRule)
    paper: PaperRule | None = None
    notes: str = ""
    members: tuple[Recipe, ...] = ()
