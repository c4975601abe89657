"""``flaneur collect --materialise``: a dataset's recipes in; their pictures in the user's own cache out."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from flaneur.errors import InputError, UsageError, counted

if TYPE_CHECKING:
    from flaneur.cli.collect_client import Money
    from flaneur.collect.materialise import Materialised, Recipes
    from flaneur.dataset.store import Dataset
    from flaneur.protocols import Source

_BESIDE = ("source", "materialise", "budget", "dry_run", "as_json")


def check_alone(context: click.Context) -> None:
    """Refuse flags that have no effect beside --materialise: the recipes say it all.

    Raises:
        UsageError: one was given.
    """
    from click.core import ParameterSource

    for parameter in context.command.params:
        given = context.get_parameter_source(parameter.name or "") is ParameterSource.COMMANDLINE
        if given and parameter.name not in _BESIDE:
            raise UsageError(f"{parameter.opts[0]} has no effect with --materialise: the dataset's recipes say it.")


def fetch_pictures(source: Source, name: str, words: dict[str, Any], as_json: bool) -> None:
    """Fetch what the recipes name, or say what that would take.

    Args:
        source: the provider's module.
        name: of the source.
        words: the options by name.
        as_json: one object instead of text.
    """
    from flaneur.cli.collect_client import Opener, money_of, stoppable
    from flaneur.cli.collect_words import check_budget
    from flaneur.collect.materialise import materialise, recipes_of
    from flaneur.dataset.store import open_dataset

    check_budget(source, words["budget"])
    dataset = open_dataset(words["materialise"])
    recipes = recipes_of(source, name, dataset)
    money = money_of(source, name, dataset.root, words["budget"], pictures=True)
    if words["dry_run"]:
        _show_plan(recipes, dataset, money, as_json)
        return
    opener = Opener(source, name, dataset.root, money=money, new=not recipes.begun, places=recipes.left)
    with stoppable():
        found = materialise(source, name, dataset, opener.client, opener.progress)
    money = money_of(source, name, dataset.root, words["budget"], pictures=True)
    if as_json:
        click.echo(json.dumps(asdict(found) | {"spent": round(money.spent, 4), "budget": money.budget}))
    else:
        _show(found, money, opener.asked)
    if found.later:
        raise InputError(f"{counted(found.later, 'place')} could not be had now. The same command goes on.")
    if not as_json and found.photos:
        click.echo(f"Next: flaneur dataset curate {words['materialise']}")


def _show(found: Materialised, money: Money, asked: bool) -> None:
    from flaneur.cli.main import printable

    if not asked:
        click.echo("All pictures were asked for before; nobody was asked now.")
    more = f"; {found.refused:,} could not be had for good" if found.refused else ""
    changed = f"; {found.changed:,} no longer what they were" if found.changed else ""
    click.echo(printable(f"{counted(found.photos, 'picture')} in {found.folder}{more}{changed}."))
    if money.told:
        click.echo(money.told)


def _show_plan(recipes: Recipes, dataset: Dataset, money: Money, as_json: bool) -> None:
    from flaneur.cli.collect_client import warn_of_key
    from flaneur.cli.main import printable
    from flaneur.collect.plan import pictures_step
    from flaneur.collect.step import step_fields, step_lines

    step = pictures_step(recipes.order, recipes.left)
    if as_json:
        facts = {"dataset": dataset.name, "pictures": recipes.pictures, "places": recipes.places, "left": recipes.left}
        spending = {"budget": money.budget, "spent": round(money.spent, 4)}
        click.echo(json.dumps(facts | {"steps": [step_fields(step)]} | spending))
        return
    click.echo(f"{dataset.name}: {counted(recipes.pictures, 'picture')} of {counted(recipes.places, 'place')}.")
    if recipes.left:
        click.echo(f"{counted(recipes.left, 'place')} still to be fetched:")
        for line in step_lines(step, money.budget, money.spent):
            click.echo(printable(line))
    else:
        click.echo("All were asked for before; nobody would be asked.")
    if money.told:
        click.echo(money.told)
    warn_of_key(recipes.order.source, recipes.order.name)
