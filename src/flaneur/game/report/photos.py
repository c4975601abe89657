"""What a game tells in; the photos that people get and the model does not, and the other way round, out."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from flaneur.errors import counted
from flaneur.evaluation.page.section_parts import points_table, section
from flaneur.evaluation.page.thumbnails import Thumbnails
from flaneur.evaluation.phrases import percent
from flaneur.game.statistics.analysis import Analysis
from flaneur.game.statistics.photos import Place, only_model, only_people

_SHOWN = 12
_HINT = (
    "Most were answered by few people, so a single photo proves little; together they show what either looks for. One "
    "view of each place is shown."
)


def photos_section(found: Analysis, *, photos: bool) -> str:
    """Both galleries, and a table of all places; nothing where no model plays.

    Args:
        found: by a game.
        photos: whether pictures may go into the page.
    """
    if found.against is None:
        return ""
    thumbnails = Thumbnails(found.paths, 2 * _SHOWN if photos else 0)
    shown = [
        _gallery("People get them, the model does not", only_people(found.places), found, thumbnails),
        _gallery("The model gets them, people do not", only_model(found.places), found, thumbnails),
    ]
    names = [city.name for city in found.test.cities]
    rows = [
        (
            place.name,
            f"{place.right} of {place.guesses}",
            "–" if place.named < 0 else names[place.named],
            "–" if place.said is None else names[place.said],
            percent(place.probability or 0.0),
        )
        for place in found.places
    ]
    heads = ("place", "people right", "people say mostly", "model says", "its probability")
    return section("photos", "Photos", _HINT, *shown, points_table("Every place as a table", heads, rows))


def _gallery(title: str, places: Sequence[Place], found: Analysis, thumbnails: Thumbnails) -> str:
    few = f"; here {_SHOWN}" if len(places) > _SHOWN else ""
    shown = "".join(_figure(place, found, thumbnails) for place in places[:_SHOWN])
    gallery = f'<div class="photos">{shown}</div>' if shown else ""
    return f'<h3>{title}</h3><p class="hint">{counted(len(places), "place")}{few}.</p>{gallery}'


def _figure(place: Place, found: Analysis, thumbnails: Thumbnails) -> str:
    address = thumbnails.address(place.name)
    if not address:
        return ""
    names = [city.name for city in found.test.cities]
    people = f"people: {place.right} of {place.guesses} right"
    model = "" if place.said is None else f"model: {names[place.said]}, {percent(place.probability or 0.0)}"
    credit = found.credits.get(place.name, "")
    small = f"<small>{escape(credit)}</small>" if credit else ""
    alt = escape(f"Street photo from {names[place.city]}. {people}; {model}.", quote=True)
    lines = f"<strong>{escape(names[place.city])}</strong><span>{escape(people)}</span><span>{escape(model)}</span>"
    return f'<figure class="differ"><img alt="{alt}" src="{address}"><figcaption>{lines}{small}</figcaption></figure>'
