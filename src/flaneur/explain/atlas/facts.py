"""An atlas in; what its points can be coloured by, out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from flaneur.explain.atlas.atlas import Atlas
from flaneur.explain.atlas.columns import Categories, Column, Numbers, no_column
from flaneur.types import Photo

VERDICTS = ("right", "wrong", "would not answer", "of a city it does not know")
LEARNT = ("new to it", "trained on", "used to choose its settings")
OWN = (
    "city", "verdict", "guess", "own", "confidence", "novelty", "source", "project", "licence", "year", "learnt",
)  # fmt: skip
FURTHER = ("clusters", "away")


def check_colour(key: str, *, map_only: bool = False) -> None:
    """Refuse a column that no atlas has, before minutes go by.

    Args:
        key: of a column.
        map_only: whether further parts, and so their columns, are left out.

    Raises:
        UsageError: there is none of that key.

    >>> check_colour("verdit")
    Traceback (most recent call last):
    flaneur.errors.UsageError: photos cannot be coloured by 'verdit'. Did you mean 'verdict'? Use one of ...
    """
    keys = OWN if map_only else OWN + FURTHER
    if key not in keys:
        raise no_column(key, keys)


def columns_of(atlas: Atlas) -> tuple[Column, ...]:
    """Facts of the photos, what the model said of them, and what further parts found. A fact all share is left out.

    Args:
        atlas: of N photos.

    Returns:
        Row-aligned with its photos; the first is the true city.
    """
    own = [_city(atlas), _verdict(atlas), _guess(atlas), *_of_answers(atlas), *_of_photos(atlas.answers.photos)]
    if atlas.learnt.max(initial=-1) >= 0:
        hint = "What a model learnt from it gets right nearly always; judge it by what is new to it."
        own.append(Categories("learnt", "what it learnt from", atlas.learnt, LEARNT, hint))
    others = [column for part in atlas.parts.values() for column in part.columns()]
    return tuple(column for column in (own[0], *filter(_tells, own[1:]), *others))


def _tells(column: Column) -> bool:
    """Whether any two photos differ."""
    if isinstance(column, Categories):
        return len(np.unique(column.codes)) > 1
    known = column.values[np.isfinite(column.values)]
    return len(np.unique(known)) > 1


def named_city(atlas: Atlas, slug: str) -> str:
    """A city's name for people; of one that the model does not know, its slug made readable."""
    names = {city.slug: city.name for city in atlas.answers.cities}
    return names.get(slug, slug.replace("-", " ").title())


def _city(atlas: Atlas) -> Categories:
    made = _coded("city", "city", [photo.city for photo in atlas.answers.photos])
    return Categories("city", "city", made.codes, tuple(named_city(atlas, slug) for slug in made.names))


def _guess(atlas: Atlas) -> Categories:
    answers = atlas.answers
    used = np.unique(answers.guesses)
    names = tuple(answers.cities[int(column)].name for column in used)
    return Categories("guess", "what the model says", np.searchsorted(used, answers.guesses), names)


def _verdict(atlas: Atlas) -> Categories:
    answers = atlas.answers
    codes = np.where(answers.correct, 0, 1)
    codes = np.where(answers.answered, codes, 2)
    codes = np.where(answers.labels < 0, 3, codes)
    hint = "Of photos that the model learnt from nearly all are right."
    return Categories("verdict", "right or wrong", codes.astype(np.int64), VERDICTS, hint, "verdict")


def _of_answers(atlas: Atlas) -> list[Column]:
    answers = atlas.answers
    known = np.where(answers.labels >= 0, answers.labels, 0)
    own = np.exp(np.take_along_axis(answers.log_probabilities, known[:, None], axis=1)[:, 0])
    own = np.where(answers.labels >= 0, own, np.nan)
    return [
        Numbers("own", "probability of the true city", own, kind="share"),
        Numbers("confidence", "how sure it is", answers.confidence, "Probability of what it says.", "share"),
        Numbers("novelty", "how strange it finds the photo", answers.novelty, "Higher is stranger."),
    ]


def _of_photos(photos: Sequence[Photo]) -> list[Column]:
    years = np.array([_year(photo.captured_at) for photo in photos], np.float64)
    texts: tuple[tuple[str, str, Callable[[Photo], str]], ...] = (
        ("source", "source", lambda photo: photo.source),
        ("project", "project", lambda photo: photo.project or ""),
        ("licence", "licence", lambda photo: photo.licence or ""),
    )
    made: list[Column] = [_coded(key, title, [read(photo) for photo in photos]) for key, title, read in texts]
    return [*made, Numbers("year", "year", years, kind="year")]


def _coded(key: str, title: str, values: Sequence[str]) -> Categories:
    """The commonest first; what is empty is not known."""
    codes, names = coded(values)
    return Categories(key, title, codes, names)


def coded(values: Iterable[str]) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], tuple[str, ...]]:
    """Texts as positions in a list of those that there are, the commonest first; -1 where empty.

    >>> coded(["b", "a", "", "a"])[0].tolist(), coded(["b", "a", "", "a"])[1]
    ([1, 0, -1, 0], ('a', 'b'))
    """
    texts = list(values)
    counts: dict[str, int] = {}
    for text in texts:
        counts[text] = counts.get(text, 0) + 1
    names = sorted((name for name in counts if name), key=lambda name: (-counts[name], name))
    position = {name: number for number, name in enumerate(names)}
    return np.array([position.get(text, -1) for text in texts], np.int64), tuple(names)


def _year(captured: str | None) -> float:
    year = (captured or "")[:4]
    return float(year) if len(year) == 4 and year.isdigit() else float("nan")
