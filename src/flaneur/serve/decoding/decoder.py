"""A photo's bytes in; the square that a network sees out, or one clear PhotoError, whatever happens to the process."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import PIL
from numpy.typing import NDArray
from PIL import Image

from flaneur.errors import InputError, IntegrityError, PhotoError
from flaneur.preprocess import normalise
from flaneur.protocols import PreprocessSpec
from flaneur.serve.children.child import Child, ChildDied, ChildSlow
from flaneur.serve.children.watchdog import Watchdog
from flaneur.serve.limits import Limits
from flaneur.types import Location

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
        try:
            try:
                return self._decode(data, spec)
            except ChildSlow:
                raise
            except ChildDied:  # perhaps before it had seen this photo
                return self._decode(data, spec)
        except ChildSlow as error:
            raise PhotoError(
                "too_slow", f"this photo: not decoded within {self._seconds:g} s. Save it as a plain JPEG."
            ) from error
        except PhotoError:
            raise
        except Exception as error:  # whatever a process that was taken over makes us trip over
            self.child.kill()
            raise PhotoError("decoder_died", "this photo: decoding it failed. Save it as a plain JPEG.") from error

    def _decode(self, data: bytes, spec: PreprocessSpec) -> Square:
        header, blocks = self.child.ask(asdict(spec), [data], self._seconds, spec.size_px * spec.size_px * 3)
        return _square(header, blocks, spec.size_px)


class _NoSquare(Exception):  # noqa: N818 - never leaves this module
    """The process answered something else: it cannot be trusted any more."""


def _square(header: dict[str, Any], blocks: list[bytes], size_px: int) -> Square:
    match header, blocks:
        case {"code": str(code), "message": str(message)}, [] if code in _CODES and message.isprintable():
            raise PhotoError(code, message)
        case {"gps": None}, [pixels] if len(pixels) == size_px * size_px * 3:
            return Square(pixels, size_px, None)
        case {"gps": [float(lat), float(lon)]}, [pixels] if len(pixels) == size_px * size_px * 3:
            try:
                return Square(pixels, size_px, Location(lat, lon))
            except InputError as error:
                raise _NoSquare from error
        case _:
            raise _NoSquare


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
