"""What is refused by its pixels, in every size a provider sends, and what is not: night, fog, snow, wide skies."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFile

from flaneur.collect.refuse import refusal
from photos import drawn, jpeg
from provider.world import World

GREY = (228, 227, 223)


def through_jpeg(image, quality=75):
    return Image.open(BytesIO(jpeg(image, quality=quality)))


def code(image):
    found = refusal(image)
    return found[0] if found else None


def notice(size, ground=GREY, letters=(120, 120, 118)):
    image = Image.new("RGB", size, ground)
    width, height = size
    draw = ImageDraw.Draw(image)
    draw.text((width * 0.2, height * 0.47), "Sorry, we have no imagery here.", letters, font_size=max(8, width // 24))
    draw.text((4, height - 14), "Some Provider", (90, 90, 90))
    return image


@pytest.mark.parametrize("size", [(640, 640), (640, 480), (200, 200), (400, 300), (1280, 1280)])
@pytest.mark.parametrize("quality", [40, 75, 95])
def test_a_notice_on_grey_is_no_imagery(size, quality):
    assert code(through_jpeg(notice(size), quality)) == "no_imagery"
    assert code(through_jpeg(notice(size, (204, 204, 204), (255, 255, 255)), quality)) == "no_imagery"


def test_a_photo_with_as_much_grey_is_a_photo():
    fog = np.linspace(170, 215, 480)[:, None, None] * np.ones((1, 640, 3))
    fog += np.random.default_rng(0).normal(0, 3, fog.shape)
    assert code(through_jpeg(Image.fromarray(fog.astype(np.uint8)))) is None
    sign = notice((640, 480))
    ImageDraw.Draw(sign).rectangle((200, 180, 440, 300), fill=(200, 30, 40))  # colour: somebody photographed a wall
    assert code(through_jpeg(sign)) is None


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), GREY, (20, 60, 200)])
def test_one_colour_is_blank(colour):
    assert code(through_jpeg(Image.new("RGB", (320, 240), colour))) == "blank"


@pytest.mark.parametrize("side", ["top", "bottom", "left", "right", "both"])
@pytest.mark.parametrize("colour", [(0, 0, 0), (128, 128, 128), (12, 30, 90)])
@pytest.mark.parametrize("size", [(640, 480), (160, 120), (2048, 1152)])
def test_an_edge_of_one_colour_is_a_stripe(side, colour, size):
    width, height = size
    wide = max(0.1, 26 / height)  # a JPEG's blocks blur what is narrower than they are
    boxes = {"top": (0, 0, width, height * wide), "bottom": (0, height * (1 - wide), width, height),
             "left": (0, 0, width * wide, height), "right": (width * (1 - wide), 0, width, height)}  # fmt: skip
    image = drawn(3, width, height)
    assert code(through_jpeg(image)) is None
    for name in ("top", "bottom") if side == "both" else (side,):
        ImageDraw.Draw(image).rectangle(boxes[name], fill=colour)
    assert code(through_jpeg(image)) == "black_stripe"


def test_a_thin_frame_is_let_pass():
    image = drawn(3, 640, 480)
    ImageDraw.Draw(image).rectangle((0, 0, 639, 479), outline=(0, 0, 0), width=12)
    assert code(through_jpeg(image)) is None


@pytest.mark.parametrize("share", [0.3, 0.5, 0.8])
@pytest.mark.parametrize("size", [(640, 480), (200, 150)])
def test_a_download_that_broke_off_and_was_saved_again(share, size, monkeypatch):
    """Some providers hold such files: whole JPEGs whose lower part is the decoder's grey."""
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    data = jpeg(drawn(5, *size), quality=85)
    broken = Image.open(BytesIO(data[: int(len(data) * share)]))
    broken.load()
    assert code(through_jpeg(broken.convert("RGB"))) == "black_stripe"


def skyline(sky, seed=0):
    """Roofs of different heights against a sky of one colour: half the picture."""
    rng = np.random.default_rng(seed)
    image = Image.new("RGB", (640, 480), sky)
    draw = ImageDraw.Draw(image)
    for number in range(16):
        roof, shade = int(rng.integers(120, 330)), tuple(int(level) for level in rng.integers(30, 220, 3))
        draw.rectangle((number * 40, roof, number * 40 + 39, 480), fill=shade)
    return image


@pytest.mark.parametrize("sky", [(0, 0, 0), (255, 255, 255), (128, 128, 128)])
def test_a_clipped_sky_is_no_stripe(sky):
    assert all(code(through_jpeg(skyline(sky, seed))) is None for seed in range(3))


def test_a_white_sky_above_a_level_horizon_is_no_stripe():
    image = drawn(1, 640, 480)
    ImageDraw.Draw(image).rectangle((0, 0, 639, 200), fill=(255, 255, 255))
    assert code(through_jpeg(image)) is None


def test_the_drawn_world_is_let_pass():
    world = World({"a": (51.5, -0.1), "b": (41.9, 12.5), "c": (38.7, -9.1)}, photos=12)
    assert [code(Image.open(BytesIO(world.picture(photo)))) for photo in world.all] == [None] * 36
