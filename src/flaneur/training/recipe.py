"""A recipe file in; frozen, checked settings out. One TOML file reproduces one model."""

from __future__ import annotations

import dataclasses
import tomllib
import typing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from flaneur.errors import UsageError, did_you_mean
from flaneur.training.novelty import NoveltyRule

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class DataRule:
    """Which photos.

    Args:
        dataset: name or folder of an imported dataset.
        split: name of one of its splits.
    """

    dataset: str
    split: str = "default"


@dataclass(frozen=True, slots=True)
class NetworkRule:
    """Which network, and from which weights it starts.

    Args:
        backbone: ``timm/NAME``.
        weights: a safetensors file in timm's own names; the hub's weights if empty.
        size_px: side of the square that the finished model sees.
        stages: how many of the last stages are pooled (mean and deviation) into the embedding.
        dropout: before the linear head while training, 0 to 1.
        weights_mb: that the finished encoder's weights may take; see :func:`flaneur.onnx_graph.compress_weights`.
    """

    backbone: str
    weights: str = ""
    size_px: int = 192
    stages: int = 3
    dropout: float = 0.2
    weights_mb: float = 100.0


@dataclass(frozen=True, slots=True)
class AugmentRule:
    """What a training photo may go through; each chance is 0 to 1. There is no vertical flip: streets have a sky.

    Args:
        crop_area_min: smallest share of the photo that a random crop keeps.
        crop_ratio_max: widest aspect ratio of that crop; the narrowest is its inverse.
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
    flip: float = 0.25
    colour: float = 0.4
    grey: float = 0.05
    blur: float = 0.15
    jpeg: float = 0.3
    shrink: float = 0.2
    erase: float = 0.3


@dataclass(frozen=True, slots=True)
class FinetuneRule:
    """How the network is trained.

    Args:
        epochs: passes over the training photos, the learning rate falling to zero.
        epochs_small: how many of them, at the start, see photos of ``size_small_px``: cheaper, and a regulariser.
        size_small_px: side of the square in those epochs.
        size_large_px: side in the others; 0 is that of the finished model.
        epochs_finish: more passes at the end, at the finished model's own size, to settle the change of size.
        lr_finish: share of the peak learning rates in those.
        batch: photos a step.
        lr_head: peak learning rate of the head.
        lr_backbone: peak learning rate of the backbone's last stage.
        lr_decay: factor from each stage to the one before it.
        weight_decay: of AdamW, on weights of two or more dimensions.
        warmup_epochs: of linear warm-up; cosine to zero after it.
        label_smoothing: 0 to 1.
        mixup: Beta parameter of mixing pairs of photos; 0 is off.
        balance: 0 draws photos as they are, 1 every city equally often.
        ema: decay of the averaged weights that are kept; 0 is off.
        clip: largest gradient norm.
        validate_every: epochs from one look at the validation photos to the next; the last epoch always looks.
        threads: of torch; 0 takes all cores. One leaves the others to the loader and is steadier on a busy machine.
        seed: of everything random.
    """

    epochs: int = 12
    epochs_small: int = 9
    size_small_px: int = 160
    size_large_px: int = 0
    epochs_finish: int = 0
    lr_finish: float = 0.05
    batch: int = 32
    lr_head: float = 3e-3
    lr_backbone: float = 5e-4
    lr_decay: float = 0.7
    weight_decay: float = 0.05
    warmup_epochs: float = 0.7
    label_smoothing: float = 0.1
    mixup: float = 0.0
    balance: float = 0.5
    ema: float = 0.995
    clip: float = 5.0
    validate_every: int = 1
    threads: int = 0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that makes one model.

    Args:
        name: of the model.
        data: which photos.
        network: which network.
        finetune: how it is trained.
        augment: what training photos go through.
        novelty: how strangeness is measured.
        notes: free text for the model card.
    """

    name: str
    data: DataRule
    network: NetworkRule
    finetune: FinetuneRule = field(default_factory=FinetuneRule)
    augment: AugmentRule = field(default_factory=AugmentRule)
    novelty: NoveltyRule = field(default_factory=NoveltyRule)
    notes: str = ""


def read_recipe(path: Path) -> Recipe:
    """Read and check a recipe before anything is loaded.

    Raises:
        UsageError: no such file, not TOML, an unknown key (with a suggestion), a wrong type, a value out of range.
    """
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror}). Name a recipe file.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: not TOML: {error}.") from error
    return _build(Recipe, table, str(path))


def _build(kind: type[_T], table: dict[str, Any], where: str) -> _T:
    """A frozen dataclass from a TOML table; nested dataclasses from nested tables."""
    hints = typing.get_type_hints(kind)
    for key in table:
        if key not in hints:
            raise UsageError(f"{where}: unknown key {key!r}.{did_you_mean(key, hints)}")
    values: dict[str, Any] = {}
    for item in dataclasses.fields(kind):  # type: ignore[arg-type]  # kind is always a dataclass here
        if item.name in table:
            values[item.name] = _value(hints[item.name], table[item.name], f"{where}: {item.name}")
        elif item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING:
            raise UsageError(f"{where}: {item.name!r} is missing.")
    return kind(**values)


def _value(kind: type, value: Any, where: str) -> Any:
    if dataclasses.is_dataclass(kind):
        if not isinstance(value, dict):
            raise UsageError(f"{where}: must be a table, but is {value!r}.")
        return _build(kind, value, where)
    if typing.get_origin(kind) is tuple:
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise UsageError(f"{where}: must be a list of names, but is {value!r}.")
        return tuple(value)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise UsageError(f"{where}: must be {kind.__name__}, but is {value!r}.")
    if isinstance(value, int | float) and value < 0:
        raise UsageError(f"{where}: must not be negative, but is {value}.")
    return value
