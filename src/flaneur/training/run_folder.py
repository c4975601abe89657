"""A recipe and a dataset in; what a run and a model are of out, so that one never becomes another unasked."""

from __future__ import annotations

import logging
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

from flaneur.bundle import CARD, Bundle, read_bundle
from flaneur.dataset.store import Dataset
from flaneur.errors import UsageError
from flaneur.files import read_json, sha256_file, sha256_json, write_json
from flaneur.training.heads.learn import LearnRule
from flaneur.training.recipes.recipe import Recipe

_log = logging.getLogger(__name__)
_NOTE = "run.json"
_NOT_SHAPING = ("weights_mb",)  # of the network: decided when it is exported


def claim(run: Path, identity: str, table: dict[str, Any], *, replace: bool = False) -> None:
    """Note what the run is of, or check that it is of the same.

    Args:
        run: the folder; made if need be.
        identity: from :func:`identity_of`.
        table: from :func:`public`, for people.
        replace: whether the run of something else gives way.

    Raises:
        UsageError: the folder holds the run of another recipe or of other photos.
    """
    note = run / _NOTE
    if note.is_file() and read_json(note)["identity"] != identity:
        if not replace:
            raise UsageError(
                f"{run} holds a run of another recipe or other photos. "
                "Choose another --name, or give it up with --replace."
            )
        shutil.rmtree(run)
    run.mkdir(parents=True, exist_ok=True)
    write_json(note, {"identity": identity, "recipe": table})


def identity_of(recipe: Recipe, dataset: Dataset, weights: Path | None, teacher: Bundle | None) -> str:
    """The hash of everything that shapes a network's weights.

    Args:
        recipe: of this network.
        dataset: that it learns.
        weights: the file it starts from, if that is a file.
        teacher: whom it learns from, if anybody.
    """
    table = asdict(recipe)
    network = {key: value for key, value in table["network"].items() if key not in (*_NOT_SHAPING, "weights")}
    shaping = [network, *(table[key] for key in ("training", "augment", "views", "distil"))]
    shaping[-1]["teacher"] = teacher.card.files.get("model.onnx", "") if teacher else ""
    start = sha256_file(weights) if weights is not None and weights.is_file() else ""
    return sha256_json([shaping, start, dataset.content_hash, dataset.split(recipe.data.split).hash])


def origin_of(recipe: Recipe, name: str, identities: list[str]) -> str:
    """The hash of everything that shapes a finished model: equal origin, equal model.

    Args:
        recipe: the whole.
        name: of the model.
        identities: of its networks.
    """
    table = asdict(recipe)
    rest = [table[key] for key in ("head", "novelty", "doubt", "views", "notes")]
    return sha256_json([name, identities, recipe.network.weights_mb, rest])


def learning_origin(dataset: Dataset, rule: LearnRule, encoder_hash: str) -> str:
    """The hash of everything that shapes a model whose encoder is ready: equal origin, equal model."""
    return sha256_json([asdict(rule), encoder_hash, dataset.content_hash, dataset.split(rule.split).hash])


def finished(out: Path, origin: str, *, replace: bool) -> Bundle | None:
    """The model that is there, if it is of the same origin; ``None`` if there is none, or if it may give way.

    Args:
        out: folder of the model.
        origin: as kept in its card.
        replace: whether a model of another origin may give way.

    Raises:
        UsageError: another model is there.
    """
    if not (out / CARD).is_file():
        return None
    if replace:
        return None
    kept = read_bundle(out)
    if kept.card.training.get("origin") == origin:
        _log.warning("%s is there already, of the same settings and photos; --replace makes it again.", kept.card.name)
        return kept
    raise UsageError(
        f"{out} holds another model ({kept.card.name}, made {kept.card.created} from {kept.card.dataset.name}). "
        "Choose another --name, or give it up with --replace."
    )


def public(recipe: Recipe) -> dict[str, Any]:
    """The recipe as data, without paths of this machine and without the paper's tables."""
    table = asdict(recipe)
    del table["paper"]
    for part in (table, *table["members"]):
        part.pop("paper", None)
        part["network"]["weights"] = Path(part["network"]["weights"]).name
        part["data"]["dataset"] = Path(part["data"]["dataset"]).name
        part["distil"]["teacher"] = Path(part["distil"]["teacher"]).name
    for part in table["members"]:
        del part["members"]
    if not table["members"]:
        del table["members"]
    return table
