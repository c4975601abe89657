"""``flaneur dataset split`` and ``audit``: a dataset in; parts that share no place, and what they share, out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from flaneur.cli.show import as_json_option, table
from flaneur.errors import IntegrityError, UsageError

if TYPE_CHECKING:
    from flaneur.dataset.audit import Audit
    from flaneur.dataset.store import Dataset


@click.command("split")
@click.argument("name")
@click.option("--split", "split_name", default="default", show_default=True, help="Name of the split.")
@click.option("--train", default=0.7, show_default=True, help="Share of each city's photos.")
@click.option("--validation", default=0.15, show_default=True, help="Likewise.")
@click.option("--test", default=0.15, show_default=True, help="Likewise.")
@click.option("--cell-m", default=500.0, show_default=True, help="Photos in one cell of this side stay together.")
@click.option(
    "--gap-m", default=50.0, show_default=True, help="Parts stay this far apart; photos between are left out."
)
@click.option("--seed", default=0, show_default=True)
@click.option(
    "--by",
    type=click.Choice(["place", "photo"]),
    default="place",
    show_default=True,
    help="photo: as papers do, with places on both sides; only to compare with them.",
)
@as_json_option
@click.pass_context
def split_command(context: click.Context, /, name: str, split_name: str, as_json: bool, **rule: Any) -> None:
    """Split NAME into train, validation and test parts that share no place, and audit the split."""
    from flaneur.dataset.audit import AS_PUBLISHED, split_dataset
    from flaneur.dataset.split import SplitRule
    from flaneur.dataset.store import open_dataset

    if rule["by"] == "photo":
        _check_by_photo(context, split_name)
    data = open_dataset(name)
    made, audit = split_dataset(data, SplitRule(name=split_name, **rule))
    _show_audit(audit, {"split": made.name, "hash": made.hash}, as_json)
    if not audit.ok:
        for violation in audit.violations:
            click.echo(f"leak: {violation}", err=True)
        click.echo(f"{made.name}: {AS_PUBLISHED}. flaneur reproduce compares with it.", err=True)


@click.command()
@click.argument("name")
@click.option("--split", "split_name", default="default", show_default=True, help="Name of the split.")
@click.option(
    "--encoder",
    metavar="MODEL",
    help="Measure with this model what a random split would claim (base, once it has embedded NAME).",
)
@as_json_option
def audit(name: str, split_name: str, encoder: str | None, as_json: bool) -> None:
    """Check that the parts of NAME's split share nothing (or exit with 6); say what a random split would claim."""
    from flaneur.dataset.audit import audit_split
    from flaneur.dataset.store import open_dataset

    data = open_dataset(name)
    made = data.split(split_name)
    found = audit_split(data.photos, made, data.ties)
    facts: dict[str, Any] = {"split": made.name, "hash": made.hash}
    if found.ok and (encoder is not None or _embedded_by_base(data)):
        facts["random_split"] = _inflation(data, encoder or "base", split_name)
    _show_audit(found, facts, as_json)
    if not found.ok:
        raise IntegrityError(f"{data.name}: the split {made.name!r} leaks. {' '.join(found.violations)}")


def _check_by_photo(context: click.Context, split_name: str) -> None:
    """Refuse flags without effect, and to put a leaking split where everything looks for the honest one."""
    from click.core import ParameterSource

    for flag in ("cell_m", "gap_m"):
        if context.get_parameter_source(flag) is ParameterSource.COMMANDLINE:
            raise UsageError(f"--{flag.replace('_', '-')} has no effect with --by photo, which keeps nothing apart.")
    if split_name == "default":
        raise UsageError("A split by photo leaks and cannot be the default one. Name it: --split as-published.")


def _embedded_by_base(data: Dataset) -> bool:
    """Whether the bundled model's embeddings of these photos are there already, so that measuring takes seconds."""
    from flaneur.bundle.folder import CARD, bundled_base, read_bundle
    from flaneur.encoder import OnnxEncoder

    if not (data.root / "features").is_dir() or not (bundled_base() / CARD).is_file():
        return False
    return (data.root / "features" / OnnxEncoder.from_bundle(read_bundle("base")).hash[:16]).is_dir()


def _inflation(data: Dataset, encoder: str, split_name: str) -> dict[str, Any]:
    from flaneur.bundle.folder import read_bundle
    from flaneur.cli.progress import bar
    from flaneur.dataset.split import add_facts
    from flaneur.encoder import OnnxEncoder
    from flaneur.training.heads.inflation import random_split_inflation

    model = OnnxEncoder.from_bundle(read_bundle(encoder))
    with bar("embed", len(data.photos)) as advance:
        done = 0

        def progress(_stage: str, count: int, _total: int) -> None:
            nonlocal done
            advance(count - done)
            done = count

        found = random_split_inflation(data, model, data.split(split_name), progress)
    facts = found | {"encoder": {"name": model.name, "hash": model.hash}}
    add_facts(data.root / "splits", split_name, {"random_split": facts})
    return facts


def _show_audit(audit: Audit, facts: dict[str, Any], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(facts | audit.to_dict()))
        return
    table(("city", "train", "validation", "test", "unused"), audit.counts)
    for pair, metres in audit.nearest_m.items():
        click.echo(f"nearest {pair}: {'no positions' if metres is None else f'{metres:.0f} m'}")
    for warning in audit.warnings:
        click.echo(f"warning: {warning}", err=True)
    if "random_split" in facts:
        from flaneur.training.heads.inflation import describe

        click.echo(describe(facts["random_split"]))
    if audit.ok:
        click.echo(f"No leak found in split {facts['split']!r} ({facts['hash'][:12]}).")
