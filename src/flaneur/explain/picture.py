"""A map in; one picture that a person can read, out: photo, overlay, scale, cities, how far to trust it, evidence."""

from __future__ import annotations

import base64
from html import escape
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont, ImageOps

from flaneur.dataset.passing_on import writing
from flaneur.decode import decode
from flaneur.errors import PhotoError, UsageError
from flaneur.explain import words
from flaneur.explain.colours import AGAINST, FOR, NEUTRAL, coloured
from flaneur.explain.evidence import Evidence, Known
from flaneur.explain.sheet import FAINT, INK, LINE, PAPER, bars, beside, fitted, framed, plain, stacked, text
from flaneur.explain.square import pixels, resized
from flaneur.files import write_bytes

if TYPE_CHECKING:
    from flaneur.explain.heatmap import Heatmap

KINDS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG"}
_WIDTH, _MARGIN, _GAP = 1000, 40, 28
_HALF = (_WIDTH - _GAP) // 2
_TALLEST = 1100
_TITLE, _BODY, _SMALL = 60, 34, 29  # letters, in pixels; a third of that on a phone
_CITIES, _ABREAST = 5, 3
_NARROW = 300  # too little for a bar with its name
_OUTLINED, _SMOOTH = 0.1, 24  # share of what was seen; cells a side that the line follows
_PORTRAIT = 0.9  # width to height
_LONG = 2.0  # width to height, or height to width, from which a cut-off photo is shown beside its middle


def picture(heatmap: Heatmap) -> Image.Image:
    """Draw a map and what belongs to it.

    Returns:
        RGB, 1080 wide: words can be read at a third of that.
    """
    head = [text(words.question(heatmap), _WIDTH, _TITLE, bold=True), text(words.answer(heatmap), _WIDTH, _BODY)]
    body = [stacked(head, 12), *_panels(heatmap)]
    body.append(_trust(heatmap))
    if heatmap.evidence is not None:
        names = {score.city.slug: score.city.name for score in heatmap.prediction.ranking}
        body.append(_evidence(heatmap.evidence, names))
    body.append(text(words.origin(heatmap), _WIDTH, _SMALL, FAINT))
    return framed(stacked(body, _GAP), _MARGIN)


def save_picture(heatmap: Heatmap, path: Path) -> Path:
    """Write :func:`picture`; same map, same bytes.

    Args:
        heatmap: to draw.
        path: ends in one of :data:`KINDS`.

    Raises:
        InputError: it cannot be written.
        UsageError: another ending.
    """
    return save_image(picture(heatmap), path)


def save_image(image: Image.Image, path: Path) -> Path:
    """Write a picture, as JPEG or PNG by the name of its file; same picture, same bytes.

    Args:
        image: RGB.
        path: ends in one of :data:`KINDS`.

    Raises:
        InputError: it cannot be written.
        UsageError: another ending.
    """
    check_kind(path)
    with writing(path):
        write_bytes(path, _encoded(image, KINDS[path.suffix.lower()]))
    return path


def check_kind(path: Path) -> None:
    """Nothing, if a picture can be written to a file of that name.

    Raises:
        UsageError: the ending is none of :data:`KINDS`.
    """
    if path.suffix.lower() not in KINDS:
        raise UsageError(f"{path}: a picture is written as {', '.join(KINDS)}. Name such a file.")


def picture_html(heatmap: Heatmap) -> str:
    """The picture for a notebook: one ``<img>`` with its words as the text for those who do not see it."""
    data = base64.b64encode(_encoded(picture(heatmap), "JPEG")).decode()
    told = " ".join([words.question(heatmap), words.answer(heatmap), words.trust(heatmap).verdict + "."])
    style = "max-width:100%;width:540px;border-radius:6px"
    return f'<img alt="{escape(told, quote=True)}" style="{style}" src="data:image/jpeg;base64,{data}">'


def _encoded(image: Image.Image, kind: str) -> bytes:
    stream = BytesIO()
    image.save(stream, kind, **({"quality": 88} if kind == "JPEG" else {"optimize": False}))
    return stream.getvalue()


def _panels(heatmap: Heatmap) -> list[Image.Image]:
    """Photo, overlay, scale and cities, by the shape of the photo."""
    photo, (left, top, right, bottom) = heatmap.image, heatmap.box
    shape = photo.width / photo.height
    if max(shape, 1 / shape) >= _LONG and (right - left) * (bottom - top) < 1:
        return _cut_off(heatmap)
    if shape >= _LONG:
        strips = [fitted(photo, _WIDTH, _TALLEST), _overlay(heatmap, _WIDTH)]
        return [stacked(strips, _GAP), _scale(heatmap), _cities(heatmap, _WIDTH)]
    if shape > _PORTRAIT:
        small = fitted(photo, _HALF, _TALLEST)
        row = beside([small, _cities(heatmap, _WIDTH - _GAP - small.width)], _GAP)
        return [_overlay(heatmap, _WIDTH), _scale(heatmap), row]
    small = fitted(photo, _HALF * 2 // 3, _TALLEST)
    over = _overlay(heatmap, _WIDTH - _GAP - small.width)
    if small.width < _NARROW:
        return [beside([small, over], _GAP), _scale(heatmap), _cities(heatmap, _WIDTH)]
    column = stacked([small, _cities(heatmap, small.width)], _GAP)
    return [beside([column, over], _GAP), _scale(heatmap)]


def _overlay(heatmap: Heatmap, width: int) -> Image.Image:
    """The overlay, with a line round the tenth of what was seen that speaks most for the city."""
    over = heatmap.overlay(fitted(heatmap.image, width, _TALLEST))
    least = _outlined_from(heatmap)
    if least is not None:
        left, top, right, bottom = pixels(heatmap.box, over.size)
        values = resized(resized(heatmap.seen, (_SMOOTH, _SMOOTH)), (right - left, bottom - top))
        inside = Image.fromarray((values >= least).astype(np.uint8) * 255)
        for grown, colour in ((13, INK), (7, PAPER)):
            rim = ImageChops.subtract(inside.filter(ImageFilter.MaxFilter(grown)), inside)
            over.paste(colour, (left, top), rim)
    return over


def _outlined_from(heatmap: Heatmap) -> float | None:
    """The least value inside the line; ``None`` where so little speaks for the city that there is no line."""
    least = float(np.quantile(resized(heatmap.seen, (_SMOOTH, _SMOOTH)), 1 - _OUTLINED))
    return least if least > 0 else None


def _cut_off(heatmap: Heatmap) -> list[Image.Image]:
    """A long photo with a frame round what the network saw, and that part alone."""
    seen = heatmap.cropped()
    if heatmap.image.width > heatmap.image.height:
        return [_where_seen(heatmap, _WIDTH, _TALLEST), *_panels(seen)]
    whole = _where_seen(heatmap, _WIDTH // 3, _WIDTH - _WIDTH // 4)
    return [beside([whole, _overlay(seen, _WIDTH - _GAP - whole.width)], _GAP), *_panels(seen)[1:]]


def _where_seen(heatmap: Heatmap, width: int, height: int) -> Image.Image:
    shown = fitted(heatmap.image, width, height)
    left, top, right, bottom = pixels(heatmap.box, shown.size)
    dark = Image.fromarray(np.asarray(shown) // 2)
    dark.paste(shown.crop((left, top, right, bottom)), (left, top))
    draw = ImageDraw.Draw(dark)
    draw.rectangle((left, top, right - 1, bottom - 1), outline=PAPER, width=4)
    return dark


def _scale(heatmap: Heatmap) -> Image.Image:
    """The colour scale with what its ends say, and how much they are."""
    strength = np.linspace(-1, 1, _WIDTH, dtype=np.float32)[None].repeat(_BODY, axis=0)
    base = np.full((_BODY, _WIDTH, 3), NEUTRAL, np.float32)
    strip = Image.fromarray(np.rint(coloured(base, strength)).astype(np.uint8))
    font, high = ImageFont.load_default(_SMALL), round(1.3 * _SMALL)
    block = Image.new("RGB", (_WIDTH, _BODY + 8 + 4 * high), PAPER)
    block.paste(strip, (0, 0))
    draw = ImageDraw.Draw(block)
    against, spoken_for = words.legend(heatmap)
    end = words.amount(heatmap.limit)
    numbers = (f"-{end}", "0", f"+{end}") if heatmap.limit else ("", "0", "")
    for row, (low, middle, high_end) in enumerate([(against, "", spoken_for), numbers]):
        y = _BODY + 8 + row * high
        draw.text((0, y), plain(low), INK, font)
        draw.text((_WIDTH // 2, y), middle, INK, font, anchor="ma")
        draw.text((_WIDTH, y), plain(high_end), INK, font, anchor="ra")
    under = [words.unit(heatmap)] if heatmap.limit else []
    under += [] if _outlined_from(heatmap) is None else [words.LINE]
    for row, line in enumerate(under, 2):
        draw.text((0, _BODY + 8 + row * high), line, FAINT, font)
    return block


def _cities(heatmap: Heatmap, width: int) -> Image.Image:
    """Bars of the most probable cities, those that the map speaks of among them."""
    asked = {heatmap.city.slug: FOR} | ({heatmap.against.slug: AGAINST} if heatmap.against else {})
    ranking = heatmap.prediction.ranking
    shown = [score for place, score in enumerate(ranking) if place < _CITIES or score.city.slug in asked]
    while len(shown) > _CITIES and any(score.city.slug not in asked for score in shown):
        shown.remove([score for score in shown if score.city.slug not in asked][-1])
    return bars(
        [(score.city.name, score.probability, asked.get(score.city.slug, FAINT)) for score in shown], width, _BODY
    )


def _trust(heatmap: Heatmap) -> Image.Image:
    """How far to trust the map, and what no map can tell."""
    told = words.trust(heatmap)
    verdict = text(f"{told.verdict}.", _WIDTH, _BODY, bold=True)
    return stacked([verdict, text(" ".join([told.why, *words.caveats(heatmap), words.NOT_MORE]), _WIDTH, _SMALL)], 4)


def _evidence(evidence: Evidence, names: dict[str, str]) -> Image.Image:
    """The nearest known photos, three abreast."""
    width = (_WIDTH - (_ABREAST - 1) * _GAP) // _ABREAST
    shown = [_known(one, names, width) for one in evidence.known]
    rows = [beside(shown[start : start + _ABREAST], _GAP) for start in range(0, len(shown), _ABREAST)]
    return stacked([text(words.vote(evidence, names), _WIDTH, _SMALL), *rows], _GAP // 2)


def _known(one: Known, names: dict[str, str], width: int) -> Image.Image:
    try:
        tile = ImageOps.fit(decode(one.path, at_least_px=width).image, (width, width), Image.Resampling.LANCZOS)
    except PhotoError:
        tile = Image.new("RGB", (width, width), LINE)
        tile.paste(text("cannot be read", width - 16, _SMALL), (8, 8))
    first, *others = words.caption(one, names)
    said = [text(first, width, _SMALL, bold=True), *(text(line, width, _SMALL) for line in others)]
    return stacked([tile, stacked(said, 0)], 6)
