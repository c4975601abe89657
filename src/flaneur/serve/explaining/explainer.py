"""A model, a photo and a question in; a heat map out, or one clear error, whatever happens to the process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flaneur.bundle.card import card_to_json
from flaneur.errors import FlaneurError, InputError, IntegrityError, PhotoError, UsageError
from flaneur.explain.heatmap import Heatmap
from flaneur.explain.target import FirstChoiceError
from flaneur.files import sha256_json
from flaneur.predict import Model
from flaneur.serve.children.child import Child, ChildDied, ChildSlow
from flaneur.serve.children.frames import Frame
from flaneur.serve.children.watchdog import Watchdog
from flaneur.serve.explaining.as_frames import from_frame
from flaneur.serve.limits import Limits

WORKER = "flaneur.serve.explaining.worker"
_MOST_BYTES = 256_000_000  # a map and a picture of at most 1080 x 4320 pixels have 33 million
_QUICKER = "Choose a quicker method, or leave the check out."


class Explainer:
    """One explaining process. One thread asks it; any thread may kill its child; close it.

    Args:
        limits: memory and seconds of it.
        watchdog: ends it when it is slow.
    """

    def __init__(self, limits: Limits, watchdog: Watchdog) -> None:
        self._seconds = limits.explain_s
        self.child = Child(WORKER, [str(limits.explain_memory_bytes)], watchdog)

    def load(self, model: Model) -> None:
        """Have a model ready before it is asked for.

        Raises:
            FlaneurError: it cannot be loaded.
        """
        self._ask(model, {}, ({}, []))

    def explain(self, model: Model, photo: Frame, how: Mapping[str, Any]) -> Heatmap:
        """What :func:`flaneur.explain.run.explain` says, made in the process.

        Args:
            model: read from the disk there; it must lie where it was loaded from.
            photo: of :meth:`flaneur.serve.decoding.decoder.Decoder.opened`, which decodes where that may do no harm.
            how: named arguments, as JSON values.

        Raises:
            PhotoError: ``too_slow`` and ``decoder_died`` where the process had to be ended or ended
                itself. The next photo finds a new one.
            FlaneurError: whatever else ``explain`` raises.
        """
        header, blocks = self._ask(model, how, photo)
        try:
            return from_frame(header, blocks, model.cities)
        except (ValueError, KeyError, TypeError) as error:
            self.child.kill()
            raise PhotoError("decoder_died", "this photo: explaining it failed. Try another method.") from error

    def _ask(self, model: Model, how: Mapping[str, Any], photo: Frame) -> tuple[dict[str, Any], list[bytes]]:
        asked = {"path": str(model.bundle.path), "card": sha256_json(card_to_json(model.card)), "how": dict(how)}
        facts, blocks = photo
        try:
            header, found = self.child.ask({**facts, **asked}, blocks, self._seconds, _MOST_BYTES)
        except ChildSlow as error:
            raise PhotoError("too_slow", f"this photo: not explained within {self._seconds:g} s. {_QUICKER}") from error
        except ChildDied as error:
            raise PhotoError("decoder_died", "this photo: explaining it failed. Try another method.") from error
        if "error" in header:
            raise _as_raised(header)
        return header, found


def _as_raised(header: Mapping[str, Any]) -> FlaneurError:
    """The exception that the process met; one that is not known here is at least flaneur's own."""
    name, message = str(header["error"]), str(header.get("message", ""))
    if name == "PhotoError":
        return PhotoError(str(header.get("code", "")), message)
    kinds: tuple[type[FlaneurError], ...] = (FirstChoiceError, UsageError, InputError, IntegrityError)
    return next((kind for kind in kinds if kind.__name__ == name), FlaneurError)(message)
