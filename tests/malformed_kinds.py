"""A seed in; any number of broken, hostile and merely odd picture files, each named by what is wrong with it, out."""

from __future__ import annotations

import gzip
import io
import itertools
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import cache

import numpy as np
from PIL import Image

from damaged import READ, Rng, beginning, cut, flipped, flipped_header, parts_of, shuffled, sound, spliced
from malformed import encoded, jpeg_with_segment, picture, png_chunk, png_of

SEED = 20_261_122
_COSTLY_EVERY = 200
_RENAMED = (
    "BMP", "BLP", "DDS", "EPS", "GIF", "ICNS", "ICO", "JPEG2000", "MPO", "MSP", "PCX", "PDF", "PPM", "QOI", "SGI",
    "SPIDER", "TGA", "TIFF", "XBM",
)  # fmt: skip
_MAGIC = (
    b"\xff\xd8\xff\xe0", b"\xff\xd8\xff\xc0", b"\x89PNG\r\n\x1a\n", b"RIFF\xff\xff\0\0WEBPVP8 ",
    b"RIFF\xff\0\0\0WEBPVP8L", b"RIFF\xff\0\0\0WEBPVP8X", b"\0\0\0\x1cftypavif\0\0\0\0avifmif1",
    b"\0\0\0\x18ftypheic\0\0\0\0mif1", b"GIF89a", b"BM", b"II*\0", b"MM\0*", b"%PDF-1.7", b"8BPS\0\1", b"%!PS-Adobe",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\0\0\1\0", b"qoif", b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x0a", b"<svg ",
    b"PK\3\4", b"\x1f\x8b",
)  # fmt: skip


def malformed_files(count: int, seed: int = SEED) -> Iterator[tuple[str, bytes]]:
    """So many files, of each kind in turn; the same for the same seed."""
    rng = np.random.default_rng(seed)
    for number in range(count):
        makers = COSTLY if number % _COSTLY_EVERY == _COSTLY_EVERY - 1 else MAKERS
        kind = list(makers)[number // _COSTLY_EVERY % len(makers) if makers is COSTLY else number % len(makers)]
        yield kind, makers[kind](rng)


def _magic(rng: Rng) -> bytes:
    return _MAGIC[int(rng.integers(len(_MAGIC)))] + rng.bytes(int(rng.integers(0, 3000)))


def _renamed(rng: Rng) -> bytes:
    return sound(rng, str(rng.choice(_RENAMED)))


def _written_by_hand(rng: Rng) -> bytes:
    inner = "<svg xmlns='http://www.w3.org/2000/svg'>" * int(rng.integers(1, 2000))
    psd = b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, *rng.integers(1, 2**31, 2), 8, 3) + rng.bytes(400)
    entities = "".join(f'<!ENTITY a{n} "&a{n - 1};&a{n - 1};">' for n in range(1, 30))
    laughs = f'<?xml version="1.0"?><!DOCTYPE s [<!ENTITY a0 "x">{entities}]><svg>&a29;</svg>'
    eps = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 99999 99999\n(/etc/passwd) (r) file run\n"
    pdf = b"%PDF-1.7\n1 0 obj<</Type/Catalog/OpenAction<</S/JavaScript/JS(app.alert(1))>>>>endobj\n%%EOF"
    made = (inner.encode(), psd, laughs.encode(), eps, pdf, b"\xc5\xd0\xd3\xc6" + rng.bytes(60), rng.bytes(9000))
    return made[int(rng.integers(len(made)))]


def _pixel_bomb(rng: Rng) -> bytes:
    """A header that claims far more pixels than there are, above the limit or just below it."""
    sides = ((50_000, 50_000), (65_500, 65_500), (2**31 - 1, 1), (6324, 6324), (40_000, 999), (16_384, 16_384), (0, 9))
    width, height = sides[int(rng.integers(len(sides)))]
    match int(rng.integers(4)):
        case 0:
            return png_of(width, height, rows=bytes(100))
        case 1:
            at = (data := sound(rng, "JPEG")).index(b"\xff\xc0" if b"\xff\xc0" in data else b"\xff\xc2")
            return data[: at + 5] + struct.pack(">HH", height & 0xFFFF, width & 0xFFFF) + data[at + 9 :]
        case 2:
            data = sound(rng, "AVIF")
            at = data.index(b"ispe") + 8
            return data[:at] + struct.pack(">II", width, height) + data[at + 8 :]
        case _:
            sizes = (width & 0xFFFFFF).to_bytes(3, "little") + (height & 0xFFFFFF).to_bytes(3, "little")
            canvas = b"VP8X" + struct.pack("<I", 10) + bytes(4) + sizes
            body = b"WEBP" + canvas + sound(rng, "WEBP")[12:]
            return b"RIFF" + struct.pack("<I", len(body)) + body


@cache
def _zeros(megabytes: int) -> bytes:
    return zlib.compress(bytes(megabytes * 1_000_000), 9)


def _chunk_bomb(rng: Rng) -> bytes:
    """Compressed parts that unpack to a thousand times their size."""
    packed = _zeros(int(rng.choice((10, 40, 100))))
    extra = (
        (b"zTXt", b"Comment\0\0" + packed), (b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + packed),
        (b"iCCP", b"icc\0\0" + packed), (b"IDAT", packed), (b"tEXt", b"a\0" + bytes(2_000_000)),
    )[int(rng.integers(5))]  # fmt: skip
    return png_of(16, 16, png_chunk(*extra), rows=(b"\0" + b"\x40\x80\xc0" * 16) * 16)


def _odd_png(rng: Rng) -> bytes:
    """Any bit depth, colour, filter and interlacing, with palettes and transparency that need not fit."""
    width, height = (int(side) for side in rng.integers(1, 40, 2))
    depth, colour = int(rng.choice((1, 2, 4, 8, 16, 3, 32))), int(rng.integers(8))
    head = struct.pack(">IIBBBBB", width, height, depth, colour, *(int(one) for one in rng.integers(0, 3, 3)))
    rows = zlib.compress(rng.bytes(int(rng.integers(1, 9000))))
    chunks = [
        png_chunk(b"PLTE", rng.bytes(int(rng.integers(0, 900)))),
        png_chunk(b"tRNS", rng.bytes(int(rng.integers(0, 300)))), png_chunk(b"IDAT", rows[: len(rows) // 2]),
        png_chunk(b"IDAT", b"") * int(rng.integers(1, 500)),
        png_chunk(b"IDAT", rows[len(rows) // 2 :]), png_chunk(b"IHDR", head), png_chunk(b"fcTL", rng.bytes(26)),
    ]  # fmt: skip
    kept = [chunk for chunk in chunks if rng.random() < 0.8]
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", head) + b"".join(kept) + png_chunk(b"IEND", b"")


def _odd_jpeg(rng: Rng) -> bytes:
    """Segments twice, too many, missing or not fitting together."""
    data = sound(rng, "JPEG")
    starts = [*parts_of(data, "JPEG")[1:], len(data)]
    parts = [data[start:end] for start, end in itertools.pairwise(starts)]
    scan, at = parts[-1], int(rng.integers(len(parts) - 1))
    match int(rng.integers(6)):
        case 0:  # one is missing
            return b"\xff\xd8" + b"".join(parts[:at] + parts[at + 1 :])
        case 1:  # sampling, numbers of components and tables that there are not
            frame = bytearray(next(part for part in parts if part[1] in (0xC0, 0xC2)))
            frame[int(rng.integers(9, len(frame)))] = int(rng.integers(256))
            return b"\xff\xd8" + b"".join(frame if part[1] in (0xC0, 0xC2) else part for part in parts)
        case 2:  # arithmetic, lossless and differential coding
            kind = bytes((0xFF, int(rng.choice((0xC1, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCF)))))
            return data.replace(b"\xff\xc0", kind, 1).replace(b"\xff\xc2", kind, 1)
        case 3:
            return data[:-2] + scan[:-2] * int(rng.integers(2, 300)) + data[-2:]
        case 4:
            return jpeg_with_segment(data, 0xDD, struct.pack(">H", int(rng.integers(1, 65_536))))
        case _:
            return data[:2] + b"\xff\xfe\0\2" * int(rng.integers(1, 40_000)) + data[2:]


def _exif(rng: Rng) -> bytes:
    """Directories that point at themselves, counts of billions, turns and positions that there are not."""
    big = bool(rng.integers(2))
    order, lead = (">", b"MM\0*") if big else ("<", b"II*\0")
    tags = rng.choice((0x0112, 0x8825, 0x8769, 0x010F, 1, 2, 3, 4, 29, 0x927C, 0x0201), int(rng.integers(1, 60)))
    entries = b"".join(
        struct.pack(f"{order}HHII", tag, rng.integers(0, 14), rng.choice((1, 2, 3, 9, 2**31, 2**32 - 1)), offset)
        for tag, offset in zip(tags, rng.choice((0, 8, 1, 6, 26, 50, 2**16, 2**32 - 1), len(tags)), strict=True)
    )
    count = int(rng.choice((len(tags), 65_535)))
    block = lead + struct.pack(f"{order}IH", 8, count) + entries + rng.bytes(int(rng.integers(0, 400)))
    match int(rng.integers(3)):
        case 0:
            return jpeg_with_segment(sound(rng, "JPEG"), 0xE1, b"Exif\0\0" + block)
        case 1:
            png = sound(rng, "PNG")
            return png[:33] + png_chunk(b"eXIf", block) + png[33:]
        case _:
            return encoded(picture(rng), "WEBP", exif=block)


def _metadata(rng: Rng) -> bytes:
    """Colour profiles, XMP and comments of megabytes."""
    data, filler = sound(rng, "JPEG"), rng.bytes(4000)
    match int(rng.integers(4)):
        case 0:
            for number in range(int(rng.integers(1, 255))):
                data = jpeg_with_segment(data, 0xE2, b"ICC_PROFILE\0" + bytes((number, 254)) + filler * 16)
            return data
        case 1:
            for _ in range(int(rng.integers(1, 200))):
                data = jpeg_with_segment(data, 0xE1, b"http://ns.adobe.com/xmp/extension/\0" + filler * 15)
            return data
        case 2:
            return encoded(picture(rng), "WEBP", icc_profile=filler * 500, xmp=b"<x>" * 300_000)
        case _:
            return encoded(picture(rng), "PNG", icc_profile=filler * 500)


def _animated(rng: Rng) -> bytes:
    frames = [picture(rng, size=(16, 12)) for _ in range(4)] * int(rng.integers(1, 20))
    kind = str(rng.choice(("WEBP", "PNG", "GIF", "AVIF")))
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:], duration=int(rng.integers(0, 99)))
    return data if rng.random() < 0.4 else flipped(rng, data, np.arange(min(len(data), 400)))


def _many_frames(rng: Rng) -> bytes:
    """A GIF of ten thousand."""
    head = b"GIF89a" + struct.pack("<HHBBB", 16, 16, 0x80, 0, 0) + rng.bytes(6)
    return head + (b"\x2c" + bytes(4) + b"\x10\0\x10\0\0\2\2\x4c\1\0") * 10_000 + b";"


def _sides(rng: Rng) -> bytes:
    """As thin, as wide and as small as there is."""
    sizes = ((1, 1), (1, 65_535), (65_535, 1), (7, 900), (8, 8), (65_535, 8), (16_383, 9), (3, 16_383))
    size = sizes[int(rng.integers(len(sizes)))]
    kind = str(rng.choice(("PNG", "JPEG") if max(size) > 16_383 or min(size) < 2 else ("PNG", "JPEG", "WEBP")))
    if kind == "JPEG" and max(size) > 65_500:  # more than libjpeg writes: the header says so
        data = encoded(Image.new("RGB", (size[0] and 64, 8)), "JPEG")
        at = data.index(b"\xff\xc0")
        return data[: at + 5] + struct.pack(">HH", size[1], size[0]) + data[at + 9 :]
    return encoded(Image.new("RGB", size, tuple(int(one) for one in rng.integers(0, 256, 3))), kind)


def _modes(rng: Rng) -> bytes:
    """Inks, greys of 16 bits, palettes, single bits, transparency, floats; sound, or cut or flipped."""
    image, grain = picture(rng), rng.integers(0, 65_535, (32, 40))
    made: list[Callable[[], bytes]] = [
        lambda: encoded(image.convert("CMYK"), "JPEG"), lambda: encoded(image.convert("L"), "JPEG"),
        lambda: encoded(Image.fromarray(grain.astype(np.uint16)), "PNG"),
        lambda: encoded(image.convert("P"), "PNG", transparency=int(rng.integers(256))),
        lambda: encoded(image.convert("P"), "PNG", transparency=rng.bytes(200)),
        lambda: encoded(image.convert("1"), "PNG"), lambda: encoded(image.convert("LA"), "PNG"),
        lambda: encoded(image.convert("RGBA"), "WEBP", lossless=True),
        lambda: encoded(Image.fromarray(grain.astype(np.float32)), "TIFF"),
        lambda: encoded(image.convert("YCbCr"), "JPEG"), lambda: encoded(image.convert("RGBA"), "AVIF"),
    ]  # fmt: skip
    data = made[int(rng.integers(len(made)))]()
    return data if rng.random() < 0.4 else flipped(rng, data, np.arange(len(data)))


def _packed(rng: Rng) -> bytes:
    """Archives in archives, and pictures that are archives, too."""
    inside = sound(rng)
    for _ in range(int(rng.integers(1, 12))):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("photo.jpg", inside)
        inside = file.getvalue()
    made = (inside, sound(rng) + inside, gzip.compress(sound(rng)), gzip.compress(bytes(10_000_000)))
    return made[int(rng.integers(len(made)))]


def _boxes(rng: Rng) -> bytes:
    """Boxes of AVIF and HEIF, nested, empty, endless."""
    data = b""
    for _ in range(int(rng.integers(1, 300))):
        name = bytes(rng.choice((b"meta", b"iprp", b"ipco", b"iloc", b"moov", b"trak", b"grpl", b"uuid")))
        data = struct.pack(">I", int(rng.choice((len(data) + 8, 0, 1, 2**31)))) + name + data
    return b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf" + data + rng.bytes(60)


def _large(rng: Rng) -> bytes:
    """A picture of nearly 40 million pixels, in little more than nothing: sound, or of half its rows."""
    rows = _rows()
    kept = rows if rng.random() < 0.5 else rows[: len(rows) // 2]
    return png_of(6300, 6300)[:33] + png_chunk(b"IDAT", kept) + png_chunk(b"IEND", b"")


@cache
def _rows() -> bytes:
    return zlib.compress((b"\0" + b"\x40\x80\xc0" * 6300) * 6300)


MAKERS: dict[str, Callable[[Rng], bytes]] = {
    **{f"cut {kind}": lambda rng, kind=kind: cut(rng, kind) for kind in READ},
    **{f"flipped head of {kind}": lambda rng, kind=kind: flipped_header(rng, kind) for kind in READ},
    **{
        f"flipped {kind}": lambda rng, kind=kind: flipped(rng, data := sound(rng, kind), np.arange(len(data)))
        for kind in READ
    },
    "spliced": spliced, "shuffled": shuffled, "magic and noise": _magic, "renamed": _renamed,
    "written by hand": _written_by_hand, "bomb of pixels": _pixel_bomb, "bomb of chunks": _chunk_bomb,
    "odd PNG": _odd_png, "odd JPEG": _odd_jpeg, "absurd EXIF": _exif, "huge metadata": _metadata,
    "animated": _animated, "odd sides": _sides, "odd modes": _modes, "archive": _packed,
    "only a beginning": beginning, "boxes": _boxes,
}  # fmt: skip
COSTLY: dict[str, Callable[[Rng], bytes]] = {"ten thousand frames": _many_frames, "40 million pixels": _large}
"""Of which a few will do: they take a second each, or a megabyte."""


def bombs() -> dict[str, bytes]:
    """The worst of each sort, at its largest that a request can hold."""
    rng = np.random.default_rng(SEED)
    filler = rng.bytes(65_000)
    sound_jpeg = sound(rng, "JPEG")
    png = png_of(16, 16, rows=(b"\0" + b"\x40\x80\xc0" * 16) * 16)
    return {
        "PNG of 50,000 x 50,000": png_of(50_000, 50_000, rows=bytes(1_000_000)),
        "GIF of 10,000 frames": _many_frames(rng),
        "20 MB of EXIF": sound_jpeg[:2] + (b"\xff\xe1" + struct.pack(">H", 65_002) + filler) * 307 + sound_jpeg[2:],
        "20 MB of colour profile": png[:33] + png_chunk(b"iCCP", b"icc\0\0" + filler * 307) + png[33:],
        "text of 2 GB in 2 MB": png[:33] + png_chunk(b"zTXt", b"a\0\0" + _zeros(500) * 4) + png[33:],
        "pixels of 500 MB for 256": png_of(16, 16)[:33] + png_chunk(b"IDAT", _zeros(500)) + png_chunk(b"IEND", b""),
    }
