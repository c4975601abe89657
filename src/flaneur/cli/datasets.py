"""``flaneur import`` and ``flaneur dataset``: photos in; a curated, split and audited dataset out."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flaneur.errors import InputError, IntegrityError, UsageError, counted, listed

if TYPE_CHECKING:
    from flaneur.dataset.audit import Audit
    from flaneur.dataset.store import Dataset

_json = click.option("--json", "as_json", is_flag=True, help="One JSON object instead of text.")


@click.command("import", epilog="Example:  flaneur import folder photos/ --name mine   (photos/<city>/…/*.jpg)")
@click.argument("layout")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--name", required=True, help="Of the dataset; with a slash, a path.")
@click.option("--only", metavar="GLOB", help="Only photos whose name below PATH matches, such as 'cities/*'.")
@_json
def import_command(layout: str, path: Path, name: str, only: str | None, as_json: bool) -> None:
    """Copy the photos at PATH into a dataset. Yours are only read; metadata are left behind.

    LAYOUT is 'folder': a folder with one folder a city, or a CSV file with the columns file and city.
    Interrupted, the same command goes on. Again, it changes nothing.
    """
    from flaneur import discover
    from flaneur.cli.progress import bar
    from flaneur.dataset.store import import_photos, open_dataset
    from flaneur.settings import new_folder

    importer = discover.load("flaneur.importers", layout)
    root = new_folder("datasets", name)
    found = list(importer.find(path))
    with bar("import", len(found) if only is None else None) as progress:
        summary = import_photos(found, root, name=root.name, source=layout, only=only, progress=progress)
    dataset, listing = open_dataset(root), f"flaneur dataset info {name} --dropped"
    if not dataset.all_photos:
        raise InputError(f"{path}: no photo could be used ({listed(summary.dropped)}). See: {listing}")
    facts = asdict(summary) | {"dataset": str(root), "photos": len(dataset.all_photos), "cities": len(dataset.cities)}
    if as_json:
        click.echo(json.dumps(facts))
        return
    dropped = f", {listed(summary.dropped)} dropped (see: {listing})" if summary.dropped else ""
    click.echo(f"{counted(summary.imported, 'photo')} imported, {summary.unchanged:,} unchanged{dropped}.")
    whole = f"{counted(facts['photos'], 'photo')} of {counted(facts['cities'], 'city')}"
    click.echo(f"{root}: {whole}. Next: flaneur dataset curate {name}")


@click.group()
def dataset() -> None:
    """Curate, split, audit and describe a dataset."""


@dataset.command()
@click.argument("name")
@click.option("--dropped", is_flag=True, help="List the photos that are not used, each with its reason.")
@_json
def info(name: str, dropped: bool, as_json: bool) -> None:
    """Say what is in the dataset NAME."""
    from flaneur.cli.main import printable
    from flaneur.dataset.store import open_dataset

    data = open_dataset(name)
    facts = _facts(data) | ({"dropped_photos": [asdict(row) for row in data.dropped]} if dropped else {})
    if as_json:
        click.echo(json.dumps(facts))
        return
    whole = f"{counted(facts['photos'], 'photo')} of {counted(len(facts['cities']), 'city')}"
    click.echo(f"{data.name}: {whole}, in {data.root}")
    _table(("city", "photos", "places", "with position"), facts["cities"])
    click.echo(f"dropped: {listed(facts['dropped']) or 'none'}")
    for row in data.dropped if dropped else ():
        click.echo(printable(f"  {row.original}  {row.reason}: {row.detail.removeprefix(f'{row.original}: ')}"))
    click.echo(f"splits: {', '.join(facts['splits']) or 'none yet'}")
    click.echo(f"content: {facts['content_hash']}")


@dataset.command()
@click.argument("name")
@click.option("--near-duplicate", type=float, help="Correlation from which a photo is a repeat (0.97).")
@click.option("--look-alike", type=float, help="Correlation from which places stay together in a split (0.92).")
@_json
def curate(name: str, near_duplicate: float | None, look_alike: float | None, as_json: bool) -> None:
    """Set aside blank, blurred and repeated photos of NAME, each with its reason. No file is deleted."""
    from flaneur.cli.progress import bar
    from flaneur.dataset.curate import CurationRule
    from flaneur.dataset.curate import curate as curate_dataset
    from flaneur.dataset.store import open_dataset

    data = open_dataset(name)
    usual = CurationRule()
    rule = replace(
        usual,
        near_duplicate=usual.near_duplicate if near_duplicate is None else near_duplicate,
        look_alike=usual.look_alike if look_alike is None else look_alike,
    )
    with bar("curate", len(data.all_photos)) as progress:
        summary = curate_dataset(data, rule, progress)
    if as_json:
        click.echo(json.dumps(asdict(summary)))
        return
    share = summary.kept / max(1, len(data.all_photos))
    click.echo(f"{counted(summary.kept, 'photo')} kept ({share:.1%}); dropped: {listed(summary.dropped) or 'none'}.")
    stay = f"places that look alike and so stay together: {counted(summary.ties, 'pair')}"
    click.echo(f"{stay}. Next: flaneur dataset split {name}")
    for conflict in summary.conflicts:
        click.echo(f"label conflict: {conflict}")


@dataset.command("split")
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
@_json
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


@dataset.command()
@click.argument("name")
@click.option("--split", "split_name", default="default", show_default=True, help="Name of the split.")
@click.option(
    "--encoder",
    metavar="MODEL",
    help="Measure with this model what a random split would claim (base, once it has embedded NAME).",
)
@_json
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


@dataset.command()
@click.argument("name")
@_json
def verify(name: str, as_json: bool) -> None:
    """Compare each stored photo of NAME with the hash that names it. Exits with 6 if any differs."""
    from flaneur.cli.progress import bar
    from flaneur.dataset.store import open_dataset, verify_dataset

    data = open_dataset(name)
    with bar("verify", len(data.all_photos)) as progress:
        problems = verify_dataset(data, progress)
    if as_json:
        click.echo(json.dumps({"photos": len(data.all_photos), "problems": problems}))
    else:
        for problem in problems:
            click.echo(problem)
    if problems:
        lost = counted(len(problems), "stored photo")
        raise IntegrityError(f"{data.name}: changed or missing: {lost}. Remove the changed files and import again.")
    if not as_json:
        click.echo(f"{data.name}: {counted(len(data.all_photos), 'photo')}, each what it was.")


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
    from flaneur.bundle import CARD, bundled_base, read_bundle
    from flaneur.encoder import OnnxEncoder

    if not (data.root / "features").is_dir() or not (bundled_base() / CARD).is_file():
        return False
    return (data.root / "features" / OnnxEncoder.from_bundle(read_bundle("base")).hash[:16]).is_dir()


def _inflation(data: Dataset, encoder: str, split_name: str) -> dict[str, Any]:
    from flaneur.bundle import read_bundle
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
    _table(("city", "train", "validation", "test", "unused"), audit.counts)
    for pair, metres in audit.nearest_m.items():
        click.echo(f"nearest {pair}: {'no positions' if metres is None else f'{metres:.0f} m'}")
    for warning in audit.warnings:
        click.echo(f"warning: {warning}", err=True)
    if "random_split" in facts:
        from flaneur.training.heads.inflation import describe

        click.echo(describe(facts["random_split"]))
    if audit.ok:
        click.echo(f"No leak found in split {facts['split']!r} ({facts['hash'][:12]}).")


def _facts(data: Dataset) -> dict[str, Any]:
    photos = Counter(photo.city for photo in data.photos)
    placed = Counter(photo.city for photo in data.photos if photo.location is not None)
    places = Counter(city for city, _ in {(photo.city, photo.place) for photo in data.photos})
    return {
        "name": data.name,
        "path": str(data.root),
        "photos": len(data.photos),
        "cities": {
            city: {"photos": photos[city], "places": places[city], "with position": placed[city]}
            for city in sorted(photos)
        },
        "dropped": dict(Counter(dropped.reason for dropped in data.dropped)),
        "splits": sorted(path.stem for path in (data.root / "splits").glob("*.json")),
        "content_hash": data.content_hash,
    }


def _table(head: tuple[str, ...], rows: Mapping[str, Mapping[str, int]]) -> None:
    first = max([len(head[0]), *map(len, rows)])
    click.echo("  ".join([head[0].ljust(first), *head[1:]]))
    for name, values in rows.items():
        click.echo("  ".join([name.ljust(first), *(f"{values[column]:>{len(column)}}" for column in head[1:])]))
