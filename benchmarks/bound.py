"""Bulk prediction against its bound: cores / (decode + network core-time a photo).

The two core-times are measured one-threaded, in turn with the whole; what bulk prediction loses against their sum is
waiting, Python, copying and fusing, and what its threads take from each other's cache and memory. The core-time the
whole uses a photo is shown too: where other processes keep cores busy, bulk prediction misses the bound though it
wastes nothing, and that figure stays near the sum. Measure the share on a quiet machine.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.bulk_prediction import flaneur_rate
from benchmarks.measure import core_seconds, drawn_photos, interleaved, need, parser, repeated, report, summary
from flaneur.bundle.inference import cores, open_session
from flaneur.predict import Model, load, open_view
from flaneur.preprocess import preprocess

BATCH = 8  # flaneur.bundle.inference.run_network's
OUTPUTS = ["logits", "embedding", "novelty"]


def decode_ms(model: Model, paths: Sequence[Path]) -> float:
    """Core-time a photo from file to network input."""
    spec = model.card.preprocess

    def work() -> None:
        for path in paths:
            preprocess(open_view(path, spec).image, spec)

    return 1000 * core_seconds(work) / len(paths)


def network_ms(model: Model, paths: Sequence[Path]) -> float:
    """Core-time a photo inside ONNX Runtime, in the batches of bulk prediction."""
    spec, session = model.card.preprocess, open_session(model.bundle.model)
    names = [name for name in OUTPUTS if name in {output.name for output in session.get_outputs()}]
    batch = np.stack([preprocess(open_view(path, spec).image, spec) for path in paths[:BATCH]])
    session.run(names, {"image": batch})
    rounds = max(1, len(paths) // BATCH)

    def work() -> None:
        for _ in range(rounds):
            session.run(names, {"image": batch})

    return 1000 * core_seconds(work) / (rounds * BATCH)


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--count", type=int, default=480, help="photos answered in a round (480)")
    chosen = options.parse_args()
    model, photos = load(chosen.model), drawn_photos(chosen.photos)
    many, few = repeated(photos, chosen.count), repeated(photos, min(chosen.count, 120))
    flaneur_rate(model, few[:32])
    used: list[float] = []

    def whole() -> float:
        start = time.process_time()
        rate = flaneur_rate(model, many)
        used.append(1000 * (time.process_time() - start) / len(many))
        return rate

    found = interleaved(
        {
            "decode, ms": lambda: decode_ms(model, few),
            "network, ms": lambda: network_ms(model, few),
            "images/s": whole,
        },
        chosen.repeats,
    )
    rounds = zip(found["decode, ms"], found["network, ms"], found["images/s"], strict=True)
    shares = [rate * (decode + network) / 1000 / cores() for decode, network, rate in rounds]
    figures = {name: summary(values) for name, values in found.items()} | {"share": summary(shares)}
    figures["whole, ms"] = summary(used)
    medians = {name: figures[name]["median"] for name in found}
    bound = cores() * 1000 / (medians["decode, ms"] + medians["network, ms"])
    claims = [need(name, medians[name]) for name in medians]
    claims.append(need("decode + network, core-ms a photo", medians["decode, ms"] + medians["network, ms"]))
    claims.append(need("bulk prediction, core-ms a photo used", figures["whole, ms"]["median"]))
    claims.append(need(f"bound with {cores()} cores, images/s", bound))
    claims.append(need("share of the bound reached", figures["share"]["median"], at_least=0.85))
    report("bound", figures | {"model": model.name, "bound": bound}, claims, chosen.out)


if __name__ == "__main__":
    main()
