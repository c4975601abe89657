"""What a reproduction measured in; the paper's numbers and ours side by side, as rows and as Markdown, out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from flaneur.metrics import Interval
from flaneur.training.heads.inflation import difference
from flaneur.training.recipes.paper import PaperResult

_ALWAYS = ("accuracy", "top3", "macro_recall")
_NAMES = {
    "accuracy": "accuracy",
    "accuracy_views": "accuracy, all views of a place",
    "top3": "right among the first 3",
    "macro_recall": "macro recall",
    "macro_precision": "macro precision",
    "macro_f1": "macro F1",
}
_AS_PUBLISHED = {"photo": "as published (by photo)", "place": "as published (places at random)"}
_NONE = "–"


def rows(
    results: Iterable[PaperResult], runs: Mapping[str, Mapping[str, Any]], cities: int = 0
) -> list[dict[str, Any]]:
    """One row a number: published, as published on these photos, honest, and what the split was worth.

    Args:
        results: that the paper published; a second one of the same name is a contradiction and gets no numbers of ours.
        runs: ``published`` and ``honest``, as far as they were run, each with ``measures``.
        cities: of ours; with three or fewer, the right one always is among the first 3, which gets no numbers then.

    >>> ends = {"value": 0.8, "low": 0.7, "high": 0.9, "n": 9, "places": 9}
    >>> made = rows([PaperResult("accuracy", 0.75)], {"honest": {"measures": {"accuracy": ends}}})
    >>> made[0]["published"], made[0]["honest"]["value"], made[0]["difference"]
    (0.75, 0.8, None)
    """
    told: list[tuple[str, float | None, str]] = [(result.what, result.value, result.note) for result in results]
    told += [(what, None, "") for what in _ALWAYS if what not in {known for known, _, _ in told}]
    made, seen = [], {"top3"} if 0 < cities <= 3 else set()
    for what, value, note in told:
        ours = [None if what in seen else _measured(runs, protocol, what) for protocol in ("published", "honest")]
        seen.add(what)
        gap = difference(_interval(ours[0]), _interval(ours[1])) if ours[0] and ours[1] else None
        if value is not None or any(ours):
            made.append(
                {"what": what, "published": value, "note": note, "as_published": ours[0], "honest": ours[1],
                 "difference": gap}
            )  # fmt: skip
    return made


def to_markdown(found: Mapping[str, Any]) -> str:
    """The whole result as a page.

    Args:
        found: as ``reproduce.json`` holds it.
    """
    paper, data = found["paper"], found["dataset"]
    variants = {name: entry for name, entry in found["variants"].items() if "rows" in entry}
    done = {name: entry for name, entry in variants.items() if entry["runs"]}
    parts = [
        f"# {found['name']} on {data['name']}",
        f"*{paper['title']}* ({paper['cite']}).",
        f"- the paper's photos: {paper['photos']}\n- its split: {paper['protocol']}\n"
        f"- here: {data['cities']} cities of {data['name']}; every model measured on its split's test part, with 95 % "
        "intervals by place",
        _numbers(variants, paper["split_by"]),
        _training(variants),
        _listed("Quoted", {name: _notes(entry) for name, entry in variants.items()}),
        _listed("Run otherwise here", {name: entry["said"] for name, entry in done.items()}),
        _listed("The recipe differs from the paper", {name: entry["differs"] for name, entry in done.items()}),
        _listed("The paper leaves open", {name: entry["unsaid"] for name, entry in done.items()}),
        _listed("Not run", {name: [entry["not_run"]] if entry["not_run"] else [] for name, entry in variants.items()}),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _numbers(variants: Mapping[str, Any], split_by: str) -> str:
    head = ["variant", "number", "published", _AS_PUBLISHED[split_by], "honest (by place)", "the split was worth"]
    lines = [
        [
            name,
            _NAMES.get(row["what"], row["what"]),
            _NONE if row["published"] is None else f"{100 * row['published']:.4g} %",
            _share(row["as_published"]),
            _share(row["honest"]),
            _gap(row["difference"]),
        ]
        for name, entry in variants.items()
        for row in entry["rows"]
    ]
    return _table(head, lines)


def _training(variants: Mapping[str, Any]) -> str:
    head = ["variant", "network", "first weights", "split", "epochs", "training", "train photos", "test photos"]
    lines = [
        [
            name,
            f"`{entry['network']}`",
            entry["initial"],
            run["split"],
            str(run["epochs"]),
            f"{run['seconds'] / 60:.1f} min" if run["seconds"] >= 60 else f"{run['seconds']:.0f} s",
            f"{run['photos']['train']:,}",
            f"{run['photos']['test']:,}",
        ]
        for name, entry in variants.items()
        for run in entry["runs"].values()
    ]
    return _table(head, lines) if lines else ""


def _table(head: list[str], lines: list[list[str]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [head, ["---"] * len(head), *lines])


def _listed(title: str, said: Mapping[str, list[str]]) -> str:
    """Each sentence once, with the variants that it is about unless it is about all of them."""
    about: dict[str, list[str]] = {}
    for name, lines in said.items():
        for line in lines:
            about.setdefault(line, []).append(name)
    listed = [
        f"- {line}" if len(names) == len(said) else f"- {line} [{', '.join(names)}]" for line, names in about.items()
    ]
    return f"## {title}\n\n" + "\n".join(listed) if listed else ""


def _notes(entry: Mapping[str, Any]) -> list[str]:
    return [
        f"{_NAMES.get(row['what'], row['what'])} {100 * row['published']:.4g} %: {row['note']}"
        for row in entry["rows"]
        if row["note"]
    ]


def _measured(runs: Mapping[str, Mapping[str, Any]], protocol: str, what: str) -> dict[str, Any] | None:
    found: dict[str, Any] | None = runs.get(protocol, {}).get("measures", {}).get(what)
    return found if found is not None and found["value"] is not None else None


def _interval(row: Mapping[str, Any] | None) -> Interval:
    assert row is not None  # noqa: S101  # asked for where both are there
    value, low, high = (math.nan if row[key] is None else row[key] for key in ("value", "low", "high"))
    return Interval(value, low, high, row["n"], row["places"])


def _share(row: Mapping[str, Any] | None) -> str:
    if row is None:
        return _NONE
    if row["low"] is None:
        return f"{100 * row['value']:.1f} %"
    return f"{100 * row['value']:.1f} % ({100 * row['low']:.1f} to {100 * row['high']:.1f})"


def _gap(row: Mapping[str, float] | None) -> str:
    if row is None:
        return _NONE
    return f"{100 * row['value']:+.1f} ({100 * row['low']:+.1f} to {100 * row['high']:+.1f})"
