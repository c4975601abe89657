"""A network so small that a training takes a second, and the photos for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor, nn

from flaneur.models.network import CityNet
from flaneur.protocols import PreprocessSpec
from flaneur.training.networks.loader import Examples, LabelledPhoto
from flaneur.training.networks.loop import fit
from flaneur.training.recipes.recipe import AugmentRule, NetworkRule, Recipe, TrainingRule

SPEC = PreprocessSpec(16, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))
CALM = AugmentRule(crop_area_min=1.0, flip=0, colour=0, grey=0, blur=0, jpeg=0, shrink=0, erase=0)


class TinyBackbone(nn.Module):
    """Two convolutions."""

    def __init__(self, norm: bool) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.BatchNorm2d(8) if norm else nn.Identity(), nn.ReLU())
        self.second = nn.Sequential(nn.Conv2d(8, 8, 3, 2, 1), nn.BatchNorm2d(8) if norm else nn.Identity(), nn.ReLU())

    def parts(self) -> list[nn.Module]:
        return [self.first, self.second]


class TinyEncoder(nn.Module):
    """The shape of an encoder: a backbone, hidden layers, a dim."""

    def __init__(self, norm: bool) -> None:
        super().__init__()
        self.backbone, self.hidden, self.dim = TinyBackbone(norm), nn.Sequential(), 8

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        last = self.backbone.second(self.backbone.first(images))
        return last.mean((2, 3)), last


def tiny_net(classes: int = 2, *, norm: bool = True, dropout: float = 0.1) -> CityNet:
    torch.manual_seed(7)
    return CityNet(TinyEncoder(norm), classes, dropout, standardise=norm)  # type: ignore[arg-type]


def tiny_photos(folder: Path, count: int = 24, views: int = 1) -> list[LabelledPhoto]:
    """Reddish noise of city 0 and bluish noise of city 1 in turn; ``views`` photos after one another are one place."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    found = []
    for number in range(count):
        label = number // views % 2
        pixels = rng.integers(0, 120, (24, 32, 3))
        pixels[..., 2 * label] += 100
        path = folder / f"{number}.png"
        Image.fromarray(pixels.astype(np.uint8)).save(path)
        found.append(LabelledPhoto(path, label, f"p{number // views}" if views > 1 else ""))
    return found


def tiny_recipe(augment: AugmentRule | None = None, **training: Any) -> Recipe:
    settings: dict[str, Any] = {
        "epochs": 4, "batch": 4, "lr_head": 0.03, "lr_backbone": 0.01, "ema": 0.5, "threads": 1, "precision": "float32",
    }  # fmt: skip
    network = NetworkRule("seed/tiny")
    return Recipe("tiny", network, training=TrainingRule(**settings | training), augment=augment or CALM)


def tiny_fit(folder: str, rank: str) -> int:
    """A training of the tiny network, alone or as one of several processes; its weights are left in the folder."""
    torch.set_num_threads(1)
    photos = tiny_photos(Path(folder) / f"photos-{rank}")
    run = Path(folder) / "run"
    run.mkdir(parents=True, exist_ok=True)
    recipe, network = tiny_recipe(epochs=2, batch=8, mixup=0.2), tiny_net(norm=False, dropout=0.0)
    trained = fit(network, SPEC, Examples(photos, photos, 2), recipe, run, print, device="cpu")
    save_file(trained.state_dict(), Path(folder) / f"weights-{rank}.safetensors")
    return 0
