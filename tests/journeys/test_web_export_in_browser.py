"""An exported page in a real browser: its arithmetic against Python's, and a visit. The visit needs the runtime."""

from __future__ import annotations

import base64
import json
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from benchmarks.web_export import served
from PIL import Image, ImageFilter

from bundles import SPEC, tiny_bundle
from flaneur.decode import decode
from flaneur.explain.run import explain, relevance
from flaneur.explain.target import target
from flaneur.explain.windows import spread, windows
from flaneur.predict import Model, ViewScores, load
from flaneur.preprocess import resize
from flaneur.protocols import PreprocessSpec
from flaneur.serve.http.overlay import data_uri
from flaneur.types import Location
from photos import drawn, jpeg
from serving import PATIENCE_MS, PHONE, barriers, expect, is_wider_than_its_window
from web_pages import exported, real_runtime

BYTES = "(text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))"
HERE = "document.querySelector('script[src$=\"frame.js\"]').src"
READ = f"""async ([data, preprocess]) => {{
  const {{ readPhoto }} = await import(new URL("local/photo.js", {HERE}));
  try {{
    const photo = await readPhoto(new File([({BYTES})(data)], "photo"), preprocess);
    return {{ ...photo, square: Array.from(photo.square) }};
  }} catch (error) {{
    return {{ code: error.code, message: error.message }};
  }}
}}"""
CALL = f"""async ([name, call, given]) => {{
  const module = await import(new URL(`local/${{name}}.js`, {HERE}));
  return new Function("module", "given", `return ${{call}}`)(module, given);
}}"""


@pytest.fixture(scope="module")
def bare(browser, tmp_path_factory):
    """A page whose runtime is missing: all but the network can be asked."""
    folder = tmp_path_factory.mktemp("bare")
    model = Model(tiny_bundle(folder / "model"))
    exported(model.bundle, folder / "host" / "below")
    with served(folder / "host") as address:
        page = browser.new_page(bypass_csp=True)  # CALL makes functions of text, which the page's own policy forbids
        page.set_default_timeout(PATIENCE_MS)
        page.goto(f"{address}below/")
        yield SimpleNamespace(page=page, model=model, address=f"{address}below/", folder=folder / "host" / "below")
        page.close()


def saved(image, kind, **how):
    file = BytesIO()
    image.save(file, kind, **how)
    return file.getvalue()


def turned(image, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return saved(image, "JPEG", quality=92, exif=exif)


def read(bare, data, spec=SPEC):
    preprocess = {"size_px": spec.size_px, "crop": spec.crop, "interpolation": spec.interpolation}
    return bare.page.evaluate(READ, [base64.b64encode(data).decode(), preprocess])


def apart(bare, data, spec=SPEC):
    """Differences of the squares that the network would see."""
    there = np.array(read(bare, data, spec)["square"]).reshape(spec.size_px, spec.size_px, 3)
    return np.abs(there - np.asarray(resize(decode(data, at_least_px=spec.size_px).image, spec), int))


@pytest.mark.parametrize("crop", ["centre", "squash"])
@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
@pytest.mark.parametrize("size", [(61, 45), (203, 151), (20, 90)], ids=str)
def test_a_square_is_bit_for_bit_what_pillow_makes(bare, crop, interpolation, size):
    spec = PreprocessSpec(32, SPEC.mean, SPEC.std, crop, interpolation)
    assert apart(bare, saved(drawn(3, *size), "PNG"), spec).max() == 0


def test_other_files_give_the_same_square(bare):
    noisy = Image.fromarray(np.random.default_rng(0).integers(0, 256, (50, 57, 4), np.uint8))
    assert apart(bare, saved(noisy, "PNG")).max() <= 2  # half transparent, on white
    assert apart(bare, saved(drawn(4, 60, 50).convert("L"), "PNG")).max() == 0
    assert apart(bare, saved(drawn(5, 60, 50), "WEBP", lossless=True)).max() == 0


@pytest.fixture
def no_decoder(bare):
    """A browser that gives no more than whole pictures, as on pages that came without HTTPS."""
    bare.page.evaluate("() => { Object.assign(self, { kept: ImageDecoder, ImageDecoder: undefined }); }")
    yield
    bare.page.evaluate("() => { self.ImageDecoder = self.kept; }")


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_jpeg_is_turned_and_made_smaller_as_python_does(bare, orientation):
    for width, height in ((63, 50), (331, 275), (141, 90)):  # decoded whole, at an eighth and at a half
        assert apart(bare, turned(drawn(6, width, height), orientation)).max() == 0


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_other_jpegs_are_made_smaller_too(bare, mode):
    assert apart(bare, saved(drawn(7, 331, 275).convert(mode), "JPEG", progressive=True)).max() <= 1


@pytest.mark.parametrize("orientation", range(1, 9))
def test_without_its_decoder_a_jpeg_is_nearly_the_same(bare, no_decoder, orientation):
    for width, height in ((331, 275), (141, 90)):
        assert apart(bare, turned(drawn(7, width, height), orientation)).mean() < 1.0


def test_a_position_in_the_file_is_told(bare):
    data = jpeg(drawn(8), lat=-33.8567, lon=151.2153)
    here, there = decode(data).gps, read(bare, data)["gps"]
    assert (there["lat"], there["lon"]) == pytest.approx((here.lat, here.lon))
    assert read(bare, jpeg(drawn(8)))["gps"] is None


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b"no picture at all", "not_an_image"),
        (saved(drawn(), "GIF"), "unsupported_format"),
        (saved(drawn(1, 300, 6), "PNG"), "too_small"),
        (jpeg(drawn())[:400], "corrupt"),
        (saved(Image.new("1", (9000, 9000)), "PNG"), "too_large"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_read_is_told_by_a_code(bare, data, code):
    found = read(bare, data)
    assert found["code"] == code
    assert found["message"].startswith("This photo: ")


def test_hiding_is_the_same_blur_and_the_same_windows(bare):
    square = np.random.default_rng(1).integers(0, 256, (40, 40, 3), np.uint8)
    call = "Array.from(module.blurred(Uint8Array.from(given), 40, 4))"
    there = np.array(bare.page.evaluate(CALL, ["blur", call, square.ravel().tolist()])).reshape(square.shape)
    assert np.array_equal(there, np.asarray(Image.fromarray(square).filter(ImageFilter.GaussianBlur(4))))
    for size_px, size, stride in ((160, 0.3, 0.33), (224, 0.2, 0.33), (32, 0.35, 0.5)):
        found = bare.page.evaluate(CALL, ["heatmap", "module.windows(...given)", [size_px, size, stride]])
        assert found == windows(size_px, size, stride).tolist()
    falls = np.random.default_rng(2).normal(size=25)
    call = "Array.from(module.resizeGrid(Float32Array.from(given), [5, 5], [32, 32], 'bilinear'))"
    grid = np.array(bare.page.evaluate(CALL, ["resize", call, falls.tolist()])).reshape(32, 32)
    assert grid == pytest.approx(spread(falls, 32), abs=1e-6)


@pytest.mark.parametrize("fusion", ["mean_log_probability", "mean_logits", "confidence", "attention"])
@pytest.mark.parametrize("cities", [None, ["rome", "paris"]], ids=["all", "two"])
def test_views_are_joined_as_python_joins_them(bare, tmp_path, fusion, cities):
    model = Model(tiny_bundle(tmp_path / "model"))
    rng = np.random.default_rng(3)
    object.__setattr__(model.bundle.card, "fusion", fusion)
    views = [
        ViewScores(
            rng.normal(0, 3, 3).astype(np.float32), np.zeros(12, np.float32), float(novelty), spot, b"", float(heed)
        )
        for novelty, spot, heed in zip((1, 2.5, 12), (None, Location(1.5, 2.5), None), rng.normal(size=3), strict=True)
    ]
    told = bare.page.evaluate(f'async () => (await fetch(new URL("local/model.json", {HERE}))).json()')
    told["fusion"] = fusion
    for count in (1, 2, 3):
        found = [
            {"index": index, "name": "", "logits": view.logits.tolist(), "novelty": view.novelty,
             "attention": view.attention, "sha256": None,
             "gps": None if view.gps_in_file is None else {"lat": 1.5, "lon": 2.5}}
            for index, view in enumerate(views[:count])
        ]  # fmt: skip
        wishes = {"views": True, "cities": cities}
        (there,) = bare.page.evaluate(CALL, ["answer", "module.answersOf(...given)", [told, found, wishes]])
        here = model.fuse(views[:count], cities=cities).to_dict()
        ranking = here.pop("ranking")
        assert {key: there[key] for key in here} == here
        assert [one["city"] for one in there["ranking"]] == [one["city"] for one in ranking]
        for one, other in zip(there["ranking"], ranking, strict=True):
            assert one["probability"] == pytest.approx(other["probability"], abs=2e-6)
        assert there["index"] == list(range(count))


def test_a_page_that_lacks_its_runtime_says_so(bare, visit):
    page = visit(bare.address)
    page.set_input_files("#choose", {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": jpeg(drawn())})
    expect(page.locator("#trouble")).to_contain_text("cannot run the model")
    expect(page.locator(".doing")).to_have_count(0)
    expect(page.locator("#again")).to_be_enabled()


def test_a_photo_that_cannot_be_read_costs_no_download(bare, visit):
    page = visit(bare.address)
    asked = []
    page.on("request", lambda request: asked.append(request.url.rpartition("/")[2]))
    page.set_input_files("#choose", {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": jpeg(drawn())[:400]})
    page.get_by_text("No photo that can be read").wait_for()
    assert not [name for name in asked if name.endswith((".onnx", ".wasm"))]


@pytest.mark.parametrize(
    ("locale", "words"), [("en-GB", "put its folder on a web host"), ("de-AT", "auf einen webserver")]
)
def test_opened_from_the_disk_it_says_what_to_do(bare, browser, locale, words):
    page = browser.new_page(locale=locale)
    page.set_default_timeout(PATIENCE_MS)
    page.goto((bare.folder / "index.html").as_uri())
    expect(page.locator("#disk")).to_contain_text(words, ignore_case=True)
    expect(page.locator(".drop")).to_have_count(0)
    page.close()


ENGINE = """self.onmessage = ({ data: { id, task } }) => {
  self.postMessage({ id, result: %s[task] });
};"""
BUTTONS = {"As a picture": b"\x89PNG", "As data": b"{", "As a page": b"<!doctype html>"}


def test_every_button_saves(bare, visit):
    """The answers are Python's, handed in where the browser would run the model."""
    photo = given(1)
    said = bare.model.predict(photo["buffer"]).to_dict() | {"index": [0], "sha256": ["0" * 64]}
    heatmap = explain(bare.model, photo["buffer"])
    told = {"predict": [said], "explain": heatmap.to_dict() | {"overlay": data_uri(heatmap), "trust": "unchecked"}}
    page = visit(f"{bare.address}about.html")
    page.route(
        "**/worker.js*", lambda route: route.fulfill(content_type="text/javascript", body=ENGINE % json.dumps(told))
    )
    page.goto(bare.address)
    page.set_input_files("#choose", photo)
    page.get_by_role("button", name="As a picture").wait_for()
    page.context.set_offline(True)  # whoever has the page open needs no host any more
    press_every_button(page)


LOADING = """self.onmessage = () => self.postMessage({ loading: { done: 1, of: 2e6 } });"""


def test_what_still_loads_for_nobody_shows_no_bar(bare, visit):
    page = visit(f"{bare.address}about.html")
    page.route("**/worker.js*", lambda route: route.fulfill(content_type="text/javascript", body=LOADING))
    page.goto(bare.address)
    page.set_input_files("#choose", given(1))
    page.locator(".doing").wait_for()
    page.set_input_files("#again", {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"x"})
    page.get_by_text("That was no picture").wait_for()
    page.evaluate("new Promise(requestIdleCallback)")
    expect(page.locator(".doing")).to_have_count(0)


def press_every_button(page):
    page.locator(".why-trust").wait_for()
    for name, start in BUTTONS.items():
        with page.expect_download() as waiting:
            page.get_by_role("button", name=name).click()
        assert Path(waiting.value.path()).read_bytes().startswith(start)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A page that can be visited, with a tiny model."""
    runtime, folder = real_runtime(), tmp_path_factory.mktemp("whole")
    model = Model(tiny_bundle(folder / "model"))
    exported(model.bundle, folder / "host" / "below", runtime)
    with served(folder / "host") as address:
        yield SimpleNamespace(model=model, address=f"{address}below/")


def given(number, **size):
    return {"name": f"{number}.jpg", "mimeType": "image/jpeg", "buffer": jpeg(drawn(number, **size))}


ASK = f"""async ([texts, wishes]) => {{
  const {{ predict }} = await import(new URL("api.js", {HERE}));
  return predict(texts.map((text) => new File([({BYTES})(text)], "photo")), wishes);
}}"""


def asked(page, photos, **wishes):
    return page.evaluate(ASK, [[base64.b64encode(data).decode() for data in photos], wishes])["answers"]


def test_answers_are_pythons(whole, visit):
    page = visit(whole.address)
    photos = [jpeg(drawn(number, 60, 50)) for number in range(4)]
    answers = asked(page, [*photos, b"nothing"])
    for data, there in zip(photos, answers, strict=False):
        here = whole.model.predict(data).to_dict()
        assert [one["city"] for one in there["ranking"]] == [one["city"] for one in here["ranking"]]
        assert there["ranking"][0]["probability"] == pytest.approx(here["ranking"][0]["probability"], abs=1e-4)
        assert there["novelty"] == pytest.approx(here["novelty"], abs=1e-3)
        assert (there["city"], there["reason"]) == (here["city"], here["reason"])
    assert answers[4]["error"] == "not_an_image"
    (views,) = asked(page, photos, views=True)
    together = whole.model.predict(photos).to_dict()
    assert views["views"] == 4
    assert views["ranking"][0]["probability"] == pytest.approx(together["ranking"][0]["probability"], abs=1e-4)


def test_a_map_is_pythons(whole, visit):
    page = visit(whole.address)
    data = jpeg(drawn(9, 60, 50))
    there = page.evaluate(
        ASK.replace("{ predict }", "{ explain }").replace("predict(texts.map(", "explain(...texts.map("),
        [[base64.b64encode(data).decode()], {"against": "paris", "city": "rome"}],
    )
    here = relevance(target(whole.model, data, "rome", "paris"), "occlusion")
    cells = np.asarray(Image.fromarray(here).resize((28, 28), Image.Resampling.BOX))
    assert np.corrcoef(cells.ravel(), np.ravel(there["map"]))[0, 1] > 0.999
    assert (there["city"], there["against"], there["trust"]) == ("rome", "paris", "unmeasured")
    assert there["overlay"].startswith("data:image/png;base64,")


@pytest.mark.parametrize(
    ("size", "options", "button"),
    [({"width": 1280, "height": 900}, {"locale": "en-GB"}, "Another photo"),
     (PHONE, {"locale": "de-DE", "color_scheme": "dark"}, "Anderes Foto")],
    ids=["desk", "phone"],
)  # fmt: skip
def test_a_visit(whole, visit, size, options, button):
    page = visit(whole.address, size, **options)
    page.set_input_files("#choose", given(1))
    page.locator(".why-map").wait_for(state="visible")
    page.locator("#verdict", has_text=",").or_(page.locator("#bars li").first).first.wait_for()
    page.locator(".why-trust").wait_for()
    expect(page.locator("#bars li").nth(2)).to_be_visible()
    expect(page.get_by_text(button)).to_be_visible()
    expect(page.locator(".doing")).to_have_count(0)
    if options["locale"] == "en-GB":
        press_every_button(page)
    assert barriers(page) == []
    assert not is_wider_than_its_window(page)
    page.locator("#language").select_option("de" if options["locale"] == "en-GB" else "en")
    page.get_by_text("Anderes Foto" if options["locale"] == "en-GB" else "Another photo").wait_for()
    page.locator("nav a").last.click()
    page.wait_for_url("**/below/about.html")
    page.locator("#models h3").first.wait_for()
    assert barriers(page) == []
    page.locator(".mark").click()
    page.locator("#choose").wait_for(state="attached")


def test_the_bundled_model_answers_as_in_python(browser, visit, tmp_path):
    runtime, model = real_runtime(), load()
    exported(model.bundle, tmp_path / "below", runtime)
    photos = [jpeg(drawn(number, 200, 200)) for number in range(3)] + [jpeg(drawn(7, 700, 500))]
    with served(tmp_path) as address:
        answers = asked(visit(f"{address}below/"), photos)
    for data, there in zip(photos, answers, strict=True):
        here = model.predict(data).to_dict()
        assert there["ranking"][0]["city"] == here["ranking"][0]["city"]
        assert there["ranking"][0]["probability"] == pytest.approx(here["ranking"][0]["probability"], abs=0.05)
