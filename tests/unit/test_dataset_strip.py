"""Nothing but pixels leaves: no metadata, and for JPEG and PNG not a pixel changed."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from flaneur.dataset.strip import strip, strip_jpeg
from flaneur.errors import PhotoError

SECRET = b"canary-4711"


def photo(width: int = 64, height: int = 48) -> Image.Image:
    rng = np.random.default_rng(0)
    return Image.fromarray(rng.integers(0, 255, (height // 8, width // 8, 3), np.uint8)).resize((width, height))


def exif(orientation: int = 1) -> Image.Exif:
    tags = Image.Exif()
    tags[0x0112], tags[0x010F] = orientation, SECRET.decode()
    tags.get_ifd(0x8825)[1] = "N"
    return tags


def saved(kind: str, **settings: object) -> bytes:
    out = BytesIO()
    photo().save(out, kind, **settings)
    return out.getvalue()


def pixels(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(data)).convert("RGB"))


@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_loses_metadata_comments_and_trailer_but_no_pixel(progressive):
    data = saved("JPEG", exif=exif(), comment=SECRET, icc_profile=SECRET * 9, progressive=progressive) + SECRET
    stored, suffix, seen = strip(data)
    assert SECRET not in stored
    assert (suffix, seen.width, seen.height) == (".jpg", 64, 48)
    assert np.array_equal(pixels(stored), pixels(data))
    assert stored.endswith(b"\xff\xd9")
    assert strip(stored)[0] == stored


def test_a_comment_between_scans_goes_too():
    data = saved("JPEG", progressive=True)
    scan = data.rindex(b"\xff\xda")
    hidden = data[:scan] + b"\xff\xfe" + (len(SECRET) + 2).to_bytes(2, "big") + SECRET + data[scan:]
    assert strip_jpeg(hidden) == data


def test_a_turned_jpeg_is_stored_upright():
    data = saved("JPEG", exif=exif(orientation=6), quality=95)
    stored, _, seen = strip(data)
    assert (seen.width, seen.height) == (48, 64)
    assert SECRET not in stored
    upright = np.rot90(pixels(data), k=-1).astype(int)
    assert np.abs(pixels(stored).astype(int) - upright).mean() < 3


def test_png_and_webp_lose_their_texts():
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", SECRET.decode())
    for data, suffix in (
        (saved("PNG", pnginfo=text, exif=exif()), ".png"),
        (saved("PNG", exif=exif(orientation=3)), ".png"),
        (saved("WEBP", lossless=True, exif=exif(), xmp=SECRET), ".webp"),
    ):
        stored, got, _ = strip(data)
        assert (got, SECRET in stored) == (suffix, False)
        assert pixels(stored).shape == (48, 64, 3)
    assert np.array_equal(pixels(stored), pixels(data))


def test_half_a_photo_is_refused():
    data = saved("JPEG")
    with pytest.raises(PhotoError) as error:
        strip(data[: len(data) // 2])
    assert error.value.code == "truncated"
