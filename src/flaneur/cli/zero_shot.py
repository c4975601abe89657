"""``flaneur zero-shot``, and ``flaneur predict --model zero-shot``: names of cities in; a model that names them out."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flaneur.errors import InputError, UsageError

if TYPE_CHECKING:
    from flaneur.training.zero_shot_model import ZeroShotRule
    from flaneur.types import City

_DOING = {"load": "loading the network", "prompts": "embedding sentences", "export": "exporting the network"}
_STEP = 2048  # prompts between two lines
_PROMPTS = ("ensemble", "city-country", "city", "country")


@click.command("zero-shot")
@click.option("--cities", metavar="EXPRESSION", help="Which, such as 'Paris, Lisbon' or 'europe population>1000000'.")
@click.option("--dataset", metavar="NAME", help="Instead of --cities: the cities of a dataset, by their own slugs.")
@click.option("--clip", metavar="clip/NAME", help="The network (clip/ViT-B-32:laion2b_s34b_b79k).")
@click.option("--weights", type=click.Path(path_type=Path), help="Safetensors file of the network, instead of the hub.")
@click.option("--prompts", type=click.Choice(_PROMPTS), default="ensemble", show_default=True, help="What is said.")
@click.option("--name", help="Of the model; made of its cities, prompts and network by default.")
@click.option("--yes", is_flag=True, help="Fetch the network's weights without asking.")
@click.option("--replace", is_flag=True, help="Give up another model of that name.")
@click.option("--json", "as_json", is_flag=True, help="Print the model's folder and cities as JSON.")
def zero_shot(as_json: bool, **options: Any) -> None:
    """Make a model that names cities it was never trained on (extras 'train' and 'cities')."""
    from flaneur.training.zero_shot_model import DEFAULT_CLIP, ZeroShotRule

    rule = ZeroShotRule(
        tuple(_cities(options["cities"], options["dataset"])),
        options["clip"] or DEFAULT_CLIP,
        str(options["weights"] or ""),
        options["prompts"],
    )
    folder = model_of(rule, options["name"], yes=options["yes"], replace=options["replace"])
    slugs = [city.slug for city in rule.cities]
    if as_json:
        click.echo(json.dumps({"model": str(folder), "cities": slugs}))
        return
    click.echo(f"{folder.name}: {len(slugs)} cities ({', '.join(slugs)}).\nModel: {folder}")
    click.echo(f"Next:  flaneur predict PHOTO --model {_shown(folder)}")


def predicting(expression: str | None, *, yes: bool) -> Path:
    """The model of ``flaneur predict --model zero-shot --cities EXPRESSION``, made the first time it is asked for.

    Raises:
        UsageError: no cities are named, or what :func:`model_of` raises.
        InputError: likewise.
    """
    from flaneur.training.zero_shot_model import DEFAULT_CLIP, ZeroShotRule

    if expression is None:
        raise UsageError("--model zero-shot names the cities you name: add --cities 'Paris, Lisbon, Tokyo'.")
    try:
        rule = ZeroShotRule(tuple(_cities(expression, None)), DEFAULT_CLIP)
        return model_of(rule, None, yes=yes, replace=False)
    except InputError as error:
        raise InputError(
            f"{error} That is: flaneur zero-shot --cities {expression!r} --weights FILE --name NAME, then --model NAME."
        ) from error


def model_of(rule: ZeroShotRule, name: str | None, *, yes: bool, replace: bool) -> Path:
    """The folder of a model, which is made if it is not there yet.

    Args:
        rule: which cities, by what.
        name: of the model; by default one that stands for the rule, so that it is made once.
        yes: whether weights may be fetched unasked.
        replace: whether a model of that ``name`` may be given up.

    Raises:
        UsageError: another model has that name; consent is needed and nobody can be asked, or was not given.
        InputError: weights that cannot be had or do not fit.
    """
    from flaneur import settings
    from flaneur.cli.train import train_extra
    from flaneur.training.zero_shot_model import default_name, make_zero_shot

    if name in ("base", "zero-shot"):
        raise UsageError(f"{name!r} has a meaning of its own. Choose another --name.")
    folder = settings.new_folder("models", name or default_name(rule))
    if (folder / "card.json").is_file() and not replace:
        if name is None:
            return folder
        raise UsageError(f"There is a model called {name!r} already. Choose another --name, or add --replace.")
    with train_extra("A zero-shot model"):
        import torch  # noqa: F401  # to say at once if it lacks

        make_zero_shot(rule, folder, name=folder.name, consent=lambda what: yes or _asked(what), say=_say)
    return folder


def _cities(expression: str | None, dataset: str | None) -> list[City]:
    from flaneur.cities import choose
    from flaneur.dataset.store import open_dataset

    if expression is not None and dataset is not None:
        raise UsageError("--cities and --dataset both name the cities. Give one of them, not both.")
    if expression is None and dataset is None:
        raise UsageError("Name the cities: --cities EXPRESSION, or --dataset NAME for those of a dataset.")
    return choose(expression) if expression is not None else list(open_dataset(str(dataset)).cities)


def _asked(what: str) -> bool:
    if not sys.stdin.isatty():
        raise UsageError(f"{what} Add --yes to fetch it.")
    return click.confirm(f"{what} Fetch it?", err=True)


def _say(stage: str, done: int, total: int) -> None:
    if done < total and done % _STEP == 0:
        count = f", {done} of {total}" if stage == "prompts" else ""
        click.echo(f"{_DOING[stage]}{count} ...", err=True)


def _shown(folder: Path) -> str:
    from flaneur import settings

    return folder.name if folder.parent == settings.home() / "models" else str(folder)
