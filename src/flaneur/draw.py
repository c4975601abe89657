"""A prediction in; HTML that needs nothing else out: escaped, no script, light or dark. A photo in; a thumbnail out."""

from __future__ import annotations

import base64
from html import escape
from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

    from flaneur.types import CityScore, Prediction

_ROWS = 5
_THUMBNAIL_PX = 160
# currentColor and rgba follow the notebook's theme, so the same HTML is legible on light and dark.
_BOX = "display:flex;gap:16px;align-items:flex-start;font:14px/1.4 system-ui,sans-serif;max-width:720px;margin:4px 0"
_BAR = "background:rgba(128,128,128,.25);border-radius:4px;height:12px;width:220px;overflow:hidden"
_TABLE = "border-collapse:collapse;margin:6px 0;background:none;font:inherit;color:inherit"
_SMALL = "opacity:.7;font-size:12px"


def prediction_html(prediction: Prediction) -> str:
    """Draw a prediction.

    Args:
        prediction: its own text, file names among it, is escaped.

    Returns:
        One ``<div>``.
    """
    best = prediction.ranking[0]
    if prediction.abstained:
        title = f'<div style="font-weight:600">None of the cities I know</div><div>{escape(prediction.reason)}</div>'
    else:
        title = f'<div style="font-weight:600">{escape(best.city.name)} ({100 * best.probability:.1f} %)</div>'
    rows = "".join(_row(score, faint=prediction.abstained) for score in prediction.ranking[:_ROWS])
    facts = "".join(f'<div style="{_SMALL}">{escape(fact)}</div>' for fact in _facts(prediction))
    table = f'<table style="{_TABLE}">{rows}</table>'
    return f'<div style="{_BOX}">{_picture(prediction.thumbnail)}<div>{title}{table}{facts}</div></div>'


def _row(score: CityScore, *, faint: bool) -> str:
    width = f"{100 * score.probability:.1f}%"
    colour = "rgba(128,128,128,.7)" if faint else "#2f7fd1"
    cell = "border:0;padding:2px 10px 2px 0;text-align:left;background:none"
    bar = f'<div style="{_BAR}"><div style="background:{colour};height:100%;width:{width}"></div></div>'
    return (
        f'<tr style="background:none"><td style="{cell}">{escape(score.city.name)}</td><td style="{cell}">{bar}</td>'
        f'<td style="{cell};text-align:right">{100 * score.probability:.1f} %</td></tr>'
    )


def _facts(prediction: Prediction) -> list[str]:
    gps = prediction.gps_in_file
    facts = [prediction.photo] if prediction.photo else []
    if gps is not None:
        facts.append(f"GPS in the file: {gps.lat:.5f}, {gps.lon:.5f} (not used for the answer)")
    views = "1 view" if prediction.views == 1 else f"{prediction.views} views fused"
    return [*facts, f"{views} · novelty {prediction.novelty:.2f} · model {prediction.model}"]


def _picture(thumbnail: bytes) -> str:
    if not thumbnail:
        return ""
    data = base64.b64encode(thumbnail).decode()
    return f'<img alt="the photo" style="border-radius:6px;max-height:160px" src="data:image/jpeg;base64,{data}">'


def thumbnail_jpeg(image: Image.Image) -> bytes:
    """A small JPEG of a photo, for notebooks: at most 160 pixels high and 320 wide."""
    small = image.copy()
    small.thumbnail((_THUMBNAIL_PX * 2, _THUMBNAIL_PX))
    file = BytesIO()
    small.save(file, "JPEG", quality=80)
    return file.getvalue()
