"""A heat map in; its colours alone, to be laid over the photo, as a transparent picture out."""

from __future__ import annotations

import base64
from io import BytesIO

import numpy as np
from PIL import Image

from flaneur.explain.colours import AGAINST, FOR
from flaneur.explain.heatmap import Heatmap
from flaneur.explain.square import pixels, resized

LONGEST_PX = 512
_STRONGEST, _UNSEEN = 0.7, 0.65  # as in Heatmap.overlay: how much the strongest colour, and the shade, hide


def layer(heatmap: Heatmap, longest_px: int = LONGEST_PX) -> Image.Image:
    """Orange where the photo speaks for the city, blue where against it, dark where the network did not look.

    Args:
        heatmap: of a photo.
        longest_px: longer side of the picture, in pixels.

    Returns:
        RGBA in the photo's proportions; the more transparent, the less a place says.
    """
    scale = min(1.0, longest_px / max(heatmap.image.size))
    width, height = (max(1, round(length * scale)) for length in heatmap.image.size)
    left, top, right, bottom = pixels(heatmap.box, (width, height))
    strength = resized(heatmap.seen / np.float32(heatmap.limit or 1), (right - left, bottom - top))
    made = np.zeros((height, width, 4), np.float32)
    made[..., 3] = 255 * _UNSEEN
    seen = made[top:bottom, left:right]
    seen[..., :3] = np.where(strength[..., None] > 0, np.array(FOR, np.float32), np.array(AGAINST, np.float32))
    seen[..., 3] = 255 * _STRONGEST * np.clip(np.abs(strength), 0, 1)
    return Image.fromarray(np.rint(made).astype(np.uint8), "RGBA")


def data_uri(heatmap: Heatmap) -> str:
    """:func:`layer` as a PNG inside an address."""
    file = BytesIO()
    layer(heatmap).save(file, "PNG")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
