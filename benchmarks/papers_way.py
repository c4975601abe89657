"""How the papers do it, in: whole decode, resize, centre crop, torch eager in fp32 behind a DataLoader. Its speed, out.

Written as such code is usually found (torchvision's transforms on Pillow, two workers, batches of 32), with nothing
slowed down on purpose: gradients are off, and there are as many photos that starting the workers hardly counts.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from flaneur.models.shims import declare_torchvision_operators

SIZE_PX, RESIZE_PX, BATCH, WORKERS = 224, 256, 32, 2
_MEAN = torch.tensor([0.485, 0.456, 0.406])[:, None, None]
_STD = torch.tensor([0.229, 0.224, 0.225])[:, None, None]


class Photos(Dataset[tuple[Tensor, int]]):
    """Photo files with labels: full decode, shorter side to 256, central 224, normalised."""

    def __init__(self, paths: Sequence[Path], labels: Sequence[int] | None = None) -> None:
        self.paths = list(paths)
        self.labels = [0] * len(self.paths) if labels is None else list(labels)

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return to_tensor(self.paths[index]), self.labels[index]


def to_tensor(path: Path) -> Tensor:
    """``Resize(256), CenterCrop(224), ToTensor(), Normalize(ImageNet)``."""
    with Image.open(path) as file:
        image = file.convert("RGB")
    scale = RESIZE_PX / min(image.size)
    image = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.BILINEAR)
    left, top = (image.width - SIZE_PX) // 2, (image.height - SIZE_PX) // 2
    image = image.crop((left, top, left + SIZE_PX, top + SIZE_PX))
    pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1).contiguous().float().div(255)
    return pixels.sub_(_MEAN).div_(_STD)


def network(name: str, *, classes: int = 8, weights: Path | None = None) -> nn.Module:
    """A timm network with a fresh linear layer; random weights unless a file is named."""
    declare_torchvision_operators()
    import timm

    torch.manual_seed(0)
    made: nn.Module = timm.create_model(name)
    if weights is not None:
        from safetensors.torch import load_file

        state = load_file(weights)
        own = made.state_dict()
        missing = [key for key in own if key not in state and not key.startswith(("classifier", "head", "fc"))]
        if missing:
            raise SystemExit(f"{weights}: not the weights of timm's {name}; it lacks {missing[0]}")
        made.load_state_dict({key: value for key, value in state.items() if key in own}, strict=False)
    made.reset_classifier(classes)  # type: ignore[operator]
    return made.eval()


@torch.inference_mode()
def images_per_second(net: nn.Module, paths: Sequence[Path]) -> float:
    """Rate of prediction, from starting the workers to the last answer."""
    loader = DataLoader(Photos(paths), BATCH, num_workers=WORKERS)
    start = time.perf_counter()
    answers = [net(images).softmax(1).argmax(1) for images, _ in loader]
    spent = time.perf_counter() - start
    assert sum(len(answer) for answer in answers) == len(paths)
    return len(paths) / spent
