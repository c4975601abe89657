"""A seed in; a folder of broken, hostile and merely odd picture files out. No corpus has to be kept."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

TOTAL = 300


@dataclass(frozen=True, slots=True)
class Malformed:
    """What was written.

    Args:
        bad: files that no reader should accept, or that may read either way (a flipped bit can be harmless).
        good: odd but sound files: they must be read.
    """

    bad: tuple[Path, ...]
    good: tuple[Path, ...]


def write_malformed(folder: Path, seed: int = 0) -> Malformed:
    """Write 300 malformed files and a dozen good ones, the same bytes for the same seed."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    bad = list(_structural(rng)) + list(_truncated(rng))
    bad += list(_flipped(rng, TOTAL - len(bad)))
    assert len(bad) == TOTAL
    return Malformed(_write(folder, bad), _write(folder, list(good_files(rng))))


def _write(folder: Path, files: list[tuple[str, bytes]]) -> tuple[Path, ...]:
    paths = []
    for name, data in files:
        path = folder / name
        path.write_bytes(data)
        paths.append(path)
    return tuple(paths)


def picture(rng: np.random.Generator, mode: str = "RGB", size: tuple[int, int] = (96, 72)) -> Image.Image:
    """Soft shapes with some grain."""
    small = rng.integers(0, 255, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(small).resize(size, Image.Resampling.BICUBIC).convert(mode)


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    """The bytes of a picture file."""
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def png_chunk(name: bytes, data: bytes) -> bytes:
    """One chunk with its checksum."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_of(width: int, height: int, *extra: bytes, rows: bytes = b"") -> bytes:
    """A PNG with the header's claims and whatever rows."""
    head = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n"
        + head
        + b"".join(extra)
        + png_chunk(b"IDAT", zlib.compress(rows))
        + png_chunk(b"IEND", b"")
    )


def jpeg_with_segment(jpeg: bytes, marker: int, payload: bytes) -> bytes:
    """A JPEG with one more segment right after its start."""
    return jpeg[:2] + bytes((0xFF, marker)) + struct.pack(">H", len(payload) + 2) + payload + jpeg[2:]


def good_files(rng: np.random.Generator) -> Iterator[tuple[str, bytes]]:
    """Odd but sound."""
    image = picture(rng)
    jpeg = encoded(image, "JPEG")
    yield "good-plain.jpg", jpeg
    yield "good-progressive.jpg", encoded(image, "JPEG", progressive=True)
    yield "good-jpeg-named.png", jpeg
    yield "good-png-named.jpg", encoded(image, "PNG")
    yield "good-cmyk.jpg", encoded(image.convert("CMYK"), "JPEG")
    yield "good-grey.jpg", encoded(image.convert("L"), "JPEG")
    yield "good-palette.png", encoded(image.convert("P"), "PNG", transparency=3)
    yield "good-alpha.png", encoded(image.convert("RGBA"), "PNG")
    yield "good-16bit.png", encoded(Image.fromarray(rng.integers(0, 65535, (32, 40), dtype=np.uint16)), "PNG")
    yield "good-bilevel.png", encoded(image.convert("1"), "PNG")
    frames = [picture(rng) for _ in range(3)]
    yield "good-animated.webp", encoded(image, "WEBP", save_all=True, append_images=frames)
    yield "good-animated.png", encoded(image, "PNG", save_all=True, append_images=frames)
    yield "good-odd-exif.jpg", jpeg_with_segment(jpeg, 0xE1, b"Exif\0\0II*\0" + rng.bytes(300))
    yield "good-big-icc.jpg", jpeg_with_segment(jpeg, 0xE2, b"ICC_PROFILE\0\1\1" + rng.bytes(60_000))
    text = png_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"x" * 8_000_000))
    yield "good-text-bomb.png", png_of(16, 16, text, rows=(b"\0" + b"\x40\x80\xc0" * 16) * 16)
    yield "good-trailing.jpg", jpeg + rng.bytes(5000)


def _structural(rng: np.random.Generator) -> Iterator[tuple[str, bytes]]:
    image = picture(rng)
    jpeg, png, webp = (encoded(image, kind) for kind in ("JPEG", "PNG", "WEBP"))
    for name in ("empty.jpg", "empty.png", "empty.webp"):
        yield name, b""
    others: dict[str, bytes] = {
        "text": b"not a picture\n" * 50,
        "html": b"<!doctype html><html>404</html>",
        "json": b'{"error": 404}',
        "pdf": b"%PDF-1.7\n%%EOF",
        "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        "zip": b"PK\3\4" + bytes(60),
        "psd": b"8BPS\0\1" + bytes(40),
        "svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        "elf": b"\x7fELF" + bytes(60),
        "tiff": encoded(image, "TIFF"),
        "gif": encoded(image, "GIF"),
        "bmp": encoded(image, "BMP"),
        "fpx": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
        "mp4": b"\0\0\0\x18ftypmp42" + bytes(60),
        "null": bytes(4096),
        "noise": rng.bytes(4096),
        "bom": "\ufefffile,city\n".encode(),
    }
    for kind, data in others.items():
        yield f"{kind}.jpg", data
    yield "bomb.png", png_of(50_000, 50_000)
    yield "bomb-wide.png", png_of(2**31 - 1, 1)
    yield "bomb-zero.png", png_of(0, 0)
    at = jpeg.index(b"\xff\xc0")
    yield "bomb.jpg", jpeg[: at + 5] + struct.pack(">HH", 65_500, 65_500) + jpeg[at + 9 :]
    yield "zero-size.jpg", jpeg[: at + 5] + struct.pack(">HH", 0, 0) + jpeg[at + 9 :]
    canvas = b"VP8X" + struct.pack("<I", 10) + bytes(4) + b"\xff\x3f\0\xff\x3f\0"
    yield "bomb.webp", b"RIFF" + struct.pack("<I", 4 + len(canvas)) + b"WEBP" + canvas
    yield "tiny.png", encoded(image.resize((1, 1)), "PNG")
    yield "many-scans.jpg", jpeg[:-2] + jpeg[jpeg.index(b"\xff\xda") : -2] * 300 + jpeg[-2:]
    yield "many-segments.jpg", jpeg[:2] + b"\xff\xe1\0\2" * 30_000 + jpeg[2:]
    yield "fill-bytes.jpg", b"\xff\xd8" + b"\xff" * 5000
    yield "no-idat.png", png[:33] + png_chunk(b"IEND", b"")
    yield "no-rows.png", png_of(40, 40)
    yield "bad-crc.png", png[:29] + b"\0\0\0\0" + png[33:]
    yield "chunk-length.png", png[:33] + b"\xff\xff\xff\xff" + png[37:]
    yield "only-magic.jpg", b"\xff\xd8\xff"
    yield "only-magic.png", b"\x89PNG\r\n\x1a\n"
    yield "only-magic.webp", b"RIFF\0\0\0\0WEBP"
    yield "only-magic.avif", b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf" + bytes(20)
    yield "only-magic.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(20)
    yield "webp-length.webp", webp[:4] + b"\xff\xff\xff\x7f" + webp[8:]


def _truncated(rng: np.random.Generator) -> Iterator[tuple[str, bytes]]:
    for kind, suffix in (("JPEG", "jpg"), ("PNG", "png"), ("WEBP", "webp")):
        data = encoded(picture(rng), kind)
        for percent in range(1, 100, 2):
            yield f"cut{percent:02d}.{suffix}", data[: max(1, len(data) * percent // 100)]


def _flipped(rng: np.random.Generator, count: int) -> Iterator[tuple[str, bytes]]:
    makers: list[tuple[str, Callable[[], bytes]]] = [
        ("jpg", lambda: encoded(picture(rng), "JPEG")),
        ("png", lambda: encoded(picture(rng), "PNG")),
        ("webp", lambda: encoded(picture(rng), "WEBP")),
    ]
    for number in range(count):
        suffix, make = makers[number % len(makers)]
        data = np.frombuffer(make(), np.uint8).copy()
        # Half of the flips in the header, where structure breaks; half anywhere.
        limit = len(data) if number % 2 else min(len(data), 200)
        for place in rng.integers(0, limit, int(rng.integers(1, 9))):
            data[place] ^= 1 << int(rng.integers(8))
        yield f"flip{number:03d}.{suffix}", data.tobytes()
