"""``flaneur train``: a dataset, or a recipe, in; a model out."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flaneur.errors import UsageError

if TYPE_CHECKING:
    from flaneur.bundle import Bundle
    from flaneur.dataset.store import Dataset
    from flaneur.predict import OnnxEncoder
    from flaneur.training.finetune import Finetuned
    from flaneur.training.parts import Progress
    from flaneur.training.recipe import Recipe

_STAGES = {"embed": "embedding", "head": "fitting the head", "novelty": "novelty", "write": "writing"}


@click.command()
@click.argument("recipe", required=False, type=click.Path(path_type=Path))
@click.option("--dataset", metavar="NAME", help="Dataset to learn; see 'flaneur import'.")
@click.option("--name", help="Of the model; the dataset's or the recipe's name by default.")
@click.option(
    "--encoder", metavar="MODEL|timm/NAME", help="What embeds the photos: a model of flaneur's (base) or timm's."
)
@click.option("--weights", type=click.Path(path_type=Path), help="Safetensors file for a timm encoder, or for RECIPE.")
@click.option("--split", metavar="NAME", help="Split of the dataset (default).")
@click.option(
    "--output", "-o", type=click.Path(path_type=Path), help="Folder of the model; below ~/flaneur by default."
)
@click.option("--json", "as_json", is_flag=True, help="Print the model's card facts as JSON.")
def train(recipe: Path | None, as_json: bool, **options: Any) -> None:
    """Learn the cities of a dataset in minutes, or fine-tune a network by RECIPE (a TOML file; needs flaneur[train]).

    Only train and validation photos are looked at; 'flaneur evaluate' then measures the model on the test part.
    """
    if recipe is None and options["dataset"] is None:
        raise UsageError("Name what to learn: --dataset NAME, or a RECIPE.toml.")
    bundle, dataset = _by_recipe(recipe, options) if recipe is not None else _by_dataset(options)
    click.echo(json.dumps(_facts(bundle), ensure_ascii=False) if as_json else _text(bundle, dataset))


def _by_dataset(options: dict[str, Any]) -> tuple[Bundle, Dataset]:
    from flaneur.dataset.store import open_dataset
    from flaneur.training.learn import LearnRule, learn

    encoder_name = options["encoder"] or "base"
    if options["weights"] is not None and not encoder_name.startswith("timm/"):
        raise UsageError("--weights goes with a timm encoder: --encoder timm/NAME --weights FILE.")
    dataset = open_dataset(options["dataset"])
    name = options["name"] or dataset.name
    out = _folder(name, options["output"])
    with _progress() as progress:
        encoder = _encoder(encoder_name, options["weights"])
        rule = LearnRule(name=name, split=options["split"] or "default")
        return learn(dataset, encoder, rule, out, progress=progress), dataset


def _by_recipe(path: Path, options: dict[str, Any]) -> tuple[Bundle, Dataset]:
    from flaneur import settings
    from flaneur.dataset.store import open_dataset
    from flaneur.predict import OnnxEncoder
    from flaneur.training.learn import LearnRule, learn
    from flaneur.training.parts import usable_split
    from flaneur.training.recipe_file import read_recipe

    for flag in ("encoder", "split"):
        if options[flag] is not None:
            raise UsageError(f"--{flag} has no effect beside a recipe; set it in {path}.")
    recipe = _overridden(read_recipe(path), options)
    out = (
        settings.new_folder("models", options["name"] or recipe.name)
        if options["output"] is None
        else options["output"]
    )
    dataset = open_dataset(recipe.data.dataset)
    usable_split(dataset, recipe.data.split)
    tuned = _finetune(dataset, recipe, settings.home() / "runs" / (options["name"] or recipe.name))
    encoder = OnnxEncoder(recipe.network.backbone, tuned.graph, tuned.preprocess)
    rule = LearnRule(name=options["name"] or recipe.name, split=recipe.data.split, novelty=recipe.novelty)
    with _progress() as progress:
        return learn(dataset, encoder, rule, out, tuning=tuned.tuning, progress=progress), dataset


def _overridden(recipe: Recipe, options: dict[str, Any]) -> Recipe:
    """Where photos and weights lie is the machine's matter, not the recipe's: the flags may say it."""
    from dataclasses import replace

    if options["dataset"] is not None:
        recipe = replace(recipe, data=replace(recipe.data, dataset=options["dataset"]))
    if options["weights"] is not None:
        recipe = replace(recipe, network=replace(recipe.network, weights=str(options["weights"])))
    return recipe


def _finetune(dataset: Dataset, recipe: Recipe, run: Path) -> Finetuned:
    with _train_extra("A recipe"):
        from flaneur.training.finetune import finetune

        return finetune(dataset, recipe, run, lambda row: click.echo(json.dumps(row), err=True))


def _encoder(name: str, weights: Path | None) -> OnnxEncoder:
    """A frozen encoder as ONNX: that of a model, or a timm network exported."""
    from flaneur.bundle import read_bundle
    from flaneur.predict import OnnxEncoder

    if not name.startswith("timm/"):
        return OnnxEncoder.from_bundle(read_bundle(name))
    with _train_extra(f"--encoder {name}"):
        from flaneur.training.export import frozen_encoder

        return frozen_encoder(name.removeprefix("timm/"), weights)


@contextmanager
def _train_extra(what: str) -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "flaneur":
            raise
        raise UsageError(
            f"{what} needs the train extra, which lacks here ({error.name}): pip install 'flaneur[train]'"
        ) from error


def _folder(name: str, output: Path | None) -> Path:
    from flaneur import settings

    if output is not None:
        return output
    if name == "base":
        raise UsageError("'base' is the bundled model. Choose another --name.")
    return settings.new_folder("models", name)


@contextmanager
def _progress() -> Iterator[Progress]:
    """A bar a stage where a person is looking, a line a stage elsewhere."""
    from tqdm import tqdm

    bars: dict[str, Any] = {}

    def show(stage: str, done: int, total: int) -> None:
        if stage not in bars:
            for bar in bars.values():
                bar.close()
            bars[stage] = tqdm(total=total, desc=_STAGES[stage], file=sys.stderr, disable=None, leave=False)
            if not sys.stderr.isatty():
                click.echo(f"{_STAGES[stage]} ...", err=True)
        bars[stage].total = total
        bars[stage].update(done - bars[stage].n)

    try:
        yield show
    finally:
        for bar in bars.values():
            bar.close()


def _facts(bundle: Bundle) -> dict[str, Any]:
    from flaneur.card import card_to_json

    card = card_to_json(bundle.card)
    keys = ("name", "version", "cities", "encoder", "temperature", "abstain", "metrics", "dataset", "limits")
    return {"model": str(bundle.path), **{key: card[key] for key in keys}}


def _text(bundle: Bundle, dataset: Dataset) -> str:
    card, rule = bundle.card, bundle.card.abstain
    scores = card.metrics.get("validation", {})
    data = card.dataset
    lines = [f"{card.name}: {len(card.cities)} cities, learnt from {data.photos} photos of {data.places} places."]
    for key, label in (("accuracy", "accuracy"), ("macro_recall", "macro recall"), ("top3", "right among 3")):
        if key in scores:
            row = scores[key]
            ends = f"({row['low']:.3f} to {row['high']:.3f}, {row['n']} validation photos)"
            lines.append(f"  {label:<17} {row['value']:.3f}  {ends}")
    if scores:
        before = scores["calibration_error_before"]
        lines.append(f"  {'calibration error':<17} {scores['calibration_error']:.3f}  ({before:.3f} before)")
    refused = f"{rule.validation_refused_share:.1%} of validation photos refused"
    lines.append(f"  {'novelty':<17} {rule.novelty_method}; {refused}")
    lines += [f"  ! {limit}" for limit in card.limits[1:]]
    lines += [f"Model: {bundle.path}", f"Next:  {_next(bundle, dataset)}"]
    return "\n".join(lines)


def _next(bundle: Bundle, dataset: Dataset) -> str:
    from flaneur import settings

    shown = bundle.path.name if bundle.path.parent == settings.home() / "models" else bundle.path
    data = dataset.root.name if dataset.root.parent == settings.home() / "datasets" else dataset.root
    return f"flaneur evaluate {shown} {data} --split test"
