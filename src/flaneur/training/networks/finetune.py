"""A network's part of a recipe in; the trained encoder, as an ONNX graph, and its linear layer out."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flaneur.dataset.store import Dataset
from flaneur.errors import InputError, install_extra
from flaneur.files import atomic_path, read_json
from flaneur.onnx_files import graph as onnx_graph
from flaneur.onnx_files.graph import HeadParams
from flaneur.onnx_files.proto import Proto
from flaneur.protocols import PreprocessSpec
from flaneur.training.heads.parts import Progress
from flaneur.training.networks.curves import draw_curves
from flaneur.training.networks.journal import Log
from flaneur.training.networks.loader import Examples, LabelledPhoto
from flaneur.training.recipes.recipe import Recipe

_log = logging.getLogger(__name__)

if TYPE_CHECKING:
    from flaneur.models.network import CityNet
    from flaneur.training.networks.loss import Teacher


@dataclass(frozen=True, slots=True)
class Finetuned:
    """An encoder, and what its training left.

    Args:
        graph: of the encoder, in full precision.
        preprocess: what it sees.
        head: the linear layer that was trained along with it, on the dataset's cities in their order; ``None`` where
            nothing was trained.
        log: the figures of each epoch.
    """

    graph: Proto
    preprocess: PreprocessSpec
    head: HeadParams | None
    log: Sequence[dict[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class Training:
    """How one network is trained, apart from its recipe.

    Args:
        run: folder of the run. What is there already is gone on from.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        log: is told each epoch's figures.
        progress: told stage, done, of how many.
        teacher: whom it learns from besides the labels.
        step: is told how many of an epoch's steps are done, of how many.
    """

    run: Path
    device: str
    log: Log
    progress: Progress | None = None
    teacher: Teacher | None = None
    step: Callable[[int, int], None] | None = None


def finetune(dataset: Dataset, recipe: Recipe, training: Training) -> Finetuned | None:
    """Train one network on the train part; validation is looked at, test never.

    Args:
        dataset: with the recipe's split.
        recipe: checked settings of one network.
        training: where and how.

    Returns:
        The encoder; ``None`` in the processes that only helped to train it.

    Raises:
        InputError: fewer than two cities, or no training photos.
    """
    examples = labelled_photos(dataset, recipe)
    network, spec = _network(dataset, recipe, examples, training)
    if recipe.training.epochs == 0:
        prompts = _linear(network) if recipe.network.head_start == "text" else None  # a head without any training
        return Finetuned(_export(network, spec), spec, prompts) if is_leader() else None
    trained = _fit(network, spec, examples, recipe, training)
    if not is_leader():
        return None
    rows = history(training.run)
    _draw(rows, training.run / "curves.png", recipe.name)
    return Finetuned(_export(trained, spec), spec, _linear(trained), rows)


def labelled_photos(dataset: Dataset, recipe: Recipe) -> Examples:
    """The train and validation photos with their place and the index of their city in ``dataset.cities``."""
    from flaneur.training.networks.smoothing import city_similarity

    index = {city.slug: number for number, city in enumerate(dataset.cities)}
    part_of = dataset.split(recipe.data.split).part_of
    parts: dict[str, list[LabelledPhoto]] = {"train": [], "validation": []}
    for photo in dataset.photos:
        chosen = parts.get(part_of.get(photo.id, "unused"))
        if chosen is not None:
            place = f"{photo.city}/{photo.place}"
            chosen.append(LabelledPhoto(dataset.image_path(photo), index[photo.city], place))
    if len(index) < 2 or not parts["train"]:
        raise InputError(f"{dataset.name}: training a network needs train photos of at least two cities.")
    rule = recipe.training
    near = city_similarity(dataset.cities, rule.smoothing_km) if rule.smoothing == "distance" else None
    return Examples(parts["train"], parts["validation"], len(index), near)


def is_leader() -> bool:
    """Whether this process talks and writes: the only one, or the first of those that torchrun started."""
    return os.environ.get("RANK", "0") == "0"


def history(run: Path) -> list[dict[str, Any]]:
    """The figures of every finished epoch of a run."""
    note = run / "checkpoint.json"
    return list(read_json(note)["log"]) if note.is_file() else []


def _draw(rows: Sequence[dict[str, Any]], path: Path, title: str) -> None:
    try:
        draw_curves(rows, path, title)
    except ModuleNotFoundError as error:
        _log.warning("%s is not drawn, since %s lacks here: %s.", path, error.name, install_extra("train"))


def _network(
    dataset: Dataset, recipe: Recipe, examples: Examples, training: Training
) -> tuple[CityNet, PreprocessSpec]:
    import torch

    from flaneur.models.network import build_network, network_preprocess
    from flaneur.models.zero_shot import text_head
    from flaneur.training.networks.statistics import photo_statistics

    rule, found = recipe.network, None
    if rule.normalise in ("channels", "mean_image"):
        found = photo_statistics(examples.train, rule.size_px, training.run, training.progress)
    prompts = text_head(rule.backbone, rule.weights, dataset.cities) if rule.head_start == "text" else None
    torch.manual_seed(recipe.training.seed)
    image = found.image if found is not None and rule.normalise == "mean_image" else None
    network = build_network(rule, examples.classes, size_px=rule.size_px, mean_image=image, text_head=prompts)
    channels = None if found is None else (found.mean.tolist(), found.std.tolist())
    spec = network_preprocess(rule, network.encoder.backbone, channels)
    return network, spec


def _fit(network: CityNet, spec: PreprocessSpec, examples: Examples, recipe: Recipe, training: Training) -> CityNet:
    from safetensors.torch import save_file

    from flaneur.models.average import average_states
    from flaneur.training.networks.loop import fit

    share = recipe.network.initial_share
    start = {key: value.detach().clone() for key, value in network.state_dict().items()} if share else {}
    trained = fit(
        network,
        spec,
        examples,
        recipe,
        training.run,
        training.log,
        device=training.device,
        teacher=training.teacher,
        step=training.step,
    )
    if share:
        trained.load_state_dict(average_states(start, trained.state_dict(), share))
    if is_leader():
        with atomic_path(training.run / "weights.safetensors") as temporary:
            save_file({key: value.contiguous() for key, value in trained.state_dict().items()}, temporary)
    return trained


def _export(network: CityNet, spec: PreprocessSpec) -> Proto:
    from flaneur.training.networks.export import export_encoder

    return onnx_graph.strip_traces(export_encoder(network.encoder, spec.size_px))


def _linear(network: CityNet) -> HeadParams:
    from flaneur.models.network import linear_head

    return linear_head(network)
