"""One photo in; seconds for the scores of 400 occluding windows out: flaneur on all cores and on one, and one by one.

One by one is how paper 001 and most code do it: hide a window of the photo, preprocess it, run the network on it alone,
in torch eager on one core; once more with flaneur's own network in ONNX Runtime on all, to tell the two gains apart.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.measure import interleaved, need, ratio, report, seconds, summary
from flaneur.bundle.inference import cores
from flaneur.dataset.toy_scene import View, draw_scene
from flaneur.dataset.toy_styles import STYLES
from flaneur.explain.target import Target, target
from flaneur.explain.windows import filled, pasted, windows
from flaneur.predict import load
from flaneur.preprocess import preprocess

SIZE, STRIDE = 0.2, 0.25  # 20 x 20 windows
EVERY = 10  # of those run one by one, whose time is in proportion


def ours(asked: Target) -> None:
    """Hide the windows of the square, in batches, through the bundle."""
    picture = asked.picture()
    boxes = windows(asked.size_px, SIZE, STRIDE)
    assert len(asked.scores(pasted(picture, filled(picture, "blur"), boxes))) == 400


def on_one_core(work: Callable[[], None]) -> Callable[[], None]:
    """The same with one core at hand."""

    def run() -> None:
        allowed = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {min(allowed)})
        try:
            work()
        finally:
            os.sched_setaffinity(0, allowed)

    return run


def one_by_one(photo: Image.Image, asked: Target, network: Callable[[Any], Any]) -> None:
    """Hide windows of the whole photo, every tenth of them; preprocess and run each by itself."""
    grey = tuple(int(value) for value in np.asarray(photo).mean((0, 1)))
    across, down = photo.width / asked.size_px, photo.height / asked.size_px
    for left, top, right, bottom in windows(asked.size_px, SIZE, STRIDE)[::EVERY]:
        altered = photo.copy()
        altered.paste(grey, (int(left * across), int(top * down), int(right * across), int(bottom * down)))
        network(preprocess(altered, asked.spec)[None])


def torch_eager(name: str) -> Callable[[Any], Any]:
    """The encoder's network as timm has it, on one core, so that its time does not count threads that wait."""
    import torch

    from benchmarks.papers_way import network

    torch.set_num_threads(1)
    net = network(name)

    def run(image: Any) -> Any:
        with torch.inference_mode():
            return net(torch.from_numpy(image)).softmax(1)

    return run


def both_times(name: str, work: Callable[[], None], core_s: list[float]) -> Callable[[], float]:
    """Wall time for all windows; time on cores, which a busy machine changes less, is kept in ``core_s``."""
    times = EVERY if name.startswith("one by one") else 1

    def run() -> float:
        before = time.process_time()
        wall = seconds(work)
        core_s.append(times * (time.process_time() - before))
        return times * wall

    return run


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--model", default="base", help="name, folder or .onnx file (base)")
    options.add_argument("--repeats", type=int, default=3, help="of each contestant, taken in turn (3)")
    options.add_argument("--out", type=Path, help="file for the result as JSON")
    chosen = options.parse_args()
    model = load(chosen.model)
    rng = np.random.default_rng(0)
    photo = draw_scene(STYLES[0], View(yaw_deg=20, month=6, dashcam=False, size_px=640), rng, rng)
    asked = target(model, photo)
    alone = model.session(cores())
    contestants = {
        "all cores": lambda: ours(asked),
        "one core": on_one_core(lambda: ours(asked)),
        "one by one, ONNX Runtime": lambda: one_by_one(photo, asked, lambda image: alone.run(None, {"image": image})),
    }
    encoder = model.card.encoder.name
    if encoder.startswith("timm/") and "+" not in encoder:
        eager = torch_eager(encoder.removeprefix("timm/"))
        contestants["one by one, torch eager"] = lambda: one_by_one(photo, asked, eager)
    core_s: dict[str, list[float]] = {name: [] for name in contestants}
    found = interleaved(
        {name: both_times(name, work, core_s[name]) for name, work in contestants.items()}, chosen.repeats
    )
    figures = {name: summary(values) | {"core_s": core_s[name]} for name, values in found.items()}
    claims = [need("400 windows on all cores, s", figures["all cores"]["median"], at_most=5.0)]
    claims += [need(f"{name}, s", figures[name]["median"]) for name in list(found)[1:]]
    claims += [need(f"{name}, s of core time", min(figures[name]["core_s"])) for name in found]
    claims += [
        need(f"{name} over all cores, times the core time", ratio(core_s[name], core_s["all cores"])["median"])
        for name in list(found)[2:]
    ]
    report(f"occlusion: {model.name}, one photo", figures, claims, chosen.out)


if __name__ == "__main__":
    main()
