"""A comparison in; the photos where the models differ, with what each said, out."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

import numpy as np
from numpy.typing import NDArray

from flaneur.errors import counted
from flaneur.evaluation.comparison.compared import Compared
from flaneur.evaluation.comparison.guesses import Guesses
from flaneur.evaluation.page.thumbnails import Thumbnails
from flaneur.evaluation.phrases import percent

SHOWN = 12
_ALL_BUT_SURE = 0.995  # from here on rounding would state certainty


def photos_section(compared: Compared) -> str:
    """Photos that one model alone gets right, or alone gets wrong; nothing without their files."""
    right = np.column_stack([one.correct for one in compared.said])
    thumbnails = Thumbnails(compared.paths)
    made = []
    for number, one in enumerate(compared.said):
        others = np.delete(right, number, axis=1)
        made.append(_gallery(compared, f"Only {one.name} is right", right[:, number] & ~others.any(axis=1), thumbnails))
        if len(compared.said) > 2:
            alone = ~right[:, number] & others.all(axis=1)
            made.append(_gallery(compared, f"Only {one.name} is wrong", alone, thumbnails))
    shown = "".join(made)
    if not shown:
        return ""
    return f'<section aria-labelledby="differ"><h2 id="differ">Photos where they differ</h2>{shown}</section>'


def _gallery(compared: Compared, title: str, wanted: NDArray[np.bool_], thumbnails: Thumbnails) -> str:
    found = int(wanted.sum())
    shown = list(_figures(compared, _telling(compared, wanted), thumbnails))
    if not shown:
        return ""
    few = f"; here {len(shown)}, one a place, where the models are surest" if len(shown) < found else ""
    hint = f"{counted(found, 'photo')}{few}."
    return f'<h3>{escape(title)}</h3><p class="hint">{hint}</p><div class="photos">{"".join(shown)}</div>'


def _telling(compared: Compared, wanted: NDArray[np.bool_]) -> list[int]:
    """Rows among those wanted, one a place, where the models are surest."""
    stated = [one.probability for one in compared.said if one.probability is not None]
    sure = np.sum(stated, axis=0) if stated else np.zeros(len(wanted))
    photos = compared.said[0].photos
    first: dict[tuple[str, str], int] = {}
    for row in sorted(np.flatnonzero(wanted).tolist(), key=lambda row: (-sure[row], photos[row].id)):
        first.setdefault((photos[row].city, photos[row].place), row)
    return list(first.values())[:SHOWN]


def _figures(compared: Compared, rows: Iterable[int], thumbnails: Thumbnails) -> Iterable[str]:
    names = {city.slug: city.name for one in compared.said for city in one.cities}
    for row in rows:
        photo = compared.said[0].photos[row]
        address = thumbnails.address(photo.id)
        if not address:
            continue
        truth = names.get(photo.city, photo.city)
        said = [_said(one, row, names) for one in compared.said]
        alt = escape(f"Street photo from {truth}. {'; '.join(said)}.", quote=True)
        lines = "".join(f"<span>{escape(text)}</span>" for text in said)
        credit = " · ".join(part for part in (photo.author, photo.licence) if part)
        small = f"<small>{escape(credit)}</small>" if credit else ""
        yield (
            f'<figure class="differ"><img alt="{alt}" src="{address}"><figcaption><strong>{escape(truth)}</strong>'
            f"{lines}{small}</figcaption></figure>"
        )


def _said(one: Guesses, row: int, names: dict[str, str]) -> str:
    guess = names.get(one.guess[row], one.guess[row]) or "nothing"
    sign = "✓" if one.photos[row].city == one.guess[row] else "✗"
    sure = "" if one.probability is None else f", {_percent(float(one.probability[row]))}"
    return f"{sign} {one.name}: {guess}{sure}{'' if one.answered[row] else ', refused'}"


def _percent(probability: float) -> str:
    return percent(probability) if probability < _ALL_BUT_SURE else f"over {percent(_ALL_BUT_SURE - 0.005)}"
