"""A paper's recipe and a dataset in; each network trained on the paper's kind of split and on an honest one, out.

Evaluation is passed in, since training does not know it. Everything is kept as it is measured, so the same call goes
on where the last one ended.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from flaneur.dataset.audit import keep_split
from flaneur.dataset.split import Split, redealt, split
from flaneur.dataset.store import Dataset
from flaneur.errors import InputError, UsageError, WeightsError, counted
from flaneur.files import read_json, write_json, write_text
from flaneur.metrics import Interval
from flaneur.training.heads.parts import Progress, usable_split
from flaneur.training.paper_table import rows, to_markdown
from flaneur.training.recipes.override import Override, overridden, started_at_random
from flaneur.training.recipes.paper import PaperRule
from flaneur.training.recipes.recipe import Recipe
from flaneur.training.recipes.recipe_file import read_recipe, variant_names
from flaneur.training.recipes.shipped import called

PROTOCOLS = ("published", "honest")
RESULT = "reproduce.json"
Measure = Callable[[Path, Dataset, str], Mapping[str, Interval]]
"""Told a model's folder, the dataset and a split; gives the numbers of its test part by name."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one reproduction does otherwise than the recipe.

    Args:
        variants: names of variants; all of the recipe's if empty.
        weights: a safetensors file, or a folder with ``NAME.safetensors``, of the pretrained networks.
        random_weights: networks whose weights are not among ``weights`` start from random ones.
        encoder: ``FAMILY/NAME`` that stands in for each pretrained network.
        epochs: of every network that is trained at all.
        replace: whether runs of other settings give way.
    """

    variants: tuple[str, ...] = ()
    weights: str = ""
    random_weights: bool = False
    encoder: str = ""
    epochs: int | None = None
    replace: bool = False


@dataclass(frozen=True, slots=True)
class Means:
    """What a reproduction works with.

    Args:
        measure: evaluates a model.
        log: is told each epoch's figures.
        say: is told what begins, one line each.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        progress: told stage, done, of how many.
    """

    measure: Measure
    log: Callable[[dict[str, Any]], None]
    say: Callable[[str], None] = lambda _: None
    device: str = "auto"
    progress: Progress | None = None


def reproduce(path: Path, dataset: Dataset, wanted: Wanted, folder: Path, means: Means) -> dict[str, Any]:
    """Train and measure a paper's networks; write ``reproduce.json`` and ``reproduce.md`` after each.

    Args:
        path: of a recipe with a ``[paper]``.
        dataset: to train on.
        wanted: variants, weights, and what is otherwise.
        folder: for results, runs and models. What is there already is not trained again.
        means: evaluation, log, device.

    Returns:
        What ``reproduce.json`` holds.

    Raises:
        UsageError: no paper in the recipe; an unknown variant; the folder holds a reproduction of something else.
        InputError: nothing could be run; the message is the first reason.
    """
    recipes = {name: read_recipe(path, name or None) for name in wanted.variants or variant_names(path) or [""]}
    first = next(iter(recipes.values()))
    if first.paper is None:
        name = called(path)
        raise UsageError(f"{name} follows no paper: it has no [paper]. Train it with: flaneur train {name}")
    found = _opened(folder, path, first.paper, dataset)
    honest = usable_split(dataset, first.data.split)
    for name, recipe in recipes.items():
        ready, said = as_run(recipe, wanted)
        entry = found["variants"].setdefault(name or path.stem, {"runs": {}})
        entry |= _described(ready, said)
        try:
            _check(ready)
            for protocol in PROTOCOLS:
                chosen = honest if protocol == "honest" else published_split(dataset, honest, first.paper.split_by)
                job = replace(ready, name=f"{recipe.name}-{protocol}", data=replace(ready.data, split=chosen.name))
                home = folder / (name or path.stem) / protocol
                means.say(f"{job.name}: {job.network.backbone} on split {chosen.name!r}")
                entry["runs"][protocol] = _run(dataset, job, home, entry["runs"].get(protocol), means, wanted.replace)
                _keep(folder, found)
        except (InputError, UsageError) as error:
            hint = " Or start at random: --random-weights." if isinstance(error, WeightsError) else ""
            if wanted.variants:
                raise type(error)(f"{error}{hint}") from error
            entry["not_run"] = f"{error}{hint}"
        entry["rows"] = rows(ready.paper.results if ready.paper else (), entry["runs"], len(dataset.cities))
        _keep(folder, found)
    _refuse_nothing(found)
    return found


def as_run(recipe: Recipe, wanted: Wanted) -> tuple[Recipe, list[str]]:
    """The recipe as it is run here, and what is otherwise than in the recipe, one sentence each.

    >>> from flaneur.training.recipes.recipe import NetworkRule, TrainingRule
    >>> recipe = Recipe("r", NetworkRule("timm/vgg16", trained_stages=0), training=TrainingRule(epochs=20))
    >>> run, said = as_run(recipe, Wanted(random_weights=True, epochs=2))
    >>> run.network.initial, run.training.epochs
    ('random', 2)
    >>> said
    ['2 epochs instead of 20.', 'Random first weights instead of pretrained ones; what is frozen stays random.']
    """
    said = []
    if wanted.epochs is not None and recipe.training.epochs not in (0, wanted.epochs):
        said.append(f"{counted(wanted.epochs, 'epoch')} instead of {recipe.training.epochs}.")
        recipe = overridden(recipe, Override(epochs=wanted.epochs))
    network = recipe.network
    if network.initial == "random":
        return recipe, said
    if wanted.encoder and wanted.encoder != network.backbone:
        said.append(f"{wanted.encoder} stands in for {network.backbone}.")
        network = replace(network, backbone=wanted.encoder)
    if wanted.weights:
        network = replace(network, weights=wanted.weights)
    if wanted.random_weights:
        network, sentence = started_at_random(network)
        said += [sentence] if sentence else []
    return replace(recipe, network=network), said


def published_split(dataset: Dataset, honest: Split, split_by: str) -> Split:
    """The dataset's split of the kind papers use; made, if need be, as large in each city and part as the honest one.

    Args:
        dataset: its splits are read and written.
        honest: the split by place that it stands beside.
        split_by: ``photo``: dealt photo by photo, so it leaks. ``place``: places are kept whole, but dealt without
            cells and gap, so that neighbours are on both sides.
    """
    name = "as-published" + ("" if honest.name == "default" else f"-{honest.name}")
    name += "-places" if split_by == "place" else ""
    file = dataset.root / "splits" / f"{name}.json"
    known = {photo.id for photo in dataset.photos}
    if file.is_file() and read_json(file).get("like", honest.hash) == honest.hash:
        there = dataset.split(name)
        if there.part_of.keys() == known:
            return there
    if split_by == "photo":
        made = redealt(honest, dataset.photos, name)
    else:
        made = split(dataset.photos, replace(honest.rule, name=name, cell_m=0.0, gap_m=0.0), dataset.ties)
    keep_split(dataset, made, like=honest.hash)
    return made


def _run(
    dataset: Dataset, recipe: Recipe, home: Path, before: dict[str, Any] | None, means: Means, replace: bool
) -> dict[str, Any]:
    """Train one network on one split and measure it, unless that was done."""
    from flaneur.training.by_recipe import train_by_recipe

    bundle = train_by_recipe(
        dataset, recipe, home / "run", home / "model",
        device=means.device, log=means.log, progress=means.progress, leaky=True, replace=replace,
    )  # fmt: skip
    chosen = dataset.split(recipe.data.split)
    model = bundle.card.files["model.onnx"]
    if before is not None and (before["model"], before["split_hash"]) == (model, chosen.hash):
        return before
    measured = means.measure(home / "model", dataset, chosen.name)
    return {
        "split": chosen.name,
        "split_hash": chosen.hash,
        "model": model,
        "photos": {part: len(chosen.ids(part)) for part in ("train", "validation", "test")},
        "epochs": len(bundle.card.training.get("log", ())),
        "seconds": round(float(bundle.card.training.get("seconds", 0)), 1),
        "measures": {name: interval.to_dict() for name, interval in measured.items()},
    }


def _described(recipe: Recipe, said: list[str]) -> dict[str, Any]:
    """What the table says of a variant besides its numbers."""
    paper = recipe.paper
    return {
        "network": recipe.network.backbone,
        "initial": recipe.network.initial,
        "said": said,
        "differs": list(paper.differs) if paper else [],
        "unsaid": list(paper.unsaid) if paper else [],
        "not_run": None,
    }


def _opened(folder: Path, path: Path, paper: PaperRule, dataset: Dataset) -> dict[str, Any]:
    """What was found before, or the beginning of it."""
    about = {key: value for key, value in asdict(paper).items() if isinstance(value, str)}
    begun: dict[str, Any] = {
        "format": 1,
        "name": path.stem,
        "paper": about,
        "dataset": {"name": dataset.name, "content_hash": dataset.content_hash, "cities": len(dataset.cities)},
        "variants": {},
    }
    if not (folder / RESULT).is_file():
        return begun
    before: dict[str, Any] = read_json(folder / RESULT)
    if (before["name"], before["dataset"]) != (begun["name"], begun["dataset"]):
        raise UsageError(
            f"{folder} holds a reproduction of {before['name']} on {before['dataset']['name']}, or on other photos of "
            "it. Choose another --out."
        )
    return begun | {"variants": before["variants"]}


def _keep(folder: Path, found: dict[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / RESULT, found)
    write_text(folder / "reproduce.md", to_markdown(found))


def _check(recipe: Recipe) -> None:
    from flaneur.training.recipes.check import check_recipe

    check_recipe(recipe)


def _refuse_nothing(found: dict[str, Any]) -> None:
    reasons = [entry["not_run"] for entry in found["variants"].values()]
    if all(reasons):
        raise InputError(f"{found['name']}: nothing could be run. {reasons[0]}")
