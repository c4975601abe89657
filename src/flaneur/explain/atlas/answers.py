"""A model and cached embeddings in; what it says of each photo out, without running its encoder again."""

from __future__ import annotations

import numpy as np

from flaneur.bundle.inference import open_session
from flaneur.evaluation.answers import Answers, doubt_of
from flaneur.onnx_files import graph as onnx_graph
from flaneur.predict import Model
from flaneur.training.heads.features import Features

_CHUNK = 1024


def answers_of(model: Model, found: Features) -> Answers:
    """What :func:`flaneur.evaluation.answers.collect_answers` gives, from embeddings.

    Args:
        model: whose head is asked.
        found: embeddings by this model's own encoder.

    Raises:
        InputError: the model's head is not flaneur's own.
    """
    head = onnx_graph.only_head(onnx_graph.load(model.bundle.model))
    session = open_session(onnx_graph.to_bytes(head))
    names = [output.name for output in session.get_outputs()]
    chunks = [
        session.run(names, {"embedding": np.ascontiguousarray(found.embeddings[start : start + _CHUNK])})
        for start in range(0, len(found.photos), _CHUNK)
    ]
    said = {
        name: np.concatenate([chunk[column] for chunk in chunks]).astype(np.float64)
        for column, name in enumerate(names)
    }
    return Answers(
        cities=model.cities,
        photos=found.photos,
        logits=said["logits"],
        novelty=said.get("novelty", np.zeros(len(found.photos))),
        doubt=doubt_of(model.card),
        failed=tuple((photo, error.code) for photo, error in found.failed),
        attention=said.get("attention"),
        fusion=model.card.fusion,
    )
