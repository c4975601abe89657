"""A recipe's name and the flags beside it in; a trained model out, the epochs told on stderr."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from flaneur.cli.model_folders import folders, model_name
from flaneur.errors import UsageError
from flaneur.training.recipes.override import Override, overridden
from flaneur.training.recipes.recipe_file import read_recipe
from flaneur.training.recipes.shipped import recipe_path

if TYPE_CHECKING:
    from flaneur.bundle.folder import Bundle
    from flaneur.dataset.store import Dataset
    from flaneur.training.heads.parts import Progress
    from flaneur.training.recipes.recipe import Recipe


def by_recipe(name: str, options: dict[str, Any], progress: Progress) -> tuple[Bundle, Dataset]:
    """Train what a recipe says.

    Args:
        name: of a recipe file, or of a recipe that flaneur brings.
        options: the command's.
        progress: told stage, done, of how many.
    """
    from flaneur.dataset.store import open_dataset
    from flaneur.training.by_recipe import train_by_recipe
    from flaneur.training.networks.finetune import is_leader
    from flaneur.training.networks.journal import journal
    from flaneur.training.recipes.check import check_recipe
    from flaneur.training.run_folder import public

    recipe = _recipe(name, options)
    if not recipe.data.dataset:
        raise UsageError("Name what to learn: --dataset NAME.")
    dataset = open_dataset(recipe.data.dataset)
    run, out = folders(options["name"] or recipe.name, options["output"])
    loggers = options["log_to"] if is_leader() else ()
    if loggers:  # they write into the run's folder at once
        check_recipe(recipe)
    with journal(loggers, run, public(recipe), table=is_leader()) as log:
        try:
            bundle = train_by_recipe(
                dataset,
                recipe,
                run,
                out,
                device=options["device"] or "auto",
                log=log,
                progress=progress if is_leader() else None,
                replace=options["replace"],
            )
        except KeyboardInterrupt:
            log.close()
            if is_leader():
                click.echo("flaneur: stopped. The same command goes on from the last checkpoint.", err=True)
            raise click.exceptions.Exit(130) from None
    return bundle, dataset


def _recipe(name: str, options: dict[str, Any]) -> Recipe:
    weights = options["weights"]
    wanted = Override(
        name=None if options["name"] is None else model_name(options["name"]),
        dataset=options["dataset"],
        weights=None if weights is None else str(weights),
        random_weights=bool(options["random_weights"]),
        epochs=options["epochs"],
        head=options["head"],
    )
    return overridden(read_recipe(recipe_path(name), options["variant"]), wanted)
