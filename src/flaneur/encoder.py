"""An ONNX network in; an encoder that the base installation can run, out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from flaneur.bundle.folder import Bundle
from flaneur.bundle.inference import Session, open_session, run_batch
from flaneur.errors import UsageError
from flaneur.files import sha256_json
from flaneur.onnx_files import graph as onnx_graph
from flaneur.onnx_files import proto as onnx_proto
from flaneur.onnx_files.join import join_encoders
from flaneur.protocols import PreprocessSpec


class OnnxEncoder:
    """A network without its head, run by ONNX Runtime; satisfies :class:`flaneur.protocols.Encoder`.

    Args:
        name: as users call it.
        model: the ONNX model or its bytes; a head is taken off.
        preprocess: pixels to its input.
    """

    def __init__(self, name: str, model: onnx_proto.Proto | bytes, preprocess: PreprocessSpec) -> None:
        graph = onnx_graph.strip_head(onnx_proto.load(model) if isinstance(model, bytes) else model)
        self._name, self._preprocess = name, preprocess
        self._dim = onnx_graph.embedding_dim(graph)
        self._hash = sha256_json({"encoder": onnx_graph.encoder_hash(graph), "preprocess": asdict(preprocess)})
        self.model: bytes = onnx_graph.to_bytes(graph)

    @classmethod
    def from_bundle(cls, bundle: Bundle) -> OnnxEncoder:
        """The encoder inside a trained model."""
        return cls(bundle.card.encoder.name, bundle.model, bundle.card.preprocess)

    @property
    def name(self) -> str:
        """As users call it."""
        return self._name

    @property
    def hash(self) -> str:
        """Of weights and preprocessing: equal hash, equal embeddings."""
        return self._hash

    @property
    def dim(self) -> int:
        """Width of the embedding."""
        return self._dim

    @property
    def preprocess(self) -> PreprocessSpec:
        """Pixels to its input."""
        return self._preprocess

    @cached_property
    def session(self) -> Session:
        """One-threaded, for :func:`flaneur.bundle.inference.run_network`."""
        return open_session(self.model)

    def embed(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        """``[B, 3, H, W]`` preprocessed to ``[B, dim]``; safe to call from several threads."""
        if not len(images):
            return np.zeros((0, self.dim), np.float32)
        return np.stack([row["embedding"] for row in run_batch(self.session, images, ["embedding"])])


def joined(encoders: Sequence[OnnxEncoder]) -> OnnxEncoder:
    """Several encoders side by side as one; its embedding is theirs, one after the other.

    Raises:
        UsageError: fewer than two, two that are the same, or they see photos differently; see
            :func:`flaneur.onnx_files.join.join_encoders`.
    """
    seen: dict[str, str] = {}
    for encoder in encoders:
        if encoder.hash in seen:
            raise UsageError(
                f"{seen[encoder.hash]} and {encoder.name} are the same encoder, which adds nothing to itself. "
                "Name another, or one alone."
            )
        seen[encoder.hash] = encoder.name
    graphs = [onnx_proto.load(encoder.model) for encoder in encoders]
    model, spec = join_encoders(graphs, [encoder.preprocess for encoder in encoders])
    return OnnxEncoder(" + ".join(encoder.name for encoder in encoders), model, spec)
