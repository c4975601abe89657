"""Files of a dataset in; random names for them, and those that were drawn for players lately, out."""

from __future__ import annotations

import hmac
import secrets
import threading
from base64 import urlsafe_b64encode
from collections import OrderedDict
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

LONGEST_PX = 1600
_KEPT = 48  # pictures of 1600 pixels are about 20 MB


class BlindPictures:
    """Which file hides behind which name; a name is another one for every player, round and start of the server.

    A picture is sent drawn anew from its pixels, no larger than 1600 pixels: neither its name, nor its tags, nor how it
    was compressed tells where it was taken. Safe from any thread.
    """

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(32)
        self._files: dict[str, Path] = {}
        self._drawn: OrderedDict[Path, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def names(self, whose: str, number: int, files: Sequence[Path]) -> list[str]:
        """A name for each view of a round; the same ones when asked again.

        Args:
            whose: key of the seat.
            number: of the round.
            files: of its views.
        """
        named = {self._name(f"{whose} {number} {view}"): file for view, file in enumerate(files)}
        with self._lock:
            self._files.update(named)
        return list(named)

    def file(self, name: str) -> Path | None:
        """The file behind a name; ``None``: nobody was given that name."""
        return self._files.get(name)

    def drawn(self, file: Path) -> bytes | None:
        """The picture as it is sent; ``None``: it was not drawn lately."""
        with self._lock:
            if file in self._drawn:
                self._drawn.move_to_end(file)
            return self._drawn.get(file)

    def keep(self, file: Path, picture: bytes) -> None:
        """Keep a picture that was drawn: others are about to look at it."""
        with self._lock:
            self._drawn[file] = picture
            while len(self._drawn) > _KEPT:
                self._drawn.popitem(last=False)

    def _name(self, text: str) -> str:
        digest = hmac.new(self._secret, text.encode(), sha256).digest()
        return urlsafe_b64encode(digest[:18]).decode()
