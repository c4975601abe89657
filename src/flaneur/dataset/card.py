"""A dataset in; its card for people, its attribution list and its Croissant description, as files, out."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flaneur.dataset.attribution import UNKNOWN, Credit, credits_of, licence_url, write_attribution
from flaneur.dataset.croissant import croissant, is_exported
from flaneur.dataset.passing_on import writing
from flaneur.dataset.store import Dataset
from flaneur.errors import InputError, counted, listed
from flaneur.files import read_json, write_json, write_text

FILES = ("README.md", "attribution.csv", "croissant.json")
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


def write_card(dataset: Dataset, folder: Path, *, creator: str = "", organisation: bool = False, url: str = "") -> None:
    """Write ``README.md``, ``attribution.csv`` and ``croissant.json``; those of an earlier call are replaced.

    Args:
        dataset: what curation left of it.
        folder: the dataset's own, or an imagefolder that it was exported to.
        creator: who made the dataset.
        organisation: whether that is an organisation, not a person.
        url: where it can be had; by default a name for its content.

    Raises:
        InputError: the dataset is empty.
    """
    if not dataset.photos:
        raise InputError(f"{dataset.name}: there is no photo in it. See: flaneur dataset info {dataset.name} --dropped")
    created = str(dataset.manifest.get("created") or datetime.now(UTC).date().isoformat())
    facts = {
        "creator": creator or UNKNOWN,
        "creator_type": "Person" if creator and not organisation else "Organization",
        "url": url or f"urn:sha256:{dataset.content_hash}",
        "description": _description(dataset),
        "published": created[:10],
    }
    collected = dataset.manifest.get("collected", {})
    held = dataset.photos if is_exported(folder) else dataset.all_photos  # what curation dropped is still stored
    with writing(folder):
        write_attribution(folder / "attribution.csv", held, collected)
        write_json(folder / "croissant.json", croissant(dataset, folder, facts))
        write_text(folder / "README.md", readme(dataset, facts))


def readme(dataset: Dataset, facts: dict[str, str]) -> str:
    """The card: what is in the dataset, whom to thank, what its sources ask for, how it was made.

    Args:
        dataset: what curation left of it.
        facts: as :func:`flaneur.dataset.croissant.croissant` takes them.
    """
    credit = credits_of(dataset.photos)
    sections = (
        _front_matter(dataset, credit),
        f"# {dataset.name}\n\n{facts['description']}",
        f"Made by: {_plain(facts['creator'])}. {facts['url']}" if facts["creator"] != UNKNOWN else "",
        _cities(dataset),
        _licences(credit),
        _terms(dataset.manifest.get("collected", {})),
        _authors(credit),
        _making(dataset),
    )
    return "\n\n".join(section for section in sections if section) + "\n"


def _description(dataset: Dataset) -> str:
    photos = dataset.photos
    places = len({(photo.city, photo.place) for photo in photos})
    years = sorted({photo.captured_at[:4] for photo in photos if photo.captured_at})
    when = f", taken {years[0]}" + (f" to {years[-1]}" if len(years) > 1 else "") if years else ""
    cities = counted(len(dataset.cities), "city")
    return f"{counted(len(photos), 'street photo')} of {counted(places, 'place')} in {cities}{when}."


def _front_matter(dataset: Dataset, credit: list[Credit]) -> str:
    """What the Hugging Face Hub reads of a card."""
    licences = {one.licence for one in credit}
    known = licence_url(next(iter(licences))) if len(licences) == 1 else None
    licence = known.rsplit("/", 1)[-1].removesuffix(".html").lower() if known else "other"
    size = next((name for limit, name in _SIZES if len(dataset.photos) < limit), "1M<n<10M")
    lines = [
        "---", f"pretty_name: {json.dumps(dataset.name, ensure_ascii=False)}", f"license: {licence}",
        "task_categories:", "- image-classification", "tags:", "- geolocation", "- street-view", "size_categories:",
        f"- {size}", "---",
    ]  # fmt: skip
    return "\n".join(lines)


def _cities(dataset: Dataset) -> str:
    photos = Counter(photo.city for photo in dataset.photos)
    places = Counter(city for city, _ in {(photo.city, photo.place) for photo in dataset.photos})
    placed = Counter(photo.city for photo in dataset.photos if photo.location is not None)
    rows = [f"| {city} | {photos[city]:,} | {places[city]:,} | {placed[city]:,} |" for city in sorted(photos)]
    head = ["| city | photos | places | with position |", "| --- | ---: | ---: | ---: |"]
    return "\n".join(["## Cities", "", *head, *rows])


def _licences(credit: list[Credit]) -> str:
    counts: Counter[tuple[str, str]] = Counter()
    for one in credit:
        counts[one.licence, one.source] += one.photos
    rows = [
        f"| {_linked(licence, licence_url(licence) or '')} | {_plain(source)} | {number:,} |"
        for (licence, source), number in sorted(counts.items())
    ]
    return "\n".join(["## Licences", "", "| licence | source | photos |", "| --- | --- | ---: |", *rows])


def _terms(collected: dict[str, dict[str, Any]]) -> str:
    lines = []
    for source, terms in sorted(collected.items()):
        said = [terms.get("training", ""), *terms.get("notes", ())]
        stored = "Pictures may be kept." if terms.get("may_store", True) else "Pictures may not be passed on."
        read = f"Terms: {terms.get('url', UNKNOWN)}, read on {terms.get('read_on', UNKNOWN)}."
        lines.append(
            f"- **{_plain(str(terms.get('provider', source)))}**: {stored} {' '.join(filter(None, said))} {read}"
        )
    return "\n".join(["## What the sources ask for", "", *lines]) if lines else ""


def _authors(credit: list[Credit]) -> str:
    rows = [
        f"- {_linked(one.author, one.page_url)}: {counted(one.photos, 'photo')}, {_plain(one.licence)}, "
        f"{_plain(one.source)}"
        for one in credit
    ]
    told = "Each photo with its page and the words to thank its author in is in `attribution.csv`."
    return "\n".join(["## Attribution", "", told, "", *rows])


def _making(dataset: Dataset) -> str:
    dropped = listed(Counter(row.reason for row in dataset.dropped)) or "none"
    rules = {path.stem: read_json(path)["rule"] for path in sorted((dataset.root / "splits").glob("*.json"))}
    splits = ", ".join(f"{_plain(name)} (by {rule.get('by', 'place')})" for name, rule in rules.items()) or "none"
    return "\n".join(
        [
            "## How it was made",
            "",
            "With flaneur. Photos carry no metadata; each is named by its hash.",
            "",
            f"- Left out: {dropped}.",
            f"- Splits: {splits}.",
            f"- Content hash: `{dataset.content_hash}`.",
        ]
    )


def _plain(text: str) -> str:
    """Other people's words on one line that Markdown and HTML leave alone."""
    line = " ".join(text.split())
    return "".join(f"\\{letter}" if letter in "\\`*_[]<>|#&" else letter for letter in line if letter.isprintable())


def _linked(text: str, url: str) -> str:
    if not url.startswith(("https://", "http://")) or any(letter in url for letter in ' <>()\\"\n|'):
        return _plain(text)
    return f"[{_plain(text)}]({url})"
