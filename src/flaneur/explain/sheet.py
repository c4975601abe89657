"""Words, shares and pictures in; blocks of a picture, stacked and side by side, out. Same input, same pixels."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

Colour = tuple[int, int, int]
INK, FAINT, PAPER, LINE = (27, 36, 34), (96, 106, 102), (255, 255, 255), (214, 220, 217)
_SPECIAL = str.maketrans({
    "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "ß": "ss", "æ": "ae", "Æ": "Ae", "œ": "oe", "đ": "d", "Đ": "D", "ı": "i",
    "þ": "th", "Þ": "Th", "ð": "d", "–": "-", "−": "-", "“": '"', "”": '"', "’": "'", "…": "...", "×": "x", "·": ",",
})  # fmt: skip


def plain(text: str) -> str:
    """Text in the letters that Pillow's own font has: ASCII, accents left out, other scripts as question marks.

    >>> plain("São Paulo, Łódź – 東京")
    'Sao Paulo, Lodz - ??'
    """
    bare = (letter for letter in unicodedata.normalize("NFKD", text.translate(_SPECIAL)))
    return "".join(
        letter if letter.isascii() and letter.isprintable() else "?" for letter in bare
        if not unicodedata.combining(letter)
    )  # fmt: skip


def text(words: str, width: int, size: int, colour: Colour = INK, *, bold: bool = False) -> Image.Image:
    """Words, broken into lines that fit.

    Args:
        words: any text; see :func:`plain`.
        width: of the block, in pixels.
        size: of the letters, in pixels.
        colour: of the letters.
        bold: whether they are heavier.

    >>> text("Why Paris?", 300, 40).size
    (300, 52)
    """
    font = ImageFont.load_default(size)
    rows, height = lines(words, font, width), round(1.3 * size)
    block = Image.new("RGB", (width, height * len(rows)), PAPER)
    draw = ImageDraw.Draw(block)
    for number, row in enumerate(rows):
        draw.text((0, number * height), row, colour, font, stroke_width=size / 45 if bold else 0)
    return block


def lines(words: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int) -> list[str]:
    """Words in lines no wider than ``width`` pixels; a word that is too long alone is cut.

    >>> lines("from door to door", ImageFont.load_default(20), 90)
    ['from door', 'to door']
    """
    made = [""]
    for word in plain(words).split():
        longer = f"{made[-1]} {word}".strip()
        if font.getlength(longer) <= width:
            made[-1] = longer
        else:
            made = [*made, word] if made[-1] else [word]
            while len(made[-1]) > 3 and font.getlength(made[-1]) > width:
                made[-1] = f"{made[-1].rstrip('.')[:-1]}.."
    return made


def stacked(blocks: Sequence[Image.Image], gap: int) -> Image.Image:
    """Blocks one below the other, left edges in line.

    >>> stacked([Image.new("RGB", (10, 5)), Image.new("RGB", (8, 5))], 2).size
    (10, 12)
    """
    width = max(block.width for block in blocks)
    sheet = Image.new("RGB", (width, sum(block.height for block in blocks) + gap * (len(blocks) - 1)), PAPER)
    top = 0
    for block in blocks:
        sheet.paste(block, (0, top))
        top += block.height + gap
    return sheet


def beside(blocks: Sequence[Image.Image], gap: int) -> Image.Image:
    """Blocks side by side, upper edges in line.

    >>> beside([Image.new("RGB", (10, 5)), Image.new("RGB", (8, 6))], 2).size
    (20, 6)
    """
    sheet = Image.new("RGB", (sum(block.width + gap for block in blocks) - gap, max(b.height for b in blocks)), PAPER)
    left = 0
    for block in blocks:
        sheet.paste(block, (left, 0))
        left += block.width + gap
    return sheet


def framed(block: Image.Image, margin: int) -> Image.Image:
    """A block with paper round it."""
    sheet = Image.new("RGB", (block.width + 2 * margin, block.height + 2 * margin), PAPER)
    sheet.paste(block, (margin, margin))
    return sheet


def bars(rows: Sequence[tuple[str, float, Colour]], width: int, size: int) -> Image.Image:
    """Shares as bars: the name and the share above each.

    Args:
        rows: name, share from 0 to 1, and colour of the bar.
        width: of the block, in pixels.
        size: of the letters, in pixels.
    """
    font, high = ImageFont.load_default(size), round(2.2 * size)
    block = Image.new("RGB", (width, high * len(rows)), PAPER)
    draw = ImageDraw.Draw(block)
    for number, (name, share, colour) in enumerate(rows):
        top, told = number * high, f"{100 * share:.1f} %"
        (shown, *_) = lines(name, font, width - round(font.getlength(told)) - size)
        draw.text((0, top), shown, INK, font)
        draw.text((width, top), told, INK, font, anchor="ra")
        base = top + round(1.3 * size)
        draw.rectangle((0, base, width - 1, base + size // 2), LINE)
        if (end := round(share * width)) > 0:
            draw.rectangle((0, base, end - 1, base + size // 2), colour)
    return block


def fitted(image: Image.Image, width: int, height: int) -> Image.Image:
    """A picture as large as fits, its proportions kept; one far too small is shown pixel by pixel.

    >>> fitted(Image.new("RGB", (400, 100)), 200, 200).size, fitted(Image.new("RGB", (12, 9)), 400, 400).size
    ((200, 50), (400, 300))
    """
    scale = min(width / image.width, height / image.height)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.NEAREST if scale > 4 else Image.Resampling.LANCZOS)
