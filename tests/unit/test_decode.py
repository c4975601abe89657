from __future__ import annotations

import os
import struct
import time
import tracemalloc
import warnings
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from flaneur import decode as module
from flaneur.decode import decode, is_photo_name
from flaneur.errors import PhotoError
from malformed import Malformed, encoded, good_files, jpeg_with_segment, picture, png_chunk, png_of, write_malformed

CODES = {"not_found", "empty", "not_an_image", "unsupported_format", "truncated", "corrupt"}
CODES |= {"too_large", "too_small", "unreadable"}


def quarters(size: tuple[int, int] = (64, 48)) -> Image.Image:
    """Red, green, blue, white: top left, top right, bottom left, bottom right."""
    image = Image.new("RGB", size, "white")
    w, h = size[0] // 2, size[1] // 2
    image.paste((255, 0, 0), (0, 0, w, h))
    image.paste((0, 255, 0), (w, 0, 2 * w, h))
    image.paste((0, 0, 255), (0, h, w, 2 * h))
    return image


def corners(image: Image.Image) -> tuple[str, ...]:
    names = {(1, 0, 0): "r", (0, 1, 0): "g", (0, 0, 1): "b", (1, 1, 1): "w"}
    w, h = image.size
    spots = [(4, 4), (w - 5, 4), (4, h - 5), (w - 5, h - 5)]
    return tuple(names[tuple(int(v > 128) for v in image.getpixel(spot))] for spot in spots)  # type: ignore[index,union-attr]


def exif(orientation: int = 1, gps: dict[int, object] | None = None) -> bytes:
    tags = Image.Exif()
    tags[0x0112] = orientation
    if gps is not None:
        tags[0x8825] = gps
    return tags.tobytes()


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


@pytest.fixture(scope="module")
def malformed(tmp_path_factory: pytest.TempPathFactory) -> Malformed:
    return write_malformed(tmp_path_factory.mktemp("malformed"))


def outcome(path: Path) -> PhotoError | Image.Image:
    try:
        return decode(path, at_least_px=32).image
    except PhotoError as error:
        return error


def test_300_malformed_files_raise_nothing_but_a_clear_photo_error(malformed: Malformed) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        outcomes = {path: outcome(path) for path in malformed.bad}
    refused = {path: found for path, found in outcomes.items() if isinstance(found, PhotoError)}
    for path, error in refused.items():
        assert error.code in CODES, path
        assert str(path) in str(error)
        assert "\n" not in str(error)
        assert error.exit_code == 3
    read = [path.name for path in outcomes if path not in refused]
    assert all(name.startswith(("flip", "cut9")) for name in read), read
    assert len(refused) > 200


def test_odd_but_sound_files_decode(malformed: Malformed) -> None:
    for path in malformed.good:
        photo = decode(path)
        assert photo.image.mode == "RGB", path
        assert photo.image.size == (photo.width, photo.height), path


def test_malformed_files_are_the_same_for_a_seed(tmp_path: Path) -> None:
    first, second = write_malformed(tmp_path / "a", 3), write_malformed(tmp_path / "b", 3)
    assert [p.read_bytes() for p in first.bad] == [p.read_bytes() for p in second.bad]


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("empty", b"", "empty"),
        ("text", b"hello, this is no picture", "not_an_image"),
        ("gif", encoded(quarters(), "GIF"), "unsupported_format"),
        ("tiff", encoded(quarters(), "TIFF"), "unsupported_format"),
        ("eps", b"%!PS-Adobe-3.0 EPSF-3.0", "unsupported_format"),
        ("psd", b"8BPS\0\1", "unsupported_format"),
        ("pdf", b"%PDF-1.4", "unsupported_format"),
        ("half a jpeg", encoded(quarters(), "JPEG")[:400], "truncated"),
        ("half a png", encoded(quarters(), "PNG")[:60], "truncated"),
        ("half a webp", encoded(quarters(), "WEBP")[:40], "truncated"),
        ("png bomb", png_of(50_000, 50_000), "too_large"),
        ("just above the limit", png_of(8000, 5001), "too_large"),
        ("one pixel", encoded(Image.new("RGB", (1, 1)), "PNG"), "too_small"),
        ("rows missing", png_of(40, 40), "truncated"),
        ("bad checksum", encoded(quarters(), "PNG")[:29] + bytes(4) + encoded(quarters(), "PNG")[33:], "corrupt"),
    ],
)
def test_each_failure_has_its_stable_code(name: str, data: bytes, code: str) -> None:
    with pytest.raises(PhotoError) as caught:
        decode(data)
    assert caught.value.code == code, name
    assert str(caught.value).startswith("this photo: ")


def test_missing_folder_unreadable_and_strange_paths(tmp_path: Path) -> None:
    locked = tmp_path / "locked.jpg"
    locked.write_bytes(encoded(quarters(), "JPEG"))
    locked.chmod(0)
    pipe = tmp_path / "pipe.jpg"
    os.mkfifo(pipe)
    expected = {
        tmp_path / "nothing.jpg": "not_found",
        locked / "below-a-file.jpg": "not_found",
        tmp_path: "unreadable",
        pipe: "unreadable",
        Path("a\0b.jpg"): "unreadable",
    }
    if os.geteuid() != 0:  # root may read everything
        expected[locked] = "unreadable"
    for path, code in expected.items():
        with pytest.raises(PhotoError) as caught:
            decode(path)
        assert caught.value.code == code, path


def test_a_name_with_control_characters_stays_on_one_line(tmp_path: Path) -> None:
    with pytest.raises(PhotoError, match=r"a\\nb\\x1b\.jpg: no such file") as caught:
        decode(tmp_path / "a\nb\x1b.jpg")
    assert "\n" not in str(caught.value)


def test_a_huge_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.jpg"
    with path.open("wb") as file:
        file.truncate(module.MAX_FILE_BYTES + 1)  # a hole: takes no room on the disk
    tracemalloc.start()
    with pytest.raises(PhotoError, match="the limit is 100 MB"):
        decode(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1e6


@pytest.mark.parametrize("name", ["bomb.png", "bomb.jpg", "bomb.webp", "many-scans.jpg"])
def test_bombs_cost_neither_time_nor_memory(malformed: Malformed, name: str) -> None:
    path = malformed.bad[0].parent / name
    tracemalloc.start()
    started = time.process_time()
    with pytest.raises(PhotoError) as caught:
        decode(path)
    seconds, peak = time.process_time() - started, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert caught.value.code in ("too_large", "corrupt")
    assert seconds < 2  # a real bomb takes a minute
    assert peak < 20e6


def test_a_text_bomb_is_left_behind_unread(rng: np.random.Generator) -> None:
    data = dict(good_files(rng))["good-text-bomb.png"]
    tracemalloc.start()
    photo = decode(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert photo.image.getpixel((3, 3)) == (0x40, 0x80, 0xC0)
    assert peak < 5e6


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_every_orientation_comes_out_upright(orientation: int, kind: str) -> None:
    upright = quarters()
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }  # fmt: skip
    stored = upright.transpose(undo[orientation]) if orientation in undo else upright
    photo = decode(encoded(stored, kind, exif=exif(orientation)))
    assert (photo.width, photo.height) == (64, 48)
    assert photo.image.size == (64, 48)
    assert corners(photo.image) == ("r", "g", "b", "w")


def test_scaled_decode_keeps_the_shorter_side_long_enough_and_tells_the_true_size(rng: np.random.Generator) -> None:
    data = encoded(picture(rng, size=(640, 480)), "JPEG", exif=exif(6))
    full = decode(data).image
    for wanted, expected in ((480, 480), (241, 480), (240, 240), (121, 240), (60, 60), (10, 60), (2000, 480)):
        photo = decode(data, at_least_px=wanted)
        assert (photo.width, photo.height) == (480, 640)
        assert min(photo.image.size) == expected
        same = full.resize(photo.image.size, Image.Resampling.BOX)
        assert np.abs(np.asarray(photo.image, int) - np.asarray(same, int)).mean() < 2


def test_16_bit_grey_is_scaled_not_clipped() -> None:
    grey = np.linspace(0, 65535, 64 * 64).reshape(64, 64).astype(np.uint16)
    seen = np.asarray(decode(encoded(Image.fromarray(grey), "PNG")).image)[..., 0]
    assert np.array_equal(seen, (grey.astype(int) + 128) // 257)
    assert seen.max() == 255


def test_alpha_is_composited_on_white() -> None:
    image = Image.new("RGBA", (16, 16), (0, 0, 0, 0))
    image.putpixel((3, 3), (200, 100, 0, 255))
    image.putpixel((5, 5), (0, 0, 0, 128))
    seen = decode(encoded(image, "PNG")).image
    assert seen.getpixel((0, 0)) == (255, 255, 255)
    assert seen.getpixel((3, 3)) == (200, 100, 0)
    assert seen.getpixel((5, 5)) == (127, 127, 127)


def test_palette_with_transparency_is_composited() -> None:
    image = Image.new("P", (16, 16), 1)
    image.putpalette([10, 20, 30, 40, 50, 60])
    image.putpixel((2, 2), 0)
    seen = decode(encoded(image, "PNG", transparency=0)).image
    assert seen.getpixel((2, 2)) == (255, 255, 255)
    assert seen.getpixel((8, 8)) == (40, 50, 60)


def test_cmyk_keeps_its_colours() -> None:
    seen = decode(encoded(quarters().convert("CMYK"), "JPEG", quality=95)).image
    assert corners(seen) == ("r", "g", "b", "w")


@pytest.mark.parametrize("kind", ["WEBP", "PNG", "AVIF"])
def test_of_an_animation_the_first_frame_is_taken(kind: str) -> None:
    frames = [Image.new("RGB", (32, 32), colour) for colour in ("blue", "red")]
    seen = decode(encoded(quarters((32, 32)), kind, save_all=True, append_images=frames)).image
    assert corners(seen) == ("r", "g", "b", "w")


def test_content_decides_not_the_name(tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    path.write_bytes(encoded(quarters(), "JPEG"))
    assert decode(path).width == 64


def gps(lat: object = (48.0, 51.0, 24.0), lon: object = (2.0, 21.0, 3.0), refs: str = "NE") -> dict[int, object]:
    return {1: refs[0], 2: lat, 3: refs[1], 4: lon}


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_a_claimed_position_is_reported(kind: str) -> None:
    found = decode(encoded(quarters(), kind, exif=exif(gps=gps(refs="SW")))).gps
    assert found is not None
    assert (found.lat, found.lon) == (pytest.approx(-48.8566667), pytest.approx(-2.3508333))


@pytest.mark.parametrize(
    "tags",
    [
        {}, {1: "N"}, gps(refs="QE"), gps(lat=(0.0, 0.0, 0.0), lon=(0.0, 0.0, 0.0)), gps(lat=(91.0, 0.0, 0.0)),
        gps(lon=(200.0, 0.0, 0.0)), gps(lat=(48.0, 75.0, 0.0)), gps(lat=(48.0, 51.0)),
    ],
)  # fmt: skip
def test_a_malformed_position_counts_as_none(tags: dict[int, object]) -> None:
    assert decode(encoded(quarters(), "JPEG", exif=exif(gps=tags))).gps is None


def test_a_zero_denominator_counts_as_none() -> None:
    data = encoded(quarters(), "JPEG", exif=exif(gps=gps()))
    at = (
        data.index(struct.pack(">II", 48, 1))
        if struct.pack(">II", 48, 1) in data
        else data.index(struct.pack("<II", 48, 1))
    )
    assert decode(data[: at + 4] + bytes(4) + data[at + 8 :]).gps is None


def test_random_exif_never_disturbs(rng: np.random.Generator) -> None:
    jpeg = encoded(quarters(), "JPEG")
    sound = exif(1, gps())
    for number in range(300):
        block = np.frombuffer(sound, np.uint8).copy()
        block[rng.integers(6, len(block), 6)] = rng.integers(0, 256, 6)
        payload = block.tobytes() if number % 2 else b"Exif\0\0MM\0*" + rng.bytes(80)
        assert decode(jpeg_with_segment(jpeg, 0xE1, payload)).image.mode == "RGB"


def test_no_metadata_goes_further() -> None:
    noted = exif(1, gps())
    for kind in ("JPEG", "PNG", "WEBP"):
        image = decode(encoded(quarters(), kind, exif=noted)).image
        assert not set(image.info) & {"exif", "icc_profile", "comment", "xmp", "photoshop"}
        again = BytesIO()
        image.save(again, "PNG")
        assert b"eXIf" not in again.getvalue()
    text = png_chunk(b"tEXt", b"Author\0somebody")
    assert "Author" not in decode(png_of(16, 16, text, rows=bytes(49) * 16)).image.info


def test_heic_without_the_extra_says_what_to_install() -> None:
    try:
        import pillow_heif
    except ImportError:
        with pytest.raises(PhotoError, match=r"pip install '\.\[heic\]'") as caught:
            decode(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(20))
        assert caught.value.code == "unsupported_format"
    else:
        image = quarters()
        file = BytesIO()
        pillow_heif.from_pillow(image).save(file, exif=exif(6, gps()))
        assert decode(file.getvalue()).gps is not None
        assert decode(file.getvalue()).width == 48


def test_photo_names() -> None:
    wanted = ["a.jpg", "A.JPEG", "x/y.webp", "z.HEIC", "z.avif"]
    assert [is_photo_name(Path(name)) for name in wanted] == [True] * 5
    assert not any(is_photo_name(Path(name)) for name in ("a.txt", ".hidden.jpg", "jpg", "a.gif", "a.tiff"))


@pytest.mark.shared
def test_real_photos_decode_as_pillow_decodes_them() -> None:
    from PIL import ImageOps

    folder = Path(__file__).parents[3] / "shared" / "photos"
    if not folder.is_dir():
        pytest.skip("no ../shared/photos beside the checkout")
    for path in sorted(folder.rglob("*.jpg"))[::100]:
        with Image.open(path) as image:
            expected = np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
        assert np.array_equal(np.asarray(decode(path).image), expected), path.name
