"""A head's graph and embeddings in; what the model says of them out, without its network."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flaneur.bundle.card import AbstainRule
from flaneur.bundle.inference import open_session
from flaneur.fusion import log_softmax
from flaneur.onnx_files import proto as onnx_proto
from flaneur.onnx_files.proto import Proto

_CHUNK = 1024


@dataclass(frozen=True, slots=True)
class Scores:
    """What a model says of single photos.

    Args:
        logits: ``[N, C]``.
        novelty: ``[N]``; 0 where the model has no such score.
    """

    logits: NDArray[np.float64]
    novelty: NDArray[np.float64]

    @property
    def first(self) -> NDArray[np.intp]:
        """``[N]`` index of the first city."""
        return np.asarray(self.logits.argmax(axis=1), np.intp)

    def abstained(self, temperature: float, rule: AbstainRule) -> NDArray[np.bool_]:
        """``[N]`` where the model says "none of the cities I know"."""
        probability = np.exp(log_softmax(self.logits / temperature).max(axis=1))
        return rule.abstains(probability, self.novelty)

    def take(self, rows: NDArray[np.intp]) -> Scores:
        """Some of the rows."""
        return Scores(self.logits[rows], self.novelty[rows])

    def but(self, rows: NDArray[np.intp], other: Scores) -> Scores:
        """With these rows from another."""
        made = Scores(self.logits.copy(), self.novelty.copy())
        made.logits[rows], made.novelty[rows] = other.logits, other.novelty
        return made


def ask(head: Proto, embeddings: NDArray[np.float32]) -> Scores:
    """What a head says.

    Args:
        head: from :func:`flaneur.onnx_files.graph.only_head`.
        embeddings: ``[N, D]``.
    """
    session = open_session(onnx_proto.to_bytes(head))
    names = [output.name for output in session.get_outputs() if output.name in ("logits", "novelty")]
    chunks = [
        session.run(names, {"embedding": np.ascontiguousarray(embeddings[start : start + _CHUNK], np.float32)})
        for start in range(0, max(len(embeddings), 1), _CHUNK)
    ]
    columns = [np.concatenate(parts).astype(np.float64) for parts in zip(*chunks, strict=True)]
    found = dict(zip(names, columns, strict=True))
    return Scores(found["logits"], found.get("novelty", np.zeros(len(embeddings))))
