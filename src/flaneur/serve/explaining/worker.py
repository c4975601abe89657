"""Decoded photos and questions as frames on standard input in; heat maps as frames on standard output out.

Run by :class:`flaneur.serve.explaining.explainer.Explainer` as ``python -m flaneur.serve.explaining.worker BYTES``
with the address space that it may have. It reads models from the disk, as ``flaneur explain`` does, and gives way to
whoever wants the cores.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from flaneur.bundle.card import card_to_json
from flaneur.errors import FlaneurError, IntegrityError
from flaneur.explain.run import explain
from flaneur.files import sha256_json
from flaneur.predict import Model, load
from flaneur.serve.children.confine import EXPLAINS, confine, deafen, give_way
from flaneur.serve.children.frames import Frame, read_frame, write_frame
from flaneur.serve.decoding.as_frames import MOST_BYTES, from_frame
from flaneur.serve.explaining.as_frames import to_frame

_FILES = 256


def main() -> None:
    """Answer frames until the pipe ends."""
    deafen()
    give_way(EXPLAINS)
    frames_in, frames_out, sys.stdout = sys.stdin.buffer, sys.stdout.buffer, sys.stderr
    confine(int(sys.argv[1]), _FILES)
    write_frame(frames_out, {})
    models: dict[str, Model] = {}
    with suppress(EOFError, BrokenPipeError):  # the parent is gone
        while True:
            header, blocks = read_frame(frames_in, MOST_BYTES)
            write_frame(frames_out, *answer(models, header, blocks))


def answer(models: dict[str, Model], header: Mapping[str, Any], blocks: list[bytes]) -> Frame:
    """What to reply to one question.

    Args:
        models: that were loaded for earlier ones, by path; this one's is added.
        header: ``path`` and ``card`` of the model (where it lies, the hash of its card) and ``how`` to explain.
        blocks: of the photo, whose other values are in the header too; none: only load the model.

    Returns:
        The heat map; or ``error`` (the exception's name), ``code`` and ``message``.
    """
    try:
        model = _model(models, header["path"], header["card"])
        return to_frame(explain(model, from_frame(header, blocks), **header["how"])) if blocks else ({}, [])
    except FlaneurError as error:
        return {"error": type(error).__name__, "code": getattr(error, "code", ""), "message": str(error)}, []


def _model(models: dict[str, Model], path: str, card: str) -> Model:
    known = models.get(path)
    if known is None or sha256_json(card_to_json(known.card)) != card:
        known = models[path] = load(path)
    if sha256_json(card_to_json(known.card)) != card:
        raise IntegrityError(f"{path}: another model lies here since the server began. Start the server again.")
    return known


if __name__ == "__main__":
    main()
