"""Untrusted bytes in; upright RGB pixels and a few facts out, or one clear PhotoError. Metadata goes no further."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import NoReturn

import numpy as np
from PIL import Image, ImageFile, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

from flaneur.containers import bare, sniff
from flaneur.errors import PhotoError, install_extra
from flaneur.exif import read_exif
from flaneur.types import Location

MAX_FILE_BYTES = 100_000_000
MAX_PIXELS = 40_000_000
MIN_SIDE_PX = 8
PHOTO_SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".heic", ".heif", ".avif"})

_READABLE = "Save it as JPEG, PNG or WebP."
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class DecodedPhoto:
    """Pixels of one photo.

    Args:
        image: upright RGB; may be smaller than the photo where ``at_least_px`` allowed a scaled decode.
        width: of the photo as seen, in pixels, before any scaled decode.
        height: likewise.
        gps: a position the file claims, as a separate fact.
    """

    image: Image.Image
    width: int
    height: int
    gps: Location | None = None


def decode(data: bytes | Path, *, at_least_px: int | None = None) -> DecodedPhoto:
    """Decode one photo: JPEG, PNG, WebP, AVIF where Pillow has it, HEIC with the ``heic`` extra.

    The content decides, not the file name. Alpha is composited on white, 16 bits are scaled to 8, of an animation
    the first frame is taken. Safe to call from several threads; no global of Pillow is read or set.

    Args:
        data: the bytes, or the file that holds them.
        at_least_px: the shorter side needed; a JPEG is then decoded at the smallest scale of 1/1, 1/2, 1/4 and 1/8
            that gives it.

    Raises:
        PhotoError: it cannot be read; see ``code`` there. One line that names the file and the mend.

    >>> from io import BytesIO
    >>> file = BytesIO()
    >>> Image.new("RGB", (64, 48), "teal").save(file, "JPEG")
    >>> photo = decode(file.getvalue(), at_least_px=20)
    >>> (photo.width, photo.height), photo.image.size, photo.gps
    ((64, 48), (32, 24), None)
    """
    name = _printable(data) if isinstance(data, Path) else "this photo"
    raw = read_photo(data) if isinstance(data, Path) else data
    try:
        return _decode(raw, at_least_px)
    except PhotoError as error:
        raise PhotoError(error.code, f"{name}: {error}.{_mend(error.code)}") from error.__cause__


def is_photo_name(path: Path) -> bool:
    """Whether a file is named like a photo that :func:`decode` can read.

    >>> is_photo_name(Path("a/B.JPG")), is_photo_name(Path("notes.txt")), is_photo_name(Path("._b.jpg"))
    (True, False, False)
    """
    return path.suffix.lower() in PHOTO_SUFFIXES and not path.name.startswith(".")


def read_photo(path: Path) -> bytes:
    """The bytes of a file that may be a photo, no more than one may have.

    Raises:
        PhotoError: no such file, none that can be read, or one that is too large.
    """
    name = _printable(path)
    try:
        facts = path.stat()
        if stat.S_ISDIR(facts.st_mode):
            raise PhotoError(
                "unreadable", f"{name}: a folder without photos. Name photos, or a folder that holds some."
            )
        if not stat.S_ISREG(facts.st_mode):
            raise PhotoError("unreadable", f"{name}: not an ordinary file. Copy the photo to a file first.")
        _check_bytes(facts.st_size, name)
        with path.open("rb") as file:
            return file.read(facts.st_size + 1)  # bounded, should it grow meanwhile
    except (FileNotFoundError, NotADirectoryError) as error:
        raise PhotoError("not_found", f"{name}: no such file. Check the spelling.") from error
    except (OSError, ValueError) as error:  # ValueError: a name with a NUL byte
        reason = getattr(error, "strerror", None) or "not a valid file name"
        raise PhotoError("unreadable", f"{name}: cannot be opened ({reason}). Check its permissions.") from error


def _check_bytes(count: int, name: str) -> None:
    if count > MAX_FILE_BYTES:
        limit = f"{MAX_FILE_BYTES // 1_000_000} MB"
        raise PhotoError("too_large", f"{name}: {count / 1e6:.0f} MB; the limit is {limit}. Save it smaller.")


def _decode(raw: bytes, at_least_px: int | None) -> DecodedPhoto:
    kind = _kind(raw)
    stripped = bare(raw, kind)
    if stripped.size is not None:
        _check_size(stripped.size)  # before Pillow sees the file: a bomb costs nothing
    try:
        return _pixels(_open(kind, stripped.data), stripped.exif, at_least_px)
    except PhotoError:
        raise
    except Exception as error:  # noqa: BLE001  hostile bytes make decoders raise anything; nothing of it may pass
        _explain(error)


def _kind(raw: bytes) -> str:
    if not raw:
        raise PhotoError("empty", "the file is empty")
    if len(raw) > MAX_FILE_BYTES:
        raise PhotoError("too_large", f"{len(raw) / 1e6:.0f} MB; the limit is {MAX_FILE_BYTES // 1_000_000} MB")
    kind = sniff(raw)
    if kind is None:
        raise PhotoError("not_an_image", "this is not a picture")
    return kind


def _pixels(file: ImageFile.ImageFile, exif: bytes | None, at_least_px: int | None) -> DecodedPhoto:
    width, height = file.size
    _check_size((width, height))
    facts = read_exif(exif if exif is not None else file.info.get("exif"))
    if at_least_px and isinstance(file, JpegImagePlugin.JpegImageFile):
        file.draft("RGB", (at_least_px, at_least_px))
    upright = _turn(_to_rgb(file), facts.orientation)
    upright.info = {}  # a later save would write what it holds
    if facts.orientation >= 5:
        width, height = height, width
    return DecodedPhoto(upright, width, height, facts.gps)


def _open(kind: str, data: bytes) -> ImageFile.ImageFile:
    """A picture whose header has been read and whose pixels have not.

    The classes are called directly: ``Image.open`` would ask other parsers too, and only warn of a bomb.
    """
    file = BytesIO(data)
    match kind:
        case "JPEG":
            return JpegImagePlugin.JpegImageFile(file)
        case "PNG":
            return PngImagePlugin.PngImageFile(file)
        case "WEBP":
            return WebPImagePlugin.WebPImageFile(file)
        case "AVIF":
            return _open_avif(file)
        case "HEIF":
            return _open_heif(file)
        case _:
            raise PhotoError("unsupported_format", f"a {kind} file, which flaneur does not read")


def _open_avif(file: BytesIO) -> ImageFile.ImageFile:
    from PIL import AvifImagePlugin, features

    if not features.check("avif"):
        raise PhotoError("unsupported_format", "an AVIF file, which this Pillow was built without")
    return AvifImagePlugin.AvifImageFile(file)


def _open_heif(file: BytesIO) -> ImageFile.ImageFile:
    try:
        from pillow_heif import HeifImageFile
    except ImportError as error:
        hint = f"a HEIC file; to read it, {install_extra('heic')}"
        raise PhotoError("unsupported_format", hint) from error
    opened: ImageFile.ImageFile = HeifImageFile(file)
    return opened


def _check_size(size: tuple[int, int]) -> None:
    width, height = size
    if width * height > MAX_PIXELS:
        limit = f"{MAX_PIXELS // 1_000_000} million"
        raise PhotoError("too_large", f"{width} x {height} pixels; the limit is {limit}")
    if min(width, height) < MIN_SIDE_PX:
        raise PhotoError("too_small", f"{width} x {height} pixels; a photo needs {MIN_SIDE_PX} a side")


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "F" or image.mode.startswith("I"):
        image.load()
        grey = np.clip(np.asarray(image).astype(np.int64), 0, 65535)
        return Image.fromarray(((grey + 128) // 257).astype(np.uint8)).convert("RGB")
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        layer = image.convert("RGBA")
        paper = Image.new("RGB", layer.size, "white")
        paper.paste(layer, mask=layer.getchannel("A"))
        return paper
    if image.mode == "RGB":
        image.load()
        return image.copy()
    return image.convert("RGB")


def _turn(image: Image.Image, orientation: int) -> Image.Image:
    turn = _TURNS.get(orientation)
    return image if turn is None else image.transpose(turn)


def _explain(error: Exception) -> NoReturn:
    text = str(error).lower()
    if "truncated" in text or isinstance(error, EOFError):
        raise PhotoError("truncated", "the file ends too early") from error
    raise PhotoError("corrupt", "the picture is damaged") from error


def _mend(code: str) -> str:
    match code:
        case "truncated" | "corrupt" | "empty":
            return " Copy or download it again."
        case "unsupported_format" | "not_an_image":
            return f" {_READABLE}"
        case "too_large":
            return " Save it smaller."
        case _:
            return ""


def _printable(path: Path) -> str:
    """A path on one line that any terminal can show."""
    text = str(path).encode("utf-8", "backslashreplace").decode()
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)
