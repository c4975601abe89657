"""A recipe in; a fine-tuned encoder out, as an ONNX graph with small weights that heads are then learnt on."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from flaneur import onnx_graph
from flaneur.dataset.store import Dataset
from flaneur.errors import UsageError
from flaneur.files import atomic_path, read_json, sha256_json, write_bytes, write_json
from flaneur.onnx_proto import Proto
from flaneur.protocols import PreprocessSpec
from flaneur.training.learn import Tuning
from flaneur.training.loader import LabelledPhoto
from flaneur.training.loop import Examples, Log, fit
from flaneur.training.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Finetuned:
    """An encoder, and what its training left.

    Args:
        graph: of the encoder, weights compressed.
        preprocess: what it sees.
        tuning: its head, and facts for the model card.
    """

    graph: Proto
    preprocess: PreprocessSpec
    tuning: Tuning


def finetune(dataset: Dataset, recipe: Recipe, run: Path, log: Log) -> Finetuned:
    """Fine-tune the recipe's backbone on the train part; validation is looked at, test never.

    Args:
        dataset: with the recipe's split.
        recipe: checked settings.
        run: folder of the run. What is there already is gone on from, if it is of the same recipe and data.
        log: is told each epoch's figures.

    Raises:
        UsageError: the folder holds the run of another recipe or other data.
    """
    from safetensors.torch import save_file

    from flaneur.models.encoders.timm_encoder import PooledStages, create_backbone, preprocess_of
    from flaneur.models.network import CityNet, linear_head
    from flaneur.training.export import export_encoder

    _claim(run, recipe, dataset)
    examples = labelled_photos(dataset, recipe.data.split)
    backbone = create_backbone(
        recipe.network.backbone.removeprefix("timm/"), Path(recipe.network.weights) if recipe.network.weights else None
    )
    spec = replace(preprocess_of(backbone, recipe.network.size_px), interpolation="bilinear")
    network = CityNet(PooledStages(backbone, recipe.network.stages), examples.classes, recipe.network.dropout)
    trained = fit(network, spec, examples, recipe, run, log)
    with atomic_path(run / "weights.safetensors") as temporary:
        save_file({key: value.contiguous() for key, value in trained.state_dict().items()}, temporary)
    graph = onnx_graph.strip_traces(export_encoder(trained.encoder, spec.size_px))
    graph = onnx_graph.compress_weights(graph, recipe.network.weights_mb * 1e6)
    write_bytes(run / "encoder.onnx", onnx_graph.to_bytes(graph))
    facts = {"recipe": _public(recipe), "log": read_json(run / "checkpoint.json")["log"]}
    return Finetuned(graph, spec, Tuning(linear_head(trained), facts))


def labelled_photos(dataset: Dataset, split: str) -> Examples:
    """The train and validation photos with the index of their city in ``dataset.cities``."""
    index = {city.slug: number for number, city in enumerate(dataset.cities)}
    part_of = dataset.split(split).part_of
    parts: dict[str, list[LabelledPhoto]] = {"train": [], "validation": []}
    for photo in dataset.photos:
        chosen = parts.get(part_of.get(photo.id, "unused"))
        if chosen is not None:
            chosen.append(LabelledPhoto(dataset.image_path(photo), index[photo.city]))
    if len(index) < 2 or not parts["train"]:
        raise UsageError(f"{dataset.name}: fine-tuning needs train photos of at least two cities.")
    return Examples(parts["train"], parts["validation"], len(index))


def _claim(run: Path, recipe: Recipe, dataset: Dataset) -> None:
    """Note what the run is of, or check that it is of the same."""
    table = _public(recipe)
    shaping = {key: table[key] for key in ("network", "training", "augment")}
    shaping["network"] = {key: value for key, value in shaping["network"].items() if key != "weights_mb"}
    identity = sha256_json([shaping, dataset.content_hash, dataset.split(recipe.data.split).hash])
    note = run / "run.json"
    if note.exists() and read_json(note)["identity"] != identity:
        raise UsageError(
            f"{run} holds a run of another recipe or other photos. Choose another --name, or remove that folder."
        )
    run.mkdir(parents=True, exist_ok=True)
    write_json(note, {"identity": identity, "recipe": table, "dataset": dataset.content_hash})


def _public(recipe: Recipe) -> dict[str, Any]:
    """The recipe as data, without paths of this machine."""
    table = asdict(recipe)
    table["network"]["weights"] = Path(recipe.network.weights).name
    table["data"]["dataset"] = Path(recipe.data.dataset).name
    return table
