"""A dataset's photos in; how often the page in Chromium and Python agree, seconds a photo and megabytes out.

A random sample of photos is asked both ways. The page is served below a folder of a plain file server that sends no
headers of its own, as a static host does.
"""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
from click.testing import CliRunner
from PIL import Image

from benchmarks import measure
from flaneur.cli.models import export
from flaneur.dataset.store import open_dataset
from flaneur.explain.run import relevance
from flaneur.explain.target import target
from flaneur.metrics.interval import wilson
from flaneur.predict import Model, load

CHUNK = 25
API = "new URL(document.querySelector('script[src$=\"frame.js\"]').src.replace('frame.js', 'api.js')).href"
PREDICT = f"async () => (await (await import({API})).predict([...document.querySelector('#bench').files])).answers"
EXPLAIN = f"async (wish) => (await import({API})).explain(document.querySelector('#bench').files[0], wish)"


class Quiet(SimpleHTTPRequestHandler):
    """A static host of the simplest kind."""

    timeout = 5  # of a connection that a browser opened ahead and then did not use
    extensions_map = SimpleHTTPRequestHandler.extensions_map | {".js": "text/javascript", ".wasm": "application/wasm"}

    def log_message(self, *_: Any) -> None:
        pass


class Host(ThreadingHTTPServer):
    daemon_threads = False  # so that closing waits for them, and no socket is left behind


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a folder, on a port of its own."""
    with Host(("127.0.0.1", 0), partial(Quiet, directory=folder)) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


def sample(dataset: str, count: int, seed: int = 0) -> list[Path]:
    """Photos of a dataset, or of a folder, drawn at random."""
    folder = Path(dataset)
    if folder.is_dir():
        paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".png", ".webp"))
    else:
        opened = open_dataset(dataset)
        paths = sorted(opened.image_path(photo) for photo in opened.photos)
    return random.Random(seed).sample(paths, min(count, len(paths)))


def enlarged(photos: Sequence[Path], times: int, folder: Path) -> list[Path]:
    """The same, saved as JPEGs some times as large: decoders then make them smaller, as they do with a camera's."""
    made = []
    for number, path in enumerate(photos):
        made.append(folder / f"{number}.jpg")
        with Image.open(path) as image:
            size = (image.width * times, image.height * times)
            image.convert("RGB").resize(size, Image.Resampling.BICUBIC).save(made[-1], quality=90)
    return made


def in_browser(page: Any, photos: Sequence[Path]) -> tuple[list[dict[str, Any]], float]:
    """Answers of the page, and the seconds a photo they took."""
    answers, start = [], time.perf_counter()
    for first in range(0, len(photos), CHUNK):
        page.set_input_files("#bench", [str(path) for path in photos[first : first + CHUNK]])
        answers += page.evaluate(PREDICT)
    return answers, (time.perf_counter() - start) / len(photos)


def agreement(model: Model, photos: Sequence[Path], answers: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """How the page's answers differ from Python's."""
    same_city, same_answer, apart, novelty = [], [], [], []
    for (_, scores), there in zip(model.scores(photos), answers, strict=True):
        here = model.fuse([scores]).to_dict()
        there_by_city = {one["city"]: one["probability"] for one in there["ranking"]}
        same_city.append(here["ranking"][0]["city"] == there["ranking"][0]["city"])
        same_answer.append(here["city"] == there["city"])
        apart.append(max(abs(one["probability"] - there_by_city[one["city"]]) for one in here["ranking"]))
        novelty.append(abs(here["novelty"] - there["novelty"]))
    return {
        "photos": len(photos),
        "top_1": float(np.mean(same_city)),
        "top_1_interval": list(wilson(sum(same_city), len(same_city))),
        "answer_with_abstention": float(np.mean(same_answer)),
        "probability_apart": {str(q): float(np.percentile(apart, q)) for q in (50, 95, 100)},
        "novelty_apart_most": float(max(novelty)),
    }


def map_agreement(page: Any, model: Model, photo: Path) -> dict[str, float]:
    """One heat map, such as the page draws it first, both ways: correlation of cells, and the browser's seconds."""
    page.set_input_files("#bench", [str(photo)])
    start = time.perf_counter()
    there = page.evaluate(EXPLAIN, {"quick": True})
    spent = time.perf_counter() - start
    here = Image.fromarray(relevance(target(model, photo, there["city"]), "occlusion", there["settings"]))
    cells = np.asarray(here.resize((len(there["map"]),) * 2, Image.Resampling.BOX))
    return {"correlation": float(np.corrcoef(cells.ravel(), np.ravel(there["map"]))[0, 1]), "seconds": spent}


def main() -> None:
    parser = measure.parser(__doc__)
    parser.add_argument("--dataset", default="cities", help="name of a dataset, or a folder of photos (cities)")
    parser.add_argument("--count", type=int, default=500, help="photos (500)")
    parser.add_argument("--enlarge", type=int, default=1, help="ask photos so many times as large (1)")
    parser.add_argument("--maps", type=int, default=5, help="heat maps (5)")
    parser.add_argument("--runtime", type=Path, help="folder or .tgz of onnxruntime-web; npm is asked without it")
    options = parser.parse_args()
    from playwright.sync_api import sync_playwright

    model, photos = load(options.model), sample(options.dataset, options.count)
    with (
        tempfile.TemporaryDirectory() as scratch,
        tempfile.TemporaryDirectory() as larger,
        served(Path(scratch)) as address,
        sync_playwright() as playwright,
    ):
        if options.enlarge > 1:
            photos = enlarged(photos, options.enlarge, Path(larger))
        runtime = [] if options.runtime is None else ["--runtime", str(options.runtime)]
        done = CliRunner().invoke(export, [options.model, "--web", f"{scratch}/below/page", *runtime])
        if done.exit_code:
            raise SystemExit(f"the export failed: {done.output or done.exception}")
        print(done.output, file=sys.stderr)
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium") or shutil.which("google-chrome"))
        page = browser.new_page()
        page.goto(f"{address}below/page/")
        page.evaluate("document.body.append(Object.assign(document.createElement('input'), "
                      "{type: 'file', multiple: true, id: 'bench'}))")  # fmt: skip
        first, first_s = in_browser(page, photos[:1])
        answers, photo_s = in_browser(page, photos)
        result = agreement(model, photos, answers) | {"first_answer_s": first_s, "seconds_a_photo": photo_s}
        maps = [map_agreement(page, model, photo) for photo in photos[: options.maps]]
        result |= {"export": done.output.splitlines()[0].split(": ")[-1], "maps": maps}
        result["reproducible"] = first[0]["ranking"] == answers[0]["ranking"]
        browser.close()
    claims = [
        measure.need("same first city in browser and Python", result["top_1"], at_least=0.99),
        measure.need("same answer, abstention counted", result["answer_with_abstention"]),
        measure.need("probabilities apart: largest of any city and photo", result["probability_apart"]["100"]),
        measure.need("seconds a photo", result["seconds_a_photo"]),
        measure.need("seconds to the first answer, download from this machine", result["first_answer_s"]),
        measure.need("heat maps: least correlation of cells", min(one["correlation"] for one in maps), at_least=0.99),
        measure.need("heat maps: seconds each, median", float(np.median([one["seconds"] for one in maps]))),
    ]
    measure.report("Web page against Python", result, claims, options.out)


if __name__ == "__main__":
    main()
