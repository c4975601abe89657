"""Photos decoded in a process of their own: the same pixels, the same errors, and nothing that it could open."""

import subprocess
import sys
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import PIL
import pytest
from PIL import Image, features

from crashing_worker import ABORT, CODE, HANG, LIE, NEST
from flaneur.decode import decode
from flaneur.errors import IntegrityError, PhotoError
from flaneur.explain.opened import opened
from flaneur.predict import open_view
from flaneur.preprocess import preprocess
from flaneur.protocols import PreprocessSpec
from flaneur.serve.children.watchdog import Watchdog
from flaneur.serve.decoding import decoder as decoder_module
from flaneur.serve.decoding.as_frames import checked, from_frame
from flaneur.serve.decoding.decoder import Decoder, check_pillow
from flaneur.serve.decoding.redrawn import redrawn
from flaneur.serve.limits import Limits
from photos import drawn, jpeg

SPEC = PreprocessSpec(32, (0.5, 0.4, 0.3), (0.25, 0.2, 0.3))


def saved(image, kind, **more):
    file = BytesIO()
    image.save(file, kind, **more)
    return file.getvalue()


PHOTOS = {
    "jpeg": jpeg(drawn(1, 640, 480)),
    "jpeg with a position": jpeg(drawn(2), lat=-33.8688, lon=151.2093),
    "cmyk": saved(drawn(3).convert("CMYK"), "JPEG"),
    "png with alpha": saved(drawn(4).convert("RGBA"), "PNG"),
    "palette": saved(drawn(5).quantize(16), "PNG"),
    "grey of 16 bits": saved(Image.fromarray(np.arange(90 * 70, dtype=np.uint16).reshape(90, 70) * 9), "PNG"),
    "webp": saved(drawn(6), "WEBP"),
    **({"avif": saved(drawn(7), "AVIF")} if features.check("avif") else {}),
}


@pytest.fixture(scope="module")
def watchdog():
    made = Watchdog()
    yield made
    made.close()


@pytest.fixture(scope="module")
def decoder(watchdog):
    made = Decoder(Limits(), watchdog)
    yield made
    assert made.child.restarts == 0  # nothing in this module may end it
    made.child.close()


@pytest.fixture
def crashing(watchdog, monkeypatch):
    """A decoder that misbehaves where a photo tells it to."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
    monkeypatch.setattr(decoder_module, "WORKER", "crashing_worker")
    made = Decoder(Limits(), watchdog)
    yield made
    made.child.close()


@pytest.mark.parametrize("name", PHOTOS)
@pytest.mark.parametrize(
    "spec", [SPEC, replace(SPEC, crop="squash", interpolation="bicubic")], ids=["centre", "squash"]
)
def test_a_photo_is_decoded_as_predict_does(decoder, name, spec):
    here = open_view(PHOTOS[name], spec)
    there = decoder.decode(PHOTOS[name], spec)
    assert (there.normalised(spec) == preprocess(here.image, spec)).all()
    assert there.gps == here.gps
    assert (there.gps is None) == (name != "jpeg with a position")


@pytest.mark.parametrize("name", [*PHOTOS, "large"])
def test_a_photo_for_people_is_decoded_as_explain_does(decoder, name):
    data = PHOTOS.get(name) or jpeg(drawn(8, 2400, 1300), lat=1.5, lon=2.5)
    here = opened(data, 32)
    there = from_frame(*decoder.opened(data, SPEC))
    assert there == here
    assert name != "large" or here.view.size < here.shown.size < (2400, 1300)


@pytest.mark.parametrize("name", PHOTOS)
def test_a_photo_that_is_only_shown_is_drawn_anew(decoder, name):
    assert decoder.redrawn(PHOTOS[name], 60) == redrawn(PHOTOS[name], 60)


@pytest.mark.parametrize(
    "data", [b"", b"hello", b"GIF89a", PHOTOS["jpeg"][:2000], saved(drawn(1, 4, 4), "PNG"), b"%PDF-1.7"]
)
def test_what_is_no_photo_gets_the_error_that_decode_gives(decoder, data):
    with pytest.raises(PhotoError) as here:
        decode(data)
    with pytest.raises(PhotoError) as there:
        decoder.decode(data, SPEC)
    assert (there.value.code, str(there.value)) == (here.value.code, str(here.value))


@pytest.mark.parametrize("told", [ABORT, LIE, CODE, NEST])
def test_a_process_that_ends_or_lies_costs_one_photo(crashing, told):
    with pytest.raises(PhotoError) as error:
        crashing.decode(PHOTOS["jpeg"] + told, SPEC)
    assert error.value.code == "decoder_died"
    assert crashing.decode(PHOTOS["jpeg"], SPEC).size_px == 32
    with pytest.raises(PhotoError):
        crashing.opened(PHOTOS["jpeg"] + told, SPEC)
    with pytest.raises(PhotoError):
        crashing.redrawn(PHOTOS["jpeg"] + told, 60)


@pytest.mark.parametrize("sizes", [None, [], [[2, 1], [2, -1]], [[2, 1], [1, 2, 3]], [[2, 1], [30_000, 30_000]]])
def test_a_photo_of_other_sizes_than_its_pixels_is_refused(sizes):
    with pytest.raises(ValueError, match="size"):
        checked({"gps": None, "sizes": sizes}, [b"abcdef", b"abcdef"])


def test_a_process_that_hangs_is_ended(crashing):
    crashing.child.start()
    crashing._seconds = 0.2
    with pytest.raises(PhotoError) as error:
        crashing.decode(PHOTOS["jpeg"] + HANG, SPEC)
    assert error.value.code == "too_slow"
    crashing._seconds = 60.0
    assert crashing.decode(PHOTOS["jpeg"], SPEC).size_px == 32
    assert crashing.child.restarts == 1


def test_a_process_that_died_before_the_photo_came_costs_none(crashing):
    crashing.child.start()
    crashing.child._process.kill()
    assert crashing.decode(PHOTOS["jpeg"], SPEC).size_px == 32


@pytest.mark.skipif(sys.platform != "linux", reason="the limits of Linux")
def test_a_decoder_can_open_nothing_and_take_little():
    code = (
        "import os, socket; from flaneur.serve.children.confine import confine\n"
        "import numpy as np\n"
        "from flaneur.serve.decoding.worker import answer\n"
        "from PIL import Image\n"
        "confine(600_000_000, 0)\n"
        "os.close(2)\n"
        "def tried(work):\n"
        "    try: work()\n"
        "    except (OSError, MemoryError) as error: print(type(error).__name__)\n"
        "tried(lambda: open('/etc/hostname'))\n"
        "tried(socket.socket)\n"
        "tried(lambda: np.ones(100_000_000))\n"
        "tried(lambda: os.dup(1))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert [line.removeprefix("_Array") for line in done.stdout.split()] == [
        "OSError",
        "OSError",
        "MemoryError",
        "OSError",
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="prctl of Linux")
def test_a_decoder_gains_no_rights_and_nobody_looks_into_it(decoder):
    decoder.decode(PHOTOS["jpeg"], SPEC)
    process = Path("/proc", str(decoder.child.pid))
    facts = dict(line.split(":", 1) for line in process.joinpath("status").read_text().splitlines())
    assert facts["NoNewPrivs"].strip() == "1"
    assert "Max open files            0                    0" in process.joinpath("limits").read_text()
    code = "import ctypes, os\nfrom flaneur.serve.children.confine import confine\n"
    code += "confine(600_000_000, 0); print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))"  # PR_GET_DUMPABLE
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "0\n"


@pytest.mark.skipif(sys.platform != "linux", reason="the limits of Linux")
def test_a_photo_that_needs_more_memory_than_there_is_is_too_large(watchdog):
    small = Decoder(Limits(decode_memory_bytes=200_000_000), watchdog)
    try:
        with pytest.raises(PhotoError) as error:
            small.decode(saved(Image.new("RGBA", (6000, 5000)), "PNG", compress_level=1), SPEC)
        assert error.value.code == "too_large"
        assert small.decode(PHOTOS["jpeg"], SPEC).size_px == 32
    finally:
        small.child.close()


def test_a_pillow_with_the_hole_is_refused(monkeypatch):
    check_pillow()
    monkeypatch.setattr(PIL, "__version__", "12.3.0")
    with pytest.raises(IntegrityError, match=r"Pillow 12\.3\.0 .* pip install 'pillow>=13'"):
        check_pillow()
