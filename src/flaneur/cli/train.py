"""``flaneur train``: a dataset, or a recipe, in; a model out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

import click

from flaneur.cli.progress import stage_bars
from flaneur.errors import UsageError, did_you_mean, install_extra

if TYPE_CHECKING:
    from flaneur.bundle.folder import Bundle
    from flaneur.dataset.store import Dataset
    from flaneur.encoder import OnnxEncoder
    from flaneur.training.heads.parts import Progress

_STAGES = {
    "statistics": "measuring the photos",
    "embed": "embedding",
    "head": "fitting the head",
    "novelty": "novelty",
    "write": "writing",
}
_ONLY_RECIPE = ("variant", "device", "epochs", "log_to", "random_weights")
_NOT_RECIPE = ("encoder", "split")


@click.command()
@click.argument("recipe", required=False)
@click.option("--dataset", metavar="NAME", help="Dataset to learn; see 'flaneur import'.")
@click.option("--name", help="Of the model, or with a slash its path; the dataset's or the recipe's name by default.")
@click.option(
    "--encoder",
    metavar="MODEL|FAMILY/NAME",
    multiple=True,
    help="What embeds the photos: a model of flaneur's (base) or a network such as timm/resnet50. Again for several "
    "side by side.",
)
@click.option(
    "--weights", type=click.Path(path_type=Path), help="Safetensors file, or a folder that holds NAME.safetensors."
)
@click.option(
    "--random-weights", is_flag=True, default=None, help="Start a recipe's networks at random, but those in --weights."
)
@click.option("--head", metavar="KIND", help="blend, logistic, trained, mlp, prototype or neighbours.")
@click.option("--split", metavar="NAME", help="Split of the dataset (default).")
@click.option("--variant", metavar="NAME", help="Which of the recipe's variants; its first by default.")
@click.option("--epochs", metavar="N", type=click.IntRange(min=0), help="Instead of the recipe's; 0 trains no network.")
@click.option(
    "--device", type=click.Choice(["auto", "cpu", "cuda", "mps"]), help="What a recipe's network is trained on (auto)."
)
@click.option("--log-to", metavar="tensorboard|wandb", multiple=True, help="Show the training there too.")
@click.option(
    "--output", "-o", type=click.Path(path_type=Path), help="Folder of the model; below ~/flaneur by default."
)
@click.option("--replace", is_flag=True, help="Give up another model, or another run, of that name.")
@click.option("--json", "as_json", is_flag=True, help="Print the model's card facts as JSON.")
def train(recipe: str | None, as_json: bool, **options: Any) -> None:
    """Learn the cities of a dataset in minutes, or train a network by RECIPE (needs the extra 'train').

    RECIPE is a TOML file, or the name of one that flaneur brings. Only train and validation photos are looked at;
    'flaneur evaluate' then measures the model on the test part.
    """
    if recipe is None and options["dataset"] is None:
        raise UsageError("Name what to learn: --dataset NAME, or a RECIPE.toml.")
    _refuse_useless(recipe, options)
    bundle, dataset = _by_dataset(options) if recipe is None else _by_recipe(recipe, options)
    click.echo(json.dumps(_facts(bundle), ensure_ascii=False) if as_json else _text(bundle, dataset))


def _refuse_useless(recipe: str | None, options: dict[str, Any]) -> None:
    for name in _ONLY_RECIPE if recipe is None else _NOT_RECIPE:
        if options[name] not in (None, ()):
            flag = name.replace("_", "-")
            why = f"beside a recipe; set it in {recipe}" if recipe else "without a RECIPE, since no network is trained"
            raise UsageError(f"--{flag} has no effect {why}.")
    if options["head"] is not None and options["head"] not in _heads():
        hint = did_you_mean(options["head"], _heads()) or f" Choose among: {', '.join(_heads())}."
        raise UsageError(f"--head knows no {options['head']!r}.{hint}")


def _heads() -> tuple[str, ...]:
    from flaneur.training.heads.rule import HeadRule

    return get_args(get_type_hints(HeadRule)["kind"])


def _by_recipe(recipe: str, options: dict[str, Any]) -> tuple[Bundle, Dataset]:
    from flaneur.cli.train_recipe import by_recipe

    with train_extra("A recipe"), progress_bars() as progress:
        return by_recipe(recipe, options, progress)


def _by_dataset(options: dict[str, Any]) -> tuple[Bundle, Dataset]:
    from flaneur.cli.model_folders import model_folder, model_name
    from flaneur.dataset.store import open_dataset
    from flaneur.encoder import joined
    from flaneur.training.heads.learn import LearnRule, Tuning, learn
    from flaneur.training.heads.parts import usable_split
    from flaneur.training.heads.rule import HeadRule
    from flaneur.training.run_folder import finished, learning_origin, learning_settings

    names = options["encoder"] or ("base",)
    if options["weights"] is not None and not any(_is_network(name) for name in names):
        raise UsageError("--weights goes with a network: --encoder timm/NAME --weights FILE.")
    dataset = open_dataset(options["dataset"])
    out = model_folder(options["name"] or dataset.name, options["output"])
    name = model_name(options["name"] or dataset.name)
    head = HeadRule() if options["head"] is None else HeadRule(kind=options["head"])
    with progress_bars() as progress:
        _refuse_apart(names, options["weights"])
        encoders = [_encoder(one, options["weights"]) for one in names]
        encoder = encoders[0] if len(encoders) == 1 else joined(encoders)
        rule = LearnRule(name=name, split=options["split"] or "default", head=head)
        usable_split(dataset, rule.split)
        origin = learning_origin(dataset, rule, encoder.hash)
        kept = finished(out, origin, learning_settings(rule, encoder.name), replace=options["replace"])
        tuning = Tuning(None, {"origin": origin})
        return kept or learn(dataset, encoder, rule, out, tuning=tuning, progress=progress), dataset


def _encoder(name: str, weights: Path | None) -> OnnxEncoder:
    """A frozen encoder as ONNX: that of a model, or a network exported."""
    from flaneur.bundle.folder import read_bundle
    from flaneur.encoder import OnnxEncoder

    if not _is_network(name):
        return OnnxEncoder.from_bundle(read_bundle(name))
    with train_extra(f"--encoder {name}"):
        from flaneur.training.networks.export import frozen_encoder

        return frozen_encoder(name, weights)


def _refuse_apart(names: Sequence[str], weights: Path | None) -> None:
    """Refuse encoders that cannot stand side by side, before any of them is exported or embeds a photo."""
    from flaneur.bundle.folder import read_bundle
    from flaneur.onnx_files.join import refuse_different_photos

    if twice := [name for number, name in enumerate(names) if name in names[:number]]:
        raise UsageError(f"--encoder {twice[0]} is given twice. Name each encoder once.")
    specs = []
    for name in names if len(names) > 1 else ():
        if _is_network(name):
            with train_extra(f"--encoder {name}"):
                from flaneur.training.networks.export import frozen_preprocess

                specs.append(frozen_preprocess(name, weights))
        else:
            specs.append(read_bundle(name).card.preprocess)
    refuse_different_photos(specs, names)


def _is_network(name: str) -> bool:
    """Whether a name is FAMILY/NAME, and not a model's name, folder or file."""
    return "/" in name and not Path(name).exists() and not name.endswith(".onnx") and name[0] not in "./~"


@contextmanager
def train_extra(what: str) -> Iterator[None]:
    """One line with the remedy where the train extra lacks."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "flaneur":
            raise
        raise UsageError(f"{what} needs {error.name}, which lacks here: {install_extra('train')}.") from error


def progress_bars() -> AbstractContextManager[Progress]:
    """A bar a stage of training where a person is looking, a line a stage elsewhere."""
    return stage_bars(_STAGES)


def _facts(bundle: Bundle) -> dict[str, Any]:
    from flaneur.bundle.card import card_to_json

    card = card_to_json(bundle.card)
    keys = ("name", "version", "cities", "encoder", "temperature", "abstain", "metrics", "dataset", "limits")
    return {"model": str(bundle.path), **{key: card[key] for key in keys}}


def _text(bundle: Bundle, dataset: Dataset) -> str:
    card, rule = bundle.card, bundle.card.abstain
    scores = card.metrics.get("validation", {})
    data = card.dataset
    lines = [f"{card.name}: {len(card.cities)} cities, learnt from {data.photos} photos of {data.places} places."]
    labels = {"accuracy": "accuracy", "macro_recall": "macro recall", "top3": "right among 3"}
    if len(card.cities) <= 3:  # then the right one always is among them
        del labels["top3"]
    for key, label in labels.items():
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
