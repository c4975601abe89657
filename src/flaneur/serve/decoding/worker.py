"""Photos as frames on standard input in; what networks or people see of them as frames on standard output out.

Run by :class:`flaneur.serve.decoding.decoder.Decoder` as ``python -m flaneur.serve.decoding.worker BYTES`` with the
address space that it may have. Once it has said hello it can open neither files nor sockets.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from flaneur.decode import MAX_FILE_BYTES, decode
from flaneur.errors import PhotoError
from flaneur.explain.opened import opened
from flaneur.preprocess import resize
from flaneur.protocols import PreprocessSpec
from flaneur.serve.children.confine import confine, deafen
from flaneur.serve.children.frames import Frame, read_frame, write_frame
from flaneur.serve.decoding.as_frames import position_values, to_frame
from flaneur.serve.decoding.redrawn import redrawn

_NO_MORE_FILES = 0


def main() -> None:
    """Answer frames until the pipe ends."""
    deafen()
    _load_all()
    frames_in, frames_out, sys.stdout = sys.stdin.buffer, sys.stdout.buffer, sys.stderr
    confine(int(sys.argv[1]), _NO_MORE_FILES)
    write_frame(frames_out, {})
    with suppress(EOFError, BrokenPipeError):  # the parent is gone
        while True:
            header, (data,) = read_frame(frames_in, MAX_FILE_BYTES)
            write_frame(frames_out, *answer(header, data))


def answer(header: Mapping[str, Any], data: bytes) -> Frame:
    """What to reply to one photo.

    Args:
        header: fields of :class:`flaneur.protocols.PreprocessSpec`; or ``open``, the side of a model's square; or
            ``redraw``, the longer side of a picture to be shown.
        data: the file.

    Returns:
        ``gps`` (latitude and longitude, or null) and the ``[S, S, 3]`` bytes of the square, or ``sizes`` and the pixels
        of both pictures of :class:`flaneur.explain.opened.Opened`, or a JPEG; or ``code`` and ``message`` of what is
        wrong with the photo.
    """
    try:
        if "redraw" in header:
            return {}, [redrawn(data, header["redraw"])]
        return to_frame(opened(data, header["open"])) if "open" in header else _square(data, PreprocessSpec(**header))
    except PhotoError as error:
        if isinstance(error.__cause__, MemoryError):
            return {"code": "too_large", "message": "this photo: it needs too much memory. Save it smaller."}, []
        return {"code": error.code, "message": str(error)}, []


def _square(data: bytes, spec: PreprocessSpec) -> Frame:
    photo = decode(data, at_least_px=spec.size_px)
    return {"gps": position_values(photo.gps)}, [resize(photo.image, spec).tobytes()]


def _load_all() -> None:
    """Import what Pillow and flaneur would only import at the first file of a kind."""
    from PIL import AvifImagePlugin, Image, features

    Image.preinit()  # what saving a picture looks through
    features.check("avif")
    AvifImagePlugin.AvifImageFile  # noqa: B018 - to have it
    with suppress(ImportError):
        import pillow_heif  # noqa: F401 - to have it


if __name__ == "__main__":
    main()
