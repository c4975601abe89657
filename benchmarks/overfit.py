"""Every network that a recipe can name: can it learn 32 photos by heart, and does its model answer as torch does?

Each starts from random weights and is trained by flaneur's own loop on 32 drawn photos of four cities, without
augmentation, until it gets all of them right in evaluation mode. Then it is exported, a linear head put on it, written
as a model, and asked about 500 pictures: crops of the photos, and noise. Whoever cannot
learn 32 photos by heart learns nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.tables import publish
from flaneur.bundle.card import AbstainRule, Card, DatasetInfo, EncoderInfo
from flaneur.bundle.folder import read_bundle, write_bundle
from flaneur.dataset.toy_cities import ToyWorld, draw_toy_cities, toy_city_names
from flaneur.errors import PhotoError
from flaneur.onnx_files.graph import append_head, encoder_hash, strip_traces
from flaneur.predict import Model
from flaneur.preprocess import preprocess
from flaneur.protocols import PreprocessSpec
from flaneur.training.networks.loader import Examples, LabelledPhoto
from flaneur.training.recipes.recipe import AugmentRule, NetworkRule, Recipe, TrainingRule
from flaneur.types import City

if TYPE_CHECKING:
    from flaneur.models.network import CityNet

CITIES, PHOTOS, PICTURES = 4, 32, 500
REPEATS = 4  # of the photos in an epoch
AS_THEY_ARE = AugmentRule(
    crop_area_min=1.0, crop_ratio_max=1.0, flip=0.0, colour=0.0, grey=0.0, blur=0.0, jpeg=0.0, shrink=0.0, erase=0.0
)
SCRATCH: Mapping[str, Any] = {"initial": "random", "dropout": 0.0, "standardise": False, "head_start": "random"}


@dataclass(frozen=True)
class Case:
    """A network and how it is trained.

    Args:
        rule: with random weights.
        lr: peak learning rate, of all layers.
        epochs: of :data:`REPEATS` times the photos, at most.
        batch: photos a step.
        settle: a frozen part needs batch norms that know its signals: their statistics are measured on the photos and
            kept in a weight file, which the training then starts from.
    """

    rule: NetworkRule
    lr: float = 1e-3
    epochs: int = 40
    batch: int = 16
    settle: bool = False

    def at(self, size_px: int) -> Case:
        """The same at another size."""
        return replace(self, rule=replace(self.rule, size_px=size_px))


def _seed(name: str, size_px: int, lr: float = 1e-3, **more: Any) -> Case:
    return Case(NetworkRule(f"seed/{name}", size_px=size_px, **{**SCRATCH, **more}), lr)


def _timm(name: str, size_px: int, lr: float = 1e-3, **more: Any) -> Case:
    return Case(NetworkRule(f"timm/{name}", size_px=size_px, **{**SCRATCH, "standardise": True, **more}), lr)


CASES: dict[str, Case] = {
    "cnn3 (003)": _seed("cnn3", 64, pooling="flatten", hidden=(512,)),
    "cnn5 (002)": _seed("cnn5", 64, pooling="flatten"),
    "cnn8 (002)": _seed("cnn8", 64, pooling="flatten"),
    "skip10 (002)": _seed("skip10", 64, pooling="flatten"),
    "small (000)": _seed("small", 64, pooling="flatten", hidden=(64,)),
    "AlexNet (004)": _seed("alexnet", 227, 1e-4, pooling="own", normalise="mean_image"),
    "VGG-S (004)": _seed("vgg_s", 224, 1e-4, pooling="own", normalise="mean_image"),
    "VGG16 frozen, 100-100-100 (000)": _timm(
        "vgg16", 96, pooling="flatten", hidden=(100, 100, 100), trained_stages=0, standardise=False
    ),
    "VGG16": _timm("vgg16", 64, 1e-4, pooling="mean"),
    "GoogLeNet, last module (001)": Case(
        NetworkRule(
            "torchvision/googlenet", size_px=96, pooling="own", trained_stages=1, normalise="mean_image", **SCRATCH
        ),
        settle=True,
    ),
    "GoogLeNet": Case(NetworkRule("torchvision/googlenet", size_px=96, pooling="own", **SCRATCH)),
    "ResNet18": _timm("resnet18", 64),
    "ResNet50": _timm("resnet50", 64),
    "DenseNet121": _timm("densenet121", 64),
    "EfficientNetV2-B0": _timm("tf_efficientnetv2_b0", 64),
    "MobileNetV2": _timm("mobilenetv2_100", 64),
    "MobileNetV3 minimal": _timm("tf_mobilenetv3_large_minimal_100", 64),
    "ViT-Ti/16": _timm("vit_tiny_patch16_224", 224, 3e-4, pooling="mean"),
    "tiny CLIP": Case(NetworkRule("clip/tiny-for-overfitting", size_px=64, pooling="own", **SCRATCH)),
}


def draw_photos(folder: Path, *, size_px: int = 240) -> tuple[list[LabelledPhoto], tuple[str, ...]]:
    """32 photos, eight of each city, and the cities' names."""
    places = PHOTOS // CITIES
    world = ToyWorld(
        cities=CITIES, places_per_city=places, views=1, size_px=size_px, near_duplicates=0, blank=0, corrupt=0
    )
    draw_toy_cities(folder, world)
    slugs = sorted(path.name for path in folder.iterdir() if path.is_dir())
    photos = [
        LabelledPhoto(path, label, path.stem)
        for label, slug in enumerate(slugs)
        for path in sorted((folder / slug).glob("*.jpg"))
    ]
    return photos, toy_city_names(CITIES)


class LearntByHeartError(Exception):
    """All photos are right."""


@dataclass
class Run:
    """How a training went."""

    steps: int = 0
    accuracy: float = 0.0
    loss: float = 0.0
    seconds: float = 0.0


def overfit(case: Case, photos: Sequence[LabelledPhoto], scratch: Path) -> tuple[CityNet, PreprocessSpec, Run]:
    """Train on photos until every one of them is right."""
    return train(case, Examples(list(photos) * REPEATS, photos, CITIES), scratch)


def train(case: Case, examples: Examples, scratch: Path) -> tuple[CityNet, PreprocessSpec, Run]:
    """Train with flaneur's loop until every validation photo is right, or for as long as the case allows."""
    import torch

    from flaneur.models.network import build_network, network_preprocess
    from flaneur.training.networks.loop import fit
    from flaneur.training.networks.statistics import photo_statistics

    rule = case.rule
    mean = (
        photo_statistics(examples.validation, rule.size_px, scratch).image if rule.normalise == "mean_image" else None
    )
    torch.manual_seed(0)
    if case.settle:
        rule = replace(rule, initial="pretrained", weights=str(settled(rule, examples.validation, scratch)))
    network = build_network(rule, examples.classes, size_px=rule.size_px, mean_image=mean)
    spec = network_preprocess(rule, network.encoder.backbone)
    settings: dict[str, Any] = {
        "epochs": case.epochs, "batch": case.batch, "optimiser": "adam", "lr_head": case.lr, "lr_backbone": case.lr,
        "lr_decay": 1.0, "weight_decay": 0.0, "schedule": "constant", "warmup_epochs": 0.0, "label_smoothing": 0.0,
        "balance": 0.0, "ema": 0.0, "precision": "float32", "threads": 1,
    }  # fmt: skip
    training = TrainingRule(**settings)
    recipe = Recipe("overfit", rule, training=training, augment=AS_THEY_ARE)
    found, began = Run(), time.monotonic()

    def log(figures: dict[str, Any]) -> None:
        found.steps += len(examples.train) // case.batch
        found.accuracy, found.loss = figures["accuracy"], figures["loss"]
        if found.accuracy == 1:
            raise LearntByHeartError

    try:
        with patch("flaneur.training.networks.checkpoint.save"):  # gigabytes on the disk, for nothing
            network = fit(network, spec, examples, recipe, scratch, log, device="cpu")
    except LearntByHeartError:
        pass
    found.seconds = time.monotonic() - began
    return network.eval(), spec, found


def settled(rule: NetworkRule, photos: Sequence[LabelledPhoto], scratch: Path) -> Path:
    """A weight file of the random backbone whose batch norms have seen the photos."""
    import torch
    from safetensors.torch import save_file

    from flaneur.models.backbones import create_backbone
    from flaneur.training.networks.loader import plain_batches

    backbone = create_backbone(rule)
    spec = replace(backbone.preprocess, size_px=rule.size_px)
    for module in backbone.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = None  # the plain mean over batches
    with torch.no_grad():
        for batch in plain_batches(photos, spec, batch=PHOTOS):
            backbone.train().maps(torch.from_numpy(batch.images[:, 0]), 1)
    path = scratch / "settled.safetensors"
    save_file({key: value.contiguous() for key, value in backbone.network.state_dict().items()}, path)
    return path


def register_tiny_clip(folder: Path) -> None:
    """Teach open_clip an architecture small enough to be trained in seconds."""
    from flaneur.models.shims import declare_torchvision_operators

    declare_torchvision_operators()
    import open_clip

    settings = {
        "embed_dim": 64,
        "vision_cfg": {"image_size": 64, "layers": 3, "width": 128, "patch_size": 16},
        "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 64, "heads": 2, "layers": 1},
    }
    path = folder / "tiny-for-overfitting.json"
    path.write_text(json.dumps(settings))
    open_clip.add_model_config(path)


def as_model(network: CityNet, spec: PreprocessSpec, name: str, cities: Sequence[str], folder: Path) -> Model:
    """The network as a model on disk, read back."""
    from flaneur.models.network import linear_head
    from flaneur.training.networks.export import export_encoder

    graph = strip_traces(export_encoder(network.encoder, spec.size_px))
    card = Card(
        name="overfit",
        version="1",
        created="2026-01-01",
        cities=tuple(City(city.lower().replace(" ", "-"), city) for city in cities),
        encoder=EncoderInfo(name, encoder_hash(graph), network.encoder.dim),
        preprocess=spec,
        temperature=1.0,
        abstain=AbstainRule("", None, 0.0, 0.0),
        dataset=DatasetInfo("toy", "0" * 64, PHOTOS, PHOTOS, ("toy",)),
        split_hash="0" * 64,
        metrics={},
        licences=(),
    )
    write_bundle(folder, append_head(graph, linear_head(network)), card)
    return Model(read_bundle(folder))


def pictures(photos: Sequence[LabelledPhoto], count: int) -> Iterator[Image.Image]:
    """Crops of the photos, and every other one noise."""
    rng = np.random.default_rng(0)
    for number in range(count):
        if number % 2:
            low, high = sorted(rng.integers(0, 256, 2).tolist())
            yield Image.fromarray(rng.integers(low, high + 1, (96, 128, 3)).astype(np.uint8))
            continue
        with Image.open(photos[int(rng.integers(len(photos)))].path) as image:
            whole = image.convert("RGB")
        side = int(rng.integers(whole.height // 3, whole.height))
        left, top = (int(rng.integers(0, end - side + 1)) for end in whole.size)
        yield whole.crop((left, top, left + side, top + side))


@dataclass(frozen=True)
class Parity:
    """A model against torch.

    Args:
        same: share of pictures whose first city is the same.
        apart: largest difference of a logit.
        spread: standard deviation of torch's logits, to judge that by.
    """

    same: float
    apart: float
    spread: float


def parity(model: Model, network: CityNet, asked: Sequence[Image.Image]) -> Parity:
    """What both say of the same pictures."""
    theirs = torch_logits(network, np.stack([preprocess(image, model.card.preprocess) for image in asked]))
    ours = np.stack([found.logits for _, found in model.scores(asked) if not isinstance(found, PhotoError)])
    same = float((ours.argmax(axis=1) == theirs.argmax(axis=1)).mean())
    return Parity(same, float(np.abs(ours - theirs).max()), float(theirs.std()))


def torch_logits(network: CityNet, images: NDArray[np.float32], batch: int = 16) -> NDArray[np.float32]:
    """``[N, C]``."""
    import torch

    with torch.inference_mode():
        parts = [network(torch.from_numpy(images[at : at + batch])) for at in range(0, len(images), batch)]
    return np.asarray(torch.cat(parts).numpy(), np.float32)


def row(name: str, case: Case, photos: Sequence[LabelledPhoto], cities: Sequence[str], count: int) -> dict[str, Any]:
    """All figures of one network."""
    with tempfile.TemporaryDirectory() as scratch:
        network, spec, run = overfit(case, photos, Path(scratch))
        model = as_model(network, spec, case.rule.backbone, cities, Path(scratch) / "model")
        agreed = parity(model, network, list(pictures(photos, count)))
    return {
        "network": name,
        "recipe": case.rule.backbone,
        "px": case.rule.size_px,
        "parameters": sum(one.numel() for one in network.parameters()),
        "trained": sum(one.numel() for one in network.parameters() if one.requires_grad),
        "steps": run.steps,
        "seconds": round(run.seconds, 1),
        "accuracy": run.accuracy,
        "same top-1": agreed.same,
        "logits apart": agreed.apart,
        "of spread": agreed.spread,
        "held": run.accuracy == 1 and agreed.same >= 0.999,
    }


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--only", nargs="*", metavar="WORD", help="networks whose name holds one of these")
    options.add_argument("--pictures", type=int, default=PICTURES, help="asked of both, model and torch (500)")
    options.add_argument("--out", "--json", dest="out", type=Path, help="file for the result as JSON")
    chosen = options.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        photos, cities = draw_photos(Path(scratch) / "photos")
        register_tiny_clip(Path(scratch))
        for name, case in CASES.items():
            if chosen.only and not any(word in name for word in chosen.only):
                continue
            rows.append(row(name, case, photos, cities, chosen.pictures))
            print(rows[-1], flush=True)
    publish(f"learning {PHOTOS} photos by heart", rows, chosen.out, [f"{chosen.pictures} pictures asked of both"])


if __name__ == "__main__":
    main()
