"""What validation showed in; the card's numbers, its limits and a README for people out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flaneur import metrics
from flaneur.bundle.card import Card
from flaneur.errors import counted
from flaneur.training.heads.calibrate import log_softmax
from flaneur.training.heads.novelty_choice import NoveltyChoice
from flaneur.types import Photo

_FEW_PLACES = 10
_REPEATS = 400
_NAMES = {
    "accuracy": "accuracy",
    "macro_recall": "macro recall",
    "top3": "right city among the first three",
    "calibration_error": "calibration error",
    "within_project": "accuracy among the cities of the photo's own project",
    "novelty_auroc": "AUROC of novelty, unknown cities against known",
}


def validation_metrics(
    logits: NDArray[np.float32], labels: NDArray[np.int64], places: Sequence[str], temperature: float
) -> dict[str, Any]:
    """Single-photo scores on validation, with intervals by place.

    Args:
        logits: ``[N, C]``.
        labels: ``[N]``.
        places: ``[N]``.
        temperature: as fitted, in part on these photos.
    """
    if len(labels) == 0:
        return {}
    hits = np.stack(
        [metrics.top_k_hits(logits.astype(np.float64), labels, k) for k in (1, min(3, logits.shape[1]))], axis=1
    )
    ends = metrics.bootstrap_by_group(metrics.shares(hits, np.ones_like(hits)), places, repeats=_REPEATS)
    right = hits[:, 0]
    recall = metrics.balanced_accuracy(labels, right, logits.shape[1])
    macro = metrics.bootstrap_by_group(recall, places, repeats=_REPEATS)

    def calibration(heat: float) -> float:
        confidence = np.exp(log_softmax(logits / heat).max(axis=1))
        return round(metrics.expected_calibration_error(confidence, right), 4)

    return {
        "validation": {
            "accuracy": ends[0].to_dict(),
            "macro_recall": macro[0].to_dict(),
            "top3": ends[1].to_dict(),
            "calibration_error_before": calibration(1.0),
            "calibration_error": calibration(temperature),
        }
    }


def limits(card: Card, train: Sequence[Photo], validation: Sequence[Photo], choice: NoveltyChoice) -> tuple[str, ...]:
    """What the model cannot do, one sentence each."""
    lines = [only_these(len(card.cities))]
    places: dict[str, set[str]] = defaultdict(set)
    for photo in train:
        places[photo.city].add(photo.place)
    few = [f"{city} ({len(own)})" for city, own in sorted(places.items()) if len(own) < _FEW_PLACES]
    if few:
        lines.append(f"It saw few places of {', '.join(few)}; expect more mistakes there.")
    unjudged = sorted({photo.city for photo in train} - {photo.city for photo in validation})
    if unjudged:
        lines.append(f"Validation had no photos of {', '.join(unjudged)}, so nothing was measured for them.")
    if not validation:
        lines.append("There was no validation part: probabilities and doubt were not checked against unseen photos.")
    elif len(validation) < 100:
        lines.append(f"Its thresholds of doubt rest on only {counted(len(validation), 'validation photo')}.")
    if not choice.auroc:
        lines.append(f"How it spots unknown cities was not chosen by measurement ({choice.note}).")
    return (*lines, _cameras(train))


def only_these(cities: int) -> str:
    """The first of a card's limits.

    >>> only_these(2)
    'It knows 2 cities and no other; a photo of another city can still be given one of them.'
    """
    return f"It knows {counted(cities, 'city')} and no other; a photo of another city can still be given one of them."


def _cameras(train: Sequence[Photo]) -> str:
    """What is to be said of cameras; :mod:`flaneur.evaluation.words` says the same of the photos it measures on."""
    cities_of: dict[str, set[str]] = defaultdict(set)
    for photo in train:
        cities_of[photo.project or photo.source].add(photo.city)
    if len(cities_of) == 1:
        return "All its photos came by one project or source; photos by other cameras may be answered worse."
    every = set.union(*cities_of.values())
    if all(own == every for own in cities_of.values()):
        return (
            "Every project or source had photos of every city, so the camera alone cannot give the city away; photos "
            "by other cameras may be answered worse."
        )
    alone = sorted({city for own in cities_of.values() if len(own) == 1 for city in own})
    if alone:
        return (
            f"Alone in their project or source: {', '.join(alone)}. The camera may give such a city away; "
            "compare within a project."
        )
    return "Projects or sources cover different cities, so the camera may give a city away; compare within a project."


def readme(card: Card) -> str:
    """The model card for people, Markdown."""
    cities = "".join(
        f"| {city.name} | `{city.slug}` | {city.country} | {_centre(city.centre)} |\n" for city in card.cities
    )
    measured = "\n".join(_measured(card))
    data = card.dataset
    return f"""# {card.name} {card.version}

Tells {len(card.cities)} cities apart from street-level photos. Made {card.created} by flaneur.
{_notes(card)}
| city | slug | country | centre |
| --- | --- | --- | --- |
{cities}{_gazetteer(card)}
## How it was made

- Photos: {counted(data.photos, "training photo")} of {counted(data.places, "place")} (dataset `{data.name}`).
- Encoder: `{card.encoder.name}`, {card.encoder.dim} numbers a photo, {card.preprocess.size_px} px.
- Licences of the photos: {", ".join(card.licences) or "not recorded"}.
{_added(card)}
## What was measured

At places that training never saw; 95 % intervals by place.

{measured}

## When it says "none of the cities I know"

{_doubt(card)}

## What it cannot do

{"".join(f"- {limit}{chr(10)}" for limit in card.limits)}"""


def _doubt(card: Card) -> str:
    rule = card.abstain
    when = (
        [f"the best city is less probable than {rule.probability_threshold:.2f}"] if rule.probability_threshold else []
    )
    if rule.novelty_threshold is not None:
        when.append(f"its novelty ({rule.novelty_method}) is above {rule.novelty_threshold:.3g}")
    if not when:
        return "Never: there were no validation photos to choose a threshold on."
    note = str(card.training.get("novelty", {}).get("note", ""))
    refused = f"That refused {rule.validation_refused_share:.1%} of the validation photos."
    return f"When {' or '.join(when)}. {refused}\n\nNovelty: {note}"


def _added(card: Card) -> str:
    """Cities that were added to the trained model, a line each."""
    return "".join(
        f"- `{one['city']}` was added to {one['to']} on {one['day']}: a prototype, the mean of "
        f"{counted(one['photos'], 'photo')}.\n"
        for one in card.training.get("added", ())
    )


def _gazetteer(card: Card) -> str:
    """Who told what photos did not tell of the cities."""
    source = card.training.get("gazetteer", "")
    return f"\nCountries, and centres that the photos did not tell: {source}.\n" if source else ""


def _notes(card: Card) -> str:
    notes = str(card.training.get("recipe", {}).get("notes", ""))
    return f"\n{notes}\n" if notes else ""


def _measured(card: Card) -> list[str]:
    values = card.metrics
    found = values.get("validation")
    if not found:
        return ["Nothing: there were no validation photos."]
    before = found["calibration_error_before"]
    lines = [
        "On validation photos, which also chose temperature and thresholds. The test part was not used for any choice.",
        "",
    ]
    among = ("top3",) if len(card.cities) > 3 else ()  # with fewer, the right one always is among three
    lines += [_number(found, key) for key in ("accuracy", "macro_recall", *among)]
    lines.append(f"- calibration error: {found['calibration_error']:.3f} ({before:.3f} before calibration)")
    for what, numbers in values.get("evaluated", {}).items():
        lines += ["", f"On `{what}`, by `{numbers['command']}`:", ""]
        lines += [_number(numbers, key) for key in _NAMES if numbers.get(key)]
        lines += [
            f"- {name}: {pair['pooled']['value']:.3f} among all cities, {pair['within']['value']:.3f} among its own"
            for name, pair in numbers["projects"].items()
        ]
    return lines


def _number(found: dict[str, Any], key: str) -> str:
    row = found[key]
    return (
        f"- {_NAMES[key]}: {row['value']:.3f} ({row['low']:.3f} to {row['high']:.3f}; "
        f"{counted(row['n'], 'photo')}, {counted(row['places'], 'place')})"
    )


def _centre(centre: Any) -> str:
    return "" if centre is None else f"{centre.lat:.3f}, {centre.lon:.3f}"
