"""A timm backbone's name in; a torch encoder that pools its last stages out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from flaneur.errors import InputError, UsageError, did_you_mean
from flaneur.models.shims import declare_torchvision_operators
from flaneur.protocols import PreprocessSpec


class PooledStages(nn.Module):
    """A timm backbone whose last stages are pooled into one embedding.

    Mean and standard deviation over the positions of each of the last ``stages`` feature maps, side by side: on street
    photos this beats the mean of the last map alone at almost no cost, since texture and colour live in earlier ones.

    Shapes: ``[B, 3, H, W]`` to embedding ``[B, 2 * sum(channels)]`` and the last feature map ``[B, K, h, w]``.
    """

    def __init__(self, backbone: nn.Module, stages: int) -> None:
        super().__init__()
        info = backbone.feature_info
        if not 1 <= stages <= len(info):  # type: ignore[arg-type]
            raise UsageError(f"stages = {stages}: this backbone has 1 to {len(info)} stages.")  # type: ignore[arg-type]
        self.indices = list(range(len(info)))[-stages:]  # type: ignore[arg-type]
        channels = [entry["num_chs"] for entry in info]  # type: ignore[union-attr]
        backbone.prune_intermediate_layers(self.indices, prune_norm=True, prune_head=True)  # type: ignore[operator]
        self.backbone = backbone
        self.dim = 2 * sum(channels[index] for index in self.indices)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Embedding and last feature map."""
        maps = self.backbone.forward_intermediates(images, indices=self.indices, intermediates_only=True)  # type: ignore[operator]
        pooled: list[Tensor] = []
        for one in maps:
            mean = one.mean((2, 3))
            variance = (one - mean[:, :, None, None]).square().mean((2, 3))
            pooled += [mean, (variance + 1e-6).sqrt()]
        return torch.cat(pooled, 1), maps[-1]


def create_backbone(name: str, weights: Path | None) -> nn.Module:
    """A timm network with its classifier, weights from a local safetensors file or the hub.

    Args:
        name: timm's name, such as ``resnet50.a1_in1k``.
        weights: a safetensors file with the state of that architecture, any classifier or none; ``None`` for the hub.

    Raises:
        UsageError: an unknown name, with a suggestion.
        InputError: a weight file that is missing, unreadable or of another architecture; a hub that cannot be reached.
    """
    declare_torchvision_operators()
    import timm

    architecture = name.partition(".")[0]
    if not timm.is_model(architecture):
        raise UsageError(
            f"timm has no network called {architecture!r}.{did_you_mean(architecture, timm.list_models())}"
        )
    if weights is None:
        try:
            return timm.create_model(name, pretrained=True)
        except (OSError, RuntimeError, ValueError) as error:
            raise InputError(
                f"timm/{name}: its weights could not be fetched from the hub ({type(error).__name__}). "
                "Check the name and the connection, or name a local safetensors file with --weights."
            ) from error
    network: nn.Module = timm.create_model(name)
    _load(network, weights, name)
    return network


def _load(network: nn.Module, weights: Path, name: str) -> None:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        state = load_file(weights)
    except (OSError, SafetensorError) as error:
        raise InputError(
            f"{weights}: not readable as safetensors ({error}). Name a .safetensors file made for timm's {name}."
        ) from error
    classifier: str = network.default_cfg.get("classifier", "classifier")  # type: ignore[union-attr,operator]
    own = network.state_dict()
    state = {key: value for key, value in state.items() if not key.startswith(f"{classifier}.")}
    wanted = {key for key in own if not key.startswith(f"{classifier}.")}
    wrong = sorted((wanted ^ set(state)) | {key for key in wanted & set(state) if own[key].shape != state[key].shape})
    if wrong:
        raise InputError(
            f"{weights}: does not fit timm's {name}: {len(wrong)} tensors differ, the first is {wrong[0]!r}."
        )
    network.load_state_dict(state, strict=False)


def preprocess_of(backbone: nn.Module, size_px: int | None = None) -> PreprocessSpec:
    """The preprocessing that a timm network's own configuration asks for."""
    config: dict[str, Any] = dict(backbone.pretrained_cfg)  # type: ignore[arg-type]
    mean, std = (tuple(float(x) for x in config[key]) for key in ("mean", "std"))
    interpolation = config.get("interpolation", "bilinear")
    return PreprocessSpec(
        size_px=size_px or int(config["input_size"][-1]),
        mean=(mean[0], mean[1], mean[2]),
        std=(std[0], std[1], std[2]),
        interpolation=interpolation if interpolation in ("bilinear", "bicubic") else "bilinear",
    )
