"""The family ``clip/``: image towers of CLIP networks through open_clip, and the whole networks for zero-shot.

A name is one of open_clip's architectures, and may name its weights: ``ViT-B-32:laion2b_s34b_b79k``. The tag decides
what belongs to these weights: the hub's file, the preprocessing, and OpenAI's activation. Only architectures of a plain
ViT or ResNet with open_clip's own text tower are taken; the tokenizer's table comes with open_clip.

Source:
    Radford et al. 2021, "Learning Transferable Visual Models From Natural Language Supervision".
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

import torch
from torch import Tensor, nn

from flaneur.errors import UsageError, did_you_mean, install_extra
from flaneur.models import hub
from flaneur.models.backbones import Backbone, Part, Start, load_strictly, unknown_network
from flaneur.models.shims import load_timm
from flaneur.models.weights import Weights, read_weights
from flaneur.protocols import PreprocessSpec

_SAFE, _PICKLED = "open_clip_model.safetensors", "open_clip_pytorch_model.bin"
_Cut = list[tuple[list[str], list[str]]]  # of each stage, the modules and the loose parameters
_FEW = 6
_CROPS = {"shortest": "centre", "squash": "squash"}


@dataclass(frozen=True, slots=True)
class Clip:
    """A whole network.

    Args:
        name: architecture and tag, without the family.
        network: open_clip's, in evaluation mode.
        tokenizer: texts to ``[N, context]`` token numbers.
        preprocess: of its image tower.
    """

    name: str
    network: Any
    tokenizer: Any
    preprocess: PreprocessSpec


class ClipBackbone(Backbone):
    """The image tower of a CLIP network; each transformer block, or stage of a ResNet, is a stage.

    The first stage has the stem as well, and the last all that makes its map an embedding.

    Args:
        name: as a recipe says it.
        tower: open_clip's ``visual``.
        preprocess: its own.
        own: whether the layers behind the last map are kept.
    """

    network: Any  # open_clip's towers share methods, but no type

    def __init__(self, name: str, tower: Any, preprocess: PreprocessSpec, *, own: bool) -> None:
        is_transformer = hasattr(tower, "transformer")
        if not own:
            _strip(tower, is_transformer)
        parts, channels = (_transformer_parts if is_transformer else _resnet_parts)(tower)
        super().__init__(name, tower, channels, preprocess)
        self._parts = parts
        self.own_dim = int(tower.output_dim) if own else 0
        self.fixed_size_px = preprocess.size_px if is_transformer or own else 0

    def parts(self) -> list[nn.Module]:
        """One a block or stage."""
        return [Part(self.network, modules, loose) for modules, loose in self._parts]

    def maps(self, images: Tensor, count: int) -> list[Tensor]:
        """The last ``count`` maps; of a transformer the tokens of the patches, before the final norm."""
        wanted = list(range(len(self.channels)))[-count:]
        found: list[Tensor] = self.network.forward_intermediates(images, indices=wanted, intermediates_only=True)[
            "image_intermediates"
        ]
        return found

    def own(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """The image's embedding in the space it shares with text, of length 1, and the last map."""
        found = self.network.forward_intermediates(images, indices=[len(self.channels) - 1])
        return nn.functional.normalize(found["image_features"], dim=-1), found["image_intermediates"][-1]


def names() -> list[str]:
    """The architectures that are taken, without the tags of their weights."""
    return [name for name in _open_clip().list_models() if _plain(name)]


def create(name: str, start: Start, *, own: bool) -> Backbone:
    """A CLIP network's image tower; see :mod:`flaneur.models.backbones`.

    Raises:
        UsageError: an unknown architecture or tag, with a suggestion; weights of the hub without a tag.
        InputError: weights that do not fit, or a hub that cannot be reached.
    """
    network, preprocess = _build(name)
    start = _from_hub(name, hub.told) if start == "hub" else start
    if isinstance(start, Weights) and start.tensors:
        prefix = "visual."
        seen = {key.removeprefix(prefix): value for key, value in start.tensors.items() if key.startswith(prefix)}
        load_strictly(network.visual, Weights(start.path, seen), f"clip/{name}")
    return ClipBackbone(f"clip/{name}", network.visual, preprocess, own=own)


def create_whole(name: str, start: Start, consent: hub.Consent = hub.told) -> Clip:
    """A CLIP network with both towers, for comparing images with texts.

    Args:
        name: architecture and perhaps tag, without the family.
        start: see :data:`flaneur.models.backbones.Start`.
        consent: is asked before weights are fetched from the hub.

    Raises:
        UsageError: as :func:`create`; consent was not given.
        InputError: likewise.
    """
    network, preprocess = _build(name)
    start = _from_hub(name, consent) if start == "hub" else start
    if isinstance(start, Weights):
        load_strictly(network, start, f"clip/{name}")
    return Clip(name, network.eval(), _open_clip().get_tokenizer(name.partition(":")[0]), preprocess)


def check_name(name: str, *, from_hub: bool) -> None:
    """Nothing, if there is such a network, and weights of it on the hub if they are wanted from there.

    Raises:
        UsageError: as :func:`create`.
    """
    _known(name)
    if from_hub:
        _hub_file(name)


def _build(name: str) -> tuple[Any, PreprocessSpec]:
    architecture, tag = _known(name)
    settings, own = _config(architecture), _tag_settings(architecture, tag)
    settings["quick_gelu"] = settings.get("quick_gelu", False) or bool(own.get("quick_gelu"))
    network = _open_clip().CLIP(**settings)
    resize, constants = own.get("resize_mode", "shortest"), _open_clip().constants
    if resize not in _CROPS:
        raise UsageError(f"clip/{name}: its photos are resized by {resize!r}, which flaneur does not do.")
    mean, std = (
        tuple(float(value) for value in own.get(key, standard))
        for key, standard in (("mean", constants.OPENAI_DATASET_MEAN), ("std", constants.OPENAI_DATASET_STD))
    )
    return network, PreprocessSpec(
        size_px=int(settings["vision_cfg"]["image_size"]),
        mean=(mean[0], mean[1], mean[2]),
        std=(std[0], std[1], std[2]),
        crop=_CROPS[resize],
        interpolation=own.get("interpolation", "bicubic"),
    )


def _known(name: str) -> tuple[str, str]:
    """Architecture and tag.

    Raises:
        UsageError: no such architecture, or no such tag of it.
    """
    architecture, _, tag = name.partition(":")
    if _config(architecture) is None:
        raise unknown_network("clip", architecture, names(), "ViT-B-32")
    if not _plain(architecture):
        raise UsageError(
            f"clip/{architecture}: flaneur takes CLIP networks of a plain ViT or ResNet with open_clip's own text "
            "tower; this one is built otherwise. Choose, for example, clip/ViT-B-32."
        )
    tags = _open_clip().list_pretrained_tags_by_model(architecture)
    if tag and tag not in tags:
        few = f" It has: {', '.join(tags)}." if tags else " It has none."
        raise UsageError(f"clip/{architecture} has no weights called {tag!r}.{did_you_mean(tag, tags) or few}")
    return architecture, tag


def _from_hub(name: str, consent: hub.Consent) -> Weights:
    repository, file = _hub_file(name)
    device = torch.empty(0).device
    if device.type == "meta":  # only looked at: nothing is fetched
        return Weights(Path(file), {})
    return read_weights(hub.fetch(repository, file, f"clip/{name}", consent), device)


def _hub_file(name: str) -> tuple[str, str]:
    """Repository and file of the weights that a name's tag stands for.

    Raises:
        UsageError: no tag, or one that is not on the hub.
    """
    architecture, tag = _known(name)
    if not tag:
        tags = _open_clip().list_pretrained_tags_by_model(architecture)
        few = f"clip/{architecture}:TAG, TAG one of {', '.join(tags[:_FEW])}{', …' * (len(tags) > _FEW)}; or "
        raise UsageError(f"clip/{architecture}: say whose weights: {few if tags else ''}a local file with --weights.")
    where = PurePosixPath(str(_tag_settings(architecture, tag).get("hf_hub") or ""))
    if len(where.parts) < 2:
        raise UsageError(f"clip/{name} is not on the hub. Name a local file with --weights, or other weights.")
    repository, names = "/".join(where.parts[:2]), where.parts[2:]
    return repository, _SAFE if not names or names[-1] == _PICKLED else str(
        PurePosixPath(*names).with_suffix(".safetensors")
    )


def _tag_settings(architecture: str, tag: str) -> dict[str, Any]:
    settings: dict[str, Any] = _open_clip().get_pretrained_cfg(architecture, tag) if tag else {}
    return settings


def _config(architecture: str) -> Any:
    return _open_clip().get_model_config(architecture) if ":" not in architecture else None


def _plain(architecture: str) -> bool:
    settings = _config(architecture)
    text = settings["text_cfg"]
    return (
        settings.keys() <= {"embed_dim", "vision_cfg", "text_cfg", "quick_gelu"}
        and "timm_model_name" not in settings["vision_cfg"]
        and not {"hf_model_name", "hf_tokenizer_name", "tokenizer_kwargs"} & text.keys()
    )


def _strip(tower: Any, is_transformer: bool) -> None:
    """Take off what stands behind the last map."""
    if is_transformer:
        tower.ln_post, tower.proj = nn.Identity(), None
    else:
        tower.attnpool = nn.Identity()


def _transformer_parts(tower: Any) -> tuple[_Cut, list[int]]:
    count = len(tower.transformer.resblocks)
    parts: _Cut = [([f"transformer.resblocks.{number}"], []) for number in range(count)]
    parts[0][0].extend(["conv1", "ln_pre"])
    parts[0][1].extend(["class_embedding", "positional_embedding"])
    parts[-1][0].append("ln_post")
    parts[-1][1].extend([] if tower.proj is None else ["proj"])
    return parts, [int(tower.transformer.width)] * count


def _resnet_parts(tower: Any) -> tuple[_Cut, list[int]]:
    stem = [f"{kind}{number}" for number in (1, 2, 3) for kind in ("conv", "bn")]
    width = int(tower.conv3.out_channels)
    stages = [stem, ["layer1"], ["layer2"], ["layer3"], ["layer4", "attnpool"]]
    return [(stage, []) for stage in stages], [width, 4 * width, 8 * width, 16 * width, 32 * width]


@cache
def _open_clip() -> Any:
    try:
        load_timm()  # before open_clip does
        import open_clip
        import open_clip.constants
    except ModuleNotFoundError as error:
        raise UsageError(
            f"CLIP networks need open_clip, which lacks here ({error.name}): {install_extra('train')}."
        ) from error
    return open_clip
