"""``flaneur train`` in small pieces, slowly: a kill meets every stage, as with a larger dataset, in less time."""

from __future__ import annotations

import time
from typing import Any

from flaneur.cli.main import run
from flaneur.training.heads import features, learn  # noqa: F401  what is imported once, before it is copied


def train(name: str) -> int:
    """Learn a head for the dataset ``toy`` on the encoder of the model ``tiny``."""
    features._PIECE = 8
    embed = features.embed_paths

    def slowly(*arguments: Any) -> Any:
        time.sleep(0.1)
        return embed(*arguments)

    features.embed_paths = slowly
    return run(["train", "--dataset", "toy", "--name", name, "--encoder", "tiny", "--replace"])
