"""A recipe and a dataset in; what a run and a model are of out, so that one never becomes another unasked."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from flaneur.bundle.folder import CARD, Bundle, read_bundle, refuse_other_files
from flaneur.dataset.store import Dataset
from flaneur.errors import UsageError
from flaneur.files import read_json, sha256_file, sha256_json, write_json
from flaneur.training.heads.learn import LearnRule
from flaneur.training.recipes.recipe import Recipe

_log = logging.getLogger(__name__)
_NOTE = "run.json"
_NOT_SHAPING = ("weights_mb",)  # of the network: decided when it is exported
_NOT_OF_RUN = ("name", "notes", "head.", "novelty.", "doubt.", *(f"network.{key}" for key in _NOT_SHAPING))
_SHOWN, _LONGEST = 3, 40  # settings that differ, and letters of one
_WAY_OUT = "Choose another --name, or give it up with --replace."


def claim(run: Path, identity: str, table: dict[str, Any], *, replace: bool = False) -> None:
    """Note what the run is of, or check that it is of the same.

    Args:
        run: the folder; made if need be.
        identity: from :func:`identity_of`.
        table: from :func:`public`, for people.
        replace: whether the run of something else gives way.

    Raises:
        UsageError: the folder holds a model, or the run of another recipe or of other photos.
    """
    if (run / CARD).is_file():
        raise UsageError(f"{run} holds a model, and a run would go there. Choose another --name.")
    note = run / _NOTE
    if note.is_file() and (there := read_json(note))["identity"] != identity:
        if not replace and any(run.glob("checkpoint*")):  # else nothing was trained yet
            changed = _changes(there["recipe"], table, _NOT_OF_RUN)
            raise UsageError(f"{run} holds another run: {changed}. {_WAY_OUT}")
        shutil.rmtree(run)
    run.mkdir(parents=True, exist_ok=True)
    write_json(note, {"identity": identity, "recipe": table})


def refuse_one_folder(run: Path, out: Path) -> None:
    """Nothing, if run and model have each their own folder.

    Raises:
        UsageError: one lies in the other, so that giving one up would take the other along.
    """
    one, other = run.resolve(), out.resolve()
    if one.is_relative_to(other) or other.is_relative_to(one):
        raise UsageError(f"{out}: the run is kept in {run}, and neither may lie in the other. Choose another --output.")


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


def learning_settings(rule: LearnRule, encoder: str) -> dict[str, Any]:
    """What is told of a model whose encoder was ready, as :func:`public` tells of a recipe's.

    Args:
        rule: settings.
        encoder: its name.
    """
    return {"encoder": encoder, **asdict(rule)}


def finished(out: Path, origin: str, settings: Mapping[str, Any], *, replace: bool) -> Bundle | None:
    """The model that is there, if it is of the same origin; ``None`` if there is none, or if it may give way.

    Args:
        out: folder of the model.
        origin: as kept in its card.
        settings: from :func:`public` or :func:`learning_settings`, to say what differs.
        replace: whether a model of another origin may give way.

    Raises:
        UsageError: another model is there, or files that are no model.
    """
    refuse_other_files(out)
    if not (out / CARD).is_file():
        return None
    if replace:
        return None
    kept = read_bundle(out)
    if kept.card.training.get("origin") == origin:
        _log.warning("%s is there already, of the same settings and photos; --replace makes it again.", kept.card.name)
        return kept
    card = kept.card
    before = card.training.get("recipe") or {"encoder": card.encoder.name, **card.training.get("rule", {})}
    raise UsageError(
        f"{out} holds another model ({card.name}, made {card.created} from {card.dataset.name}): "
        f"{_changes(before, settings)}. {_WAY_OUT}"
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


def _changes(before: Mapping[str, Any], now: Mapping[str, Any], ignored: tuple[str, ...] = ()) -> str:
    """Which settings differ, each as it was and as it is.

    >>> _changes({"name": "a", "training": {"epochs": 12, "batch": 8}}, {"name": "b", "training": {"epochs": 3}})
    'name a → b, training.epochs 12 → 3'
    >>> _changes({"name": "a", "notes": ""}, {"name": "b", "notes": "Renamed."})
    'name a → b'
    >>> _changes({"name": "a"}, {"name": "b"}, ("name",))
    'it learnt other photos, by another split, or from other first weights'
    """
    old, new = dict(_flat(before)), dict(_flat(now))
    if ("network.backbone" in old) != ("network.backbone" in new):
        return "it was made by a recipe" if "network.backbone" in old else "it was made without a recipe"
    differ = [
        f"{key} {_short(old[key])} → {_short(value)}"
        for key, value in new.items()
        if key in old and old[key] != value and not key.startswith(ignored)
    ]
    if len(differ) > 1:  # notes only tell of the others
        differ = [one for one in differ if not one.startswith("notes ")]
    more = f" and {len(differ) - _SHOWN} more" if len(differ) > _SHOWN else ""
    told = f"{', '.join(differ[:_SHOWN])}{more}"
    return told or "it learnt other photos, by another split, or from other first weights"


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Each setting by its whole name, such as ``members.1.network.size_px``."""
    inside = dict(enumerate(value, 1)) if isinstance(value, list | tuple) else value
    if not isinstance(inside, Mapping) or not any(isinstance(one, Mapping) for one in (value, *inside.values())):
        yield path, list(value) if isinstance(value, tuple) else value
        return
    for key, one in inside.items():
        yield from _flat(one, f"{path}.{key}".lstrip("."))


def _short(value: Any) -> str:
    text = value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
