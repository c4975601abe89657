"""A model and photos in; what it leans on besides the city (strip, corners, border, cast, grain) and a verdict out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from flaneur.dataset.store import Dataset
from flaneur.evaluation.answers import Answering
from flaneur.evaluation.phrases import points, span
from flaneur.evaluation.section import Findings
from flaneur.evaluation.trials.shortcut_audit.altered import versions
from flaneur.evaluation.trials.shortcut_audit.ask_altered import Guesses, ask_altered, sample_by_place
from flaneur.evaluation.trials.shortcut_audit.donors import families
from flaneur.evaluation.trials.shortcut_audit.leaning import Seen, measure
from flaneur.evaluation.trials.shortcut_audit.leaning import ShortcutRow as ShortcutRow
from flaneur.evaluation.trials.shortcut_audit.look import Alteration as Alteration
from flaneur.evaluation.trials.shortcut_audit.look import Versions
from flaneur.metrics import Interval, always, bootstrap_by_group
from flaneur.types import Photo

MOST_PHOTOS = 1000
_GEOMETRY = (
    " That does not clear the cameras, each of which has cities of its own here: height, lens and angle cannot be "
    "put onto another photo."
)
_MANY = 0.2  # a share of answers that might follow, above which nothing is ruled out


@dataclass(frozen=True, slots=True)
class Shortcuts:
    """What a model leans on.

    Args:
        whole: accuracy on the same photos, unaltered.
        rows: one for each alteration.
        verdict: one or two sentences for people.
        photos: asked about.
        called_out: whether a transplant was followed: the sign of a shortcut that an honest model does not show.
        cameras: whether "another city" means one of another project, since projects have cities of their own here.
    """

    whole: Interval
    rows: tuple[ShortcutRow, ...]
    verdict: str
    photos: int
    called_out: bool = False
    cameras: bool = False

    @property
    def key(self) -> str:
        """Its name in ``report.json``."""
        return "shortcuts"

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "photos": self.photos,
            "accuracy": self.whole.to_dict(),
            "verdict": self.verdict,
            "called_out": self.called_out,
            "other_project": self.cameras,
            "alterations": [_row(row) for row in self.rows],
        }

    def findings(self) -> Findings:
        """The verdict, and what it needs more than other parts of the photo."""
        needs = [row for row in self.rows if row.leans and row.follows is None and row.alteration.leaning]
        worst = [_needs(row) for row in sorted(needs, key=lambda row: row.change.value)[:1]]
        told = [self.verdict] if self.verdict else []
        if self.called_out or _most(self.rows) > _MANY:
            return Findings(beware=(*told, *worst))
        return Findings(good=tuple(told), beware=tuple(worst))


def shortcuts(
    model: Answering,
    dataset: Dataset,
    photos: Sequence[Photo],
    progress: Callable[[int], None] | None = None,
    *,
    most: int = MOST_PHOTOS,
    tried: Sequence[Versions] = (),
) -> Shortcuts:
    """Alter the photos in many ways and see what becomes of the answers.

    Every model loses something when a photo is spoilt, so nothing counts by itself. Covering an area counts against
    covering an equal area elsewhere. What decides is the transplant: a strip, the corners, the border, the colour cast,
    the fall-off of light, the fixed marks or the grain of photos of *another* city are put onto a photo. A model that
    looks at streets keeps its answer; one that looks at the mark follows it. The rules are in
    :mod:`flaneur.evaluation.trials.shortcut_audit.leaning`.

    Args:
        model: the bundle as users get it.
        dataset: that the photos are of.
        photos: asked about, best of the test part; those of cities that the model does not know are left out.
        progress: called with 1 after each photo.
        most: photos asked about; more are sampled by whole places.
        tried: alterations; all by default.

    Raises:
        InputError: no photo has a readable photo of another city and of another place of its own city beside it.
    """
    tried = tuple(tried) or versions()
    columns = {city.slug: index for index, city in enumerate(model.cities)}
    known = sample_by_place([photo for photo in photos if photo.city in columns], most)
    family = families(dataset.photos, list(columns))
    files = [(photo, dataset.image_path(photo)) for photo in known]
    wanted = [version for one in tried for version in one.all]
    guesses = ask_altered(model, files, family, wanted, progress)
    seen = _seen(guesses, columns, family)
    whole = bootstrap_by_group(always(seen.right[:, 0]), seen.places)[0]
    rows = measure(seen, tried)
    cameras = len(set(family.values())) < len(family)
    called_out = any(row.leans and row.follows is not None for row in rows)
    return Shortcuts(whole, rows, _verdict(rows, cameras), len(guesses.photos), called_out, cameras)


def _seen(guesses: Guesses, columns: dict[str, int], family: dict[str, int]) -> Seen:
    label = np.array([columns[photo.city] for photo in guesses.photos])
    of_column = np.array([family[slug] for slug in columns])
    own, theirs = of_column[label], np.array([family[photo.city] for photo in guesses.donors])
    said = of_column[guesses.table]
    size = np.bincount(of_column)[own]
    kin = (size - 1) / max(1, len(columns) - 1)
    names = np.array([f"{photo.city}\0{photo.place}" for photo in guesses.photos], object)
    return Seen(
        right=guesses.table == label[:, None],
        towards=said == theirs[:, None],
        kin=said == own[:, None],
        places=np.unique(names, return_inverse=True)[1],
        kin_by_chance=np.where(size > 1, kin, np.nan),
    )


def _row(row: ShortcutRow) -> dict[str, Any]:
    told = row.alteration
    numbers = {
        "control": row.control,
        "same_project": row.same_project,
        "follows": row.follows,
        "follows_elsewhere": row.follows_elsewhere,
    }
    return {
        "name": told.name,
        "title": told.title,
        "what": told.what,
        "kind": told.kind,
        "accuracy": row.accuracy.to_dict(),
        "change": row.change.to_dict(),
        **{name: None if value is None else value.to_dict() for name, value in numbers.items()},
        "leans": row.leans,
    }


def _verdict(rows: Sequence[ShortcutRow], cameras: bool) -> str:
    asked = [(row.alteration.leaning, row.follows, row.leans) for row in rows if row.follows is not None]
    followed = sorted((one for one in asked if one[2]), key=lambda one: -one[1].value)
    if not asked:
        return ""
    if not followed:
        told = _innocent(_most(rows))
        return told + (_GEOMETRY if cameras else "")
    leaning, follows, _ = followed[0]
    source = "a city with another camera" if cameras else "another city"
    goal = "the cities of that camera" if cameras else "that city"
    rest = [f"{words} ({100 * more.value:.0f})" for words, more, _ in followed[1:]]
    return (
        f"This model leans on {leaning}. Given that of {source}, {100 * follows.value:.0f} more answers in 100 name "
        f"{goal} than with the control ({span(follows)})."
    ) + (f" It leans on {_and(rest)} too." if rest else "")


def _most(rows: Sequence[ShortcutRow]) -> float:
    """Of any transplant, the greatest share of answers that might follow."""
    return max((row.follows.high for row in rows if row.follows is not None), default=0.0)


def _innocent(most: float) -> str:
    if most > _MANY:
        return (
            f"These photos are too few to rule a shortcut out: up to {100 * most:.0f} answers in 100 might follow one."
        )
    return (
        "No shortcut was found: strip, corners, border, colour cast, light, grain or compression of another city's "
        f"photos, put onto a photo, pull at most {100 * most:.0f} answers in 100 to that city."
    )


def _needs(row: ShortcutRow) -> str:
    lost = points(row.change.value)
    beside = "" if row.control is None else f", an equal change elsewhere {points(row.control.value)}"
    return f"It needs {row.alteration.leaning}: “{row.alteration.title.lower()}” costs {lost} of accuracy{beside}."


def _and(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
