"""``flaneur reproduce``: a paper's recipe and a dataset in; the paper's table and ours side by side out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from flaneur.dataset.store import Dataset
    from flaneur.metrics import Interval


@click.command(epilog="Example:  flaneur reproduce littleplanet --dataset mine --weights weights/ --epochs 2")
@click.argument("recipe")
@click.option("--dataset", required=True, metavar="NAME", help="Dataset to train and measure on.")
@click.option("--variant", "variants", multiple=True, metavar="NAME", help="Only this variant; again for several.")
@click.option(
    "--weights", type=click.Path(path_type=Path), help="Safetensors file, or a folder that holds NAME.safetensors."
)
@click.option("--random-weights", is_flag=True, help="Start at random where --weights has no file of a network.")
@click.option("--encoder", metavar="FAMILY/NAME", help="Stands in for the paper's pretrained network.")
@click.option("--epochs", metavar="N", type=click.IntRange(min=1), help="Instead of the paper's.")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda", "mps"]), default="auto", show_default=True)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Folder for results, runs and models.")
@click.option("--replace", is_flag=True, help="Give up runs of other settings that are in the folder.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of text.")
def reproduce(recipe: str, as_json: bool, **options: Any) -> None:
    """Train a paper's networks on the paper's kind of split and on an honest one; print its numbers beside ours.

    RECIPE is the name of one that flaneur brings, such as littleplanet, or a TOML file with a [paper]. Interrupted, the
    same command goes on; what is finished is not trained again. Needs the extra 'train'.
    """
    from flaneur import settings
    from flaneur.cli.train import progress_bars, train_extra
    from flaneur.dataset.store import open_dataset
    from flaneur.training.paper_table import to_markdown
    from flaneur.training.recipes.shipped import recipe_path

    path = recipe_path(recipe, of_papers=True)
    folder = options["out"] or settings.new_folder("runs", f"reproduce-{path.stem}")
    with train_extra("flaneur reproduce"), progress_bars() as progress:
        from flaneur.training.networks.journal import journal
        from flaneur.training.reproduce import Means, Wanted
        from flaneur.training.reproduce import reproduce as run

        wanted = Wanted(
            variants=options["variants"],
            weights="" if options["weights"] is None else str(options["weights"]),
            random_weights=options["random_weights"],
            encoder=options["encoder"] or "",
            epochs=options["epochs"],
            replace=options["replace"],
        )
        with journal((), folder, {}) as log:
            means = Means(_measured, log, lambda line: click.echo(line, err=True), options["device"], progress)
            found = run(path, open_dataset(options["dataset"]), wanted, folder, means)
    click.echo(json.dumps(found, ensure_ascii=False) if as_json else to_markdown(found).rstrip())
    click.echo(f"Result: {folder / 'reproduce.md'}", err=True)


def _measured(model: Path, dataset: Dataset, split: str) -> Mapping[str, Interval]:
    """The numbers of a model on a split's test part."""
    from flaneur import predict
    from flaneur.cli.progress import bar
    from flaneur.evaluation.paper import paper_measures
    from flaneur.evaluation.run import What, evaluate

    with bar("evaluate") as progress:
        return paper_measures(evaluate(predict.load(model), dataset, What("test", split), progress=progress))
