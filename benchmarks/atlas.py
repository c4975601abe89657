"""An atlas of drawn photos in a real browser: how soon it opens, how evenly it moves.

    python -m benchmarks.atlas --photos 20000 --out runs/atlas.json

Nothing is learnt: positions, answers and pictures are drawn. Needs playwright (extra 'dev') and a Chromium.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from flaneur.evaluation.answers import Answers
from flaneur.explain.atlas.atlas import Atlas, Layout
from flaneur.explain.atlas.write import write_atlas
from flaneur.metrics import Interval
from flaneur.types import City, Photo

CITIES, FILES, FRAMES = 40, 60, 90
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
# A drag along a curve, a step a frame, at several depths of zoom; times from frame to frame in milliseconds.
_DRAG = """async ([zoom, frames]) => {
  const canvas = document.querySelector(".atlas-stage > canvas");
  const box = canvas.getBoundingClientRect();
  canvas.setPointerCapture = () => {};
  let [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
  const at = () => ({ pointerId: 1, clientX: x, clientY: y, bubbles: true, isPrimary: true });
  document.querySelector("[data-zoom=fit]").click();
  for (let times = 0; times < zoom; times++) document.querySelector("[data-zoom=in]").click();
  await new Promise((go) => setTimeout(go, 300));
  const gaps = [];
  let last = await new Promise(requestAnimationFrame);
  canvas.dispatchEvent(new PointerEvent("pointerdown", at()));
  for (let step = 0; step < frames; step++) {
    x += 4 * Math.cos(step / 12);
    y += 4 * Math.sin(step / 12);
    canvas.dispatchEvent(new PointerEvent("pointermove", at()));
    const now = await new Promise(requestAnimationFrame);
    gaps.push(now - last);
    last = now;
  }
  canvas.dispatchEvent(new PointerEvent("pointerup", at()));
  return gaps;
}"""


def drawn_atlas(folder: Path, photos: int, *, cities: int = CITIES, name: str = "") -> Atlas:
    """An atlas of so many photos in as many islands as there are cities; a few files of noise stand for all photos.

    Args:
        folder: for those files.
        photos: N.
        cities: of which the model knows all.
        name: put into every text that comes from users, for tests of hostile ones.
    """
    rng = np.random.default_rng(0)
    files = []
    for number in range(FILES):
        files.append(folder / f"{number}.jpg")
        noise = rng.integers(0, 255, (12, 16, 3), dtype=np.uint8)
        Image.fromarray(noise).resize((160, 120)).save(files[-1])
    towns = tuple(City(f"town-{number}", f"Town {number}{name}") for number in range(cities))
    labels = rng.integers(0, cities, photos)
    made = tuple(_photo(number, int(labels[number]), name) for number in range(photos))
    logits = rng.normal(size=(photos, cities)) + 4 * np.eye(cities)[labels]
    positions = rng.normal(0, 10, (cities, 2))[labels] + rng.normal(0, 1.2, (photos, 2))
    layouts = tuple(
        Layout(method, points, Interval(0.4, 0.35, 0.45, photos, photos // 3))
        for method, points in (("tsne", positions), ("pca", positions[:, ::-1] + rng.normal(0, 2, (photos, 2))))
    )
    return Atlas(
        model=f"drawn{name}",
        dataset=f"drawn{name}",
        content_hash="0" * 64,
        part="all",
        answers=Answers(towns, made, logits, rng.random(photos)),
        embeddings=np.zeros((photos, 4), np.float32),
        learnt=rng.integers(0, 3, photos),
        layouts=layouts,
        paths={photo.id: files[number % FILES] for number, photo in enumerate(made)},
        command="flaneur atlas drawn drawn",
    )


def _photo(number: int, town: int, name: str) -> Photo:
    return Photo(
        f"folder:drawn/{number:06d}{name}.jpg", f"{number:064x}", f"town-{town}", f"place-{number // 3}{name}",
        160, 120, "folder", project="abc"[number % 3], author=f"Author {number % 900}{name}", licence="CC-BY-SA-4.0",
        captured_at=f"{2010 + number % 15}-0{1 + number % 9}-12", page_url=f"https://example.org/photo/{number}",
    )  # fmt: skip


def browser_path() -> str | None:
    """A Chromium on this computer."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def measured(browser: Any, page: Path, ratio: float, frames: int = FRAMES) -> dict[str, Any]:
    """Open a page and drag it.

    Args:
        browser: started by playwright.
        page: an atlas.
        ratio: device pixels to a CSS pixel; 2 is a fine screen.
        frames: of each drag.

    Returns:
        Seconds until the page has loaded, and of each zoom median, 95th percentile and worst of the frame times.
    """
    opened = browser.new_page(viewport={"width": 1280, "height": 900}, device_scale_factor=ratio)
    opened.set_default_timeout(240_000)
    start = time.perf_counter()
    opened.goto(page.as_uri(), wait_until="load")
    found: dict[str, Any] = {"ratio": ratio, "open_s": round(time.perf_counter() - start, 2), "frames_ms": {}}
    while opened.locator(".atlas-sheet").count():
        opened.wait_for_timeout(50)
    found["pictures_s"] = round(time.perf_counter() - start, 2)
    for zoom in (0, 2, 6, 10):
        gaps = np.array(opened.evaluate(_DRAG, [zoom, frames]))
        found["frames_ms"][zoom] = [round(float(number), 1) for number in np.quantile(gaps, [0.5, 0.95, 1.0])]
    opened.close()
    return found


def main() -> None:
    """Measure, print, write."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=20_000)
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path())
        start = time.perf_counter()
        page = write_atlas(drawn_atlas(Path(folder), asked.photos), Path(folder) / "atlas.html")
        found = {
            "photos": asked.photos,
            "write_s": round(time.perf_counter() - start, 1),
            "megabytes": round(page.stat().st_size / 1e6, 1),
            "seen": [measured(browser, page, ratio) for ratio in (1, 2)],
        }
        browser.close()
    print(json.dumps(found, indent=1))
    if asked.out:
        asked.out.parent.mkdir(parents=True, exist_ok=True)
        asked.out.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
