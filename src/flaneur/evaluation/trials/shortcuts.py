"""A model and photos in; what it leans on besides the city (strip, corners, border, cast, grain) and a verdict out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flaneur.evaluation.section import Findings
from flaneur.metrics import Interval


@dataclass(frozen=True, slots=True)
class Alteration:
    """One way in which the photos are changed before the model sees them.

    Args:
        name: in ``report.json``, such as ``no_sky``.
        title: for people.
        what: what is done to the pixels, in one sentence.
        kind: ``removal`` (something is taken away or covered), ``camera`` (as another camera would have made the same
            photo) or ``transplant`` (something of a photo of another city is put onto this one).
    """

    name: str
    title: str
    what: str
    kind: str = "removal"


@dataclass(frozen=True, slots=True)
class ShortcutRow:
    """What one alteration does to the answers.

    Args:
        alteration: what was done.
        accuracy: on the altered photos.
        change: of accuracy, altered minus whole, paired, by place; -1 to 1.
        control: the change by an equal alteration that cannot be a shortcut: the same area elsewhere; for transplants
            the same from a photo of the same city, or of equal strength away from the other city.
        leans: verdict by the rule of :func:`shortcuts`.
        same_project: of the answers that were right before and wrong after, the share that is still of a city of the
            same project; where projects have cities of their own, and answers changed.
        follows: transplants only: by how much the share of answers that name the city the transplant came from (or a
            city of its project) exceeds the same share under the control; 0 for a model that looks at the city.
        follows_elsewhere: the same for a transplant of equal area elsewhere in the photo, where there is such a thing.
    """

    alteration: Alteration
    accuracy: Interval
    change: Interval
    control: Interval | None
    leans: bool
    same_project: Interval | None = None
    follows: Interval | None = None
    follows_elsewhere: Interval | None = None


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
        """The verdict."""
        return Findings(beware=(self.verdict,)) if self.called_out else Findings(good=(self.verdict,))


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
