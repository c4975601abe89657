"""A photo's bytes in; the same picture as a JPEG that holds nothing but its pixels out."""

from __future__ import annotations

from io import BytesIO

from PIL import Image

from flaneur.decode import decode

JPEG_BEGINS = b"\xff\xd8\xff"
MOST_BYTES = 1 << 25  # 1600 pixels a side of noise take 3 MB
_QUALITY = 88


def redrawn(data: bytes, longest_px: int) -> bytes:
    """A photo drawn anew: upright, no larger than asked for; nothing tells how it was compressed, called or tagged.

    Args:
        data: the bytes of a file.
        longest_px: longer side of the picture, in pixels, at most.

    Raises:
        PhotoError: it cannot be read.

    >>> file = BytesIO()
    >>> Image.new("RGB", (64, 48), "teal").save(file, "PNG")
    >>> with Image.open(BytesIO(redrawn(file.getvalue(), 32))) as image:
    ...     image.format, image.size
    ('JPEG', (32, 24))
    """
    image = decode(data, at_least_px=longest_px).image
    image.thumbnail((longest_px, longest_px), Image.Resampling.LANCZOS, reducing_gap=3.0)
    written = BytesIO()
    image.save(written, "JPEG", quality=_QUALITY, progressive=True)
    return written.getvalue()
