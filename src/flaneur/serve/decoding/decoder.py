"""A photo's bytes in; what a network or people see out, or one clear PhotoError, whatever happens to the process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

import numpy as np
import PIL
from numpy.typing import NDArray
from PIL import Image

from flaneur.errors import IntegrityError, PhotoError
from flaneur.preprocess import normalise
from flaneur.protocols import PreprocessSpec
from flaneur.serve.children.child import Child, ChildDied, ChildSlow
from flaneur.serve.children.frames import Frame
from flaneur.serve.children.watchdog import Watchdog
from flaneur.serve.decoding import redrawn
from flaneur.serve.decoding.as_frames import MOST_BYTES, checked, position
from flaneur.serve.limits import Limits
from flaneur.types import Location

T = TypeVar("T")
WORKER = "flaneur.serve.decoding.worker"
_LEAST_PILLOW = 13
_CODES = frozenset({"empty", "not_an_image", "unsupported_format", "truncated", "corrupt", "too_large", "too_small"})


@dataclass(frozen=True, slots=True)
class Square:
    """One photo as a network sees it.

    Args:
        pixels: 8-bit RGB, ``[S, S, 3]`` as bytes.
        size_px: S.
        gps: a position the file claims, as a separate fact.
    """

    pixels: bytes
    size_px: int
    gps: Location | None

    def normalised(self, spec: PreprocessSpec) -> NDArray[np.float32]:
        """The network's input ``[3, S, S]``; the same as :func:`flaneur.preprocess.preprocess` makes of the photo."""
        return normalise(Image.frombytes("RGB", (self.size_px, self.size_px), self.pixels), spec)


class Decoder:
    """One decoding process. One thread asks it; close it.

    Args:
        limits: memory and seconds of it.
        watchdog: ends it when it is slow.
    """

    def __init__(self, limits: Limits, watchdog: Watchdog) -> None:
        self._seconds = limits.decode_s
        self.child = Child(WORKER, [str(limits.decode_memory_bytes)], watchdog)

    def decode(self, data: bytes, spec: PreprocessSpec) -> Square:
        """Decode one photo, exactly as :meth:`flaneur.predict.Model.predict` does, in the process.

        Args:
            data: the bytes of a file.
            spec: of the model.

        Raises:
            PhotoError: it cannot be read; ``too_slow`` where it took too long and the process was ended;
                ``decoder_died`` where two processes in turn ended over it. The next photo finds a new one.
        """
        size_px = spec.size_px
        return self._made(data, asdict(spec), 3 * size_px * size_px, lambda found: _square(*found, size_px))

    def opened(self, data: bytes, spec: PreprocessSpec) -> Frame:
        """Decode one photo, exactly as :func:`flaneur.explain.opened.opened` does, in the process.

        Args:
            data: the bytes of a file.
            spec: of the model.

        Returns:
            A frame for :func:`flaneur.serve.decoding.as_frames.from_frame`.

        Raises:
            PhotoError: as of :meth:`decode`.
        """
        return self._made(data, {"open": spec.size_px}, MOST_BYTES, lambda found: _opened(*found))

    def redrawn(self, data: bytes, longest_px: int) -> bytes:
        """Draw one photo anew, as :func:`flaneur.serve.decoding.redrawn.redrawn` does, in the process.

        Args:
            data: the bytes of a file.
            longest_px: longer side of the picture, in pixels, at most.

        Returns:
            A JPEG.

        Raises:
            PhotoError: as of :meth:`decode`.
        """
        return self._made(data, {"redraw": longest_px}, redrawn.MOST_BYTES, lambda found: _jpeg(*found))

    def _made(self, data: bytes, header: Mapping[str, Any], most_bytes: int, make: Callable[[Frame], T]) -> T:
        try:
            try:
                return make(self.child.ask(header, [data], self._seconds, most_bytes))
            except ChildSlow:
                raise
            except ChildDied:  # perhaps before it had seen this photo
                return make(self.child.ask(header, [data], self._seconds, most_bytes))
        except ChildSlow as error:
            raise PhotoError(
                "too_slow", f"this photo: not decoded within {self._seconds:g} s. Save it as a plain JPEG."
            ) from error
        except PhotoError:
            raise
        except Exception as error:  # whatever a process that was taken over makes us trip over
            self.child.kill()
            raise PhotoError("decoder_died", "this photo: decoding it failed. Save it as a plain JPEG.") from error


def _square(header: dict[str, Any], blocks: list[bytes], size_px: int) -> Square:
    _check_read(header, blocks)
    (pixels,) = blocks
    if len(pixels) != 3 * size_px * size_px:
        raise ValueError("a square of another size than was asked for")
    return Square(pixels, size_px, position(header))


def _opened(header: dict[str, Any], blocks: list[bytes]) -> Frame:
    _check_read(header, blocks)
    return checked(header, blocks)


def _jpeg(header: dict[str, Any], blocks: list[bytes]) -> bytes:
    _check_read(header, blocks)
    (picture,) = blocks
    if not picture.startswith(redrawn.JPEG_BEGINS):
        raise ValueError("no JPEG")
    return picture


def _check_read(header: dict[str, Any], blocks: list[bytes]) -> None:
    match header, blocks:
        case {"code": str(code), "message": str(message)}, [] if code in _CODES and message.isprintable():
            raise PhotoError(code, message)


def check_pillow() -> None:
    """Refuse a Pillow whose JPEG decoder is known to be unsafe.

    Raises:
        IntegrityError: older than 13.
    """
    if int(PIL.__version__.split(".")[0]) < _LEAST_PILLOW:
        raise IntegrityError(
            f"Pillow {PIL.__version__} has a hole in its JPEG decoder, and a server decodes what strangers send. "
            f"Update it: pip install 'pillow>={_LEAST_PILLOW}'."
        )
