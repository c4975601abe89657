"""What makes each city look like itself in; its section of the page out: rows of pieces of photos."""

from __future__ import annotations

from html import escape

from flaneur.evaluation.page.figures import number_row
from flaneur.evaluation.page.section_parts import facts, section, told
from flaneur.evaluation.page.thumbnails import Thumbnails
from flaneur.explain.atlas.page.said import said
from flaneur.explain.atlas.patches.patches import Pair, Patch, Patches
from flaneur.explain.atlas.patches.ranking import RARE

TITLE = "What makes each city look like itself"
_NUMBERS = "numbers are of new photos. A row"
_SHOWN = "numbers and pieces shown are of new photos. A cell answers to more than the piece shown, and a row"


def patches_section(found: Patches, thumbnails: Thumbnails) -> str:
    """How much patches tell, each city's most telling ones, and those of the pairs that are hardest to tell apart."""
    hint = (
        "Pieces of photos that are frequent in one city and rare in every other, as cells of the model’s last feature "
        "map. They were looked for in the photos it was trained on and ranked on those its settings were chosen by (in "
        f"none of the other cities may more than {RARE:.0%} of those have one); "
        f"{_NUMBERS if thumbnails.spent else _SHOWN} says nothing of why a piece is frequent: by the city’s look, its "
        "weather, or the camera."
    ).replace("%", " %")
    numbers = facts(
        number_row(
            "Told by patches alone",
            "new places put into the right city, every city counting alike; the mark is chance",
            found.told,
            found.chance,
        ),
        number_row(
            "Among cities of one project",
            "the same where cities whose photos were made alike are to choose among; the mark is chance",
            found.of_project,
            found.chance_of_project,
        )
        if found.of_project.n
        else "",
    )
    cities = "".join(
        f"<h3>{escape(city.name)}</h3>{_rows(found, own, 'of other cities’', thumbnails)}"
        for city, own in zip(found.cities, found.patches, strict=True)
    )
    pairs = "".join(_pair(found, one, thumbnails) for one in found.pairs if one.patches)
    lost = escape(", ".join(found.basis.left_out))
    left_out = f'<p class="note">Too few places: {lost}.</p>' if lost else ""
    return section(found.key, TITLE, hint, said(found.findings()), numbers, cities, pairs, left_out)


def _pair(found: Patches, one: Pair, thumbnails: Thumbnails) -> str:
    first, second = (found.cities[number].name for number in one.cities)
    title = f"<h3>{escape(first)} or {escape(second)}</h3>"
    words = f"{told(one.told)} of new places told by patches alone; chance is 50 %."
    return f'{title}<p class="hint">{escape(words)}</p>{_rows(found, one.patches, "of the other’s", thumbnails)}'


def _rows(found: Patches, patches: tuple[Patch, ...], others: str, thumbnails: Thumbnails) -> str:
    return f'<ol class="pairs">{"".join(_row(found, one, others, thumbnails) for one in patches)}</ol>'


def _row(found: Patches, one: Patch, others: str, thumbnails: Thumbnails) -> str:
    name = found.cities[one.city].name
    words = f"In {told(one.own)} of {name}’s photos, in {told(one.elsewhere)} {others}."
    photos = [found.answers.photos[crop.row] for crop in one.shown]
    addresses = [thumbnails.crop(photo.id, crop.box) for photo, crop in zip(photos, one.shown, strict=True)]
    alt = escape(f"Piece of a street photo from {name}.", quote=True)
    pieces = "".join(f'<img alt="{alt}" src="{address}">' for address in addresses if address)
    credits = dict.fromkeys(" · ".join(part for part in (photo.author, photo.licence) if part) for photo in photos)
    small = f"<small>{escape('; '.join(filter(None, credits)))}</small>" if pieces and any(credits) else ""
    shown = f'<div class="crops">{pieces}</div>' if pieces else ""
    return f"<li><p>{escape(words)}</p>{shown}{small}</li>"
