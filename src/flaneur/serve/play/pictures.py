"""Files of a dataset in; the same pictures under random names, without metadata and alike in kind, out."""

from __future__ import annotations

import hmac
import secrets
import threading
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from io import BytesIO
from pathlib import Path

from PIL import Image

from flaneur.decode import decode

LONGEST_PX = 1600
_QUALITY, _KEPT = 88, 48  # 48 pictures of 1600 pixels are about 20 MB
_AT_ONCE = 2  # one of 40 million pixels takes several hundred MB until it is drawn


class BlindPictures:
    """Which file hides behind which name; a name is another one for every player, round and start of the server.

    A picture is drawn anew from its pixels, no larger than 1600 pixels: neither its name, nor its tags, nor how it was
    compressed tells where it was taken.
    """

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(32)
        self._files: dict[str, Path] = {}
        self._lock = threading.Lock()
        self._drawn = lru_cache(_KEPT)(drawn)
        self._drawing = threading.Semaphore(_AT_ONCE)

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

    def read(self, file: Path) -> bytes:
        """The picture as it is sent: a JPEG. Few are drawn at once, however many players look.

        Raises:
            PhotoError: the file is gone or damaged.
        """
        with self._drawing:
            return self._drawn(file)

    def _name(self, text: str) -> str:
        digest = hmac.new(self._secret, text.encode(), sha256).digest()
        return urlsafe_b64encode(digest[:18]).decode()


def drawn(file: Path) -> bytes:
    """A photo as a JPEG of at most 1600 pixels a side, upright, without any metadata.

    Raises:
        PhotoError: it cannot be read.
    """
    image = decode(file, at_least_px=LONGEST_PX).image
    image.thumbnail((LONGEST_PX, LONGEST_PX), Image.Resampling.LANCZOS, reducing_gap=3.0)
    written = BytesIO()
    image.save(written, "JPEG", quality=_QUALITY, progressive=True)
    return written.getvalue()
