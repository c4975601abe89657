"""Galleries of cities in; their section of the page out."""

from __future__ import annotations

from html import escape

from flaneur.evaluation.page.gallery import figure
from flaneur.evaluation.page.section_parts import facts, points_fact, section
from flaneur.evaluation.page.thumbnails import Thumbnails
from flaneur.explain.atlas.galleries import SHOWN, CityGallery, Galleries
from flaneur.explain.atlas.page.said import said

TITLE = "Typical and untypical photos"
_HINT = "Of each city four photos of a kind, no two of one spot."
_KINDS = (
    ("typical", "Most typical", "most surely of this city, says the model"),
    ("confused", "Most confused", "most surely of another city, or least surely of this one, says the model"),
    ("untypical", "Least typical", "farthest from the middle of its photos, whatever the answer"),
)


def galleries_section(found: Galleries, thumbnails: Thumbnails) -> str:
    """Three rows a city; one photo of every row before a second of any, as long as the page has room."""
    hint = found.basis.words if thumbnails.spent else f"{_HINT} {found.basis.words}"
    shown = _figures(found, thumbnails)
    blocks = "".join(_city(one, shown) for one in found.cities)
    fall = points_fact(
        "Typical photos are told right more often",
        "the third nearest to the middle of its city less the farthest third, in points",
        found.fall,
    )
    return section(found.key, TITLE, hint, said(found.findings()), blocks, facts(fall))


def _figures(found: Galleries, thumbnails: Thumbnails) -> dict[tuple[str, str], list[str]]:
    made: dict[tuple[str, str], list[str]] = {}
    for turn in range(SHOWN):
        for one in found.cities:
            for kind, _, _ in _KINDS:
                rows = getattr(one, kind)
                if turn < len(rows):
                    drawn = figure(found.answers, rows[turn], thumbnails, brief=kind == "typical")
                    made.setdefault((one.city.slug, kind), []).append(drawn)
    return made


def _city(one: CityGallery, shown: dict[tuple[str, str], list[str]]) -> str:
    rows = "".join(
        f'<li><h4>{title}</h4><p>{hint}</p><div class="photos small">{drawn}</div></li>'
        for kind, title, hint in _KINDS
        if (drawn := "".join(shown.get((one.city.slug, kind), ())))
    )
    return f'<h3>{escape(one.city.name)}</h3><ol class="pairs three">{rows}</ol>' if rows else ""
