"""A head, embeddings of known photos and of a new city's in; the head that knows it, and answers of both, out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from flaneur.add_city.answers import Scores, ask
from flaneur.add_city.cost import Evaluated, EvaluatedNew
from flaneur.add_city.prototype import fit_column
from flaneur.bundle.known import Known
from flaneur.onnx_files.one_more_city import add_column
from flaneur.onnx_files.proto import Proto
from flaneur.training.heads.cross_validation import assign_folds

_FOLDS = 10


def teach(graph: Proto, head: Proto, known: Known, new: NDArray[np.float32], temperature: float) -> Proto:
    """The graph with one city more.

    Args:
        graph: a whole model, or a head alone.
        head: the model's :func:`flaneur.onnx_files.graph.only_head`.
        known: photos of its cities that it was not trained on.
        new: ``[M, D]`` of the new city; three or more.
        temperature: of the model.
    """
    logits, new_logits = ask(head, known.embeddings).logits, ask(head, new).logits
    column = fit_column(known.embeddings, known.labels, logits, new, new_logits, temperature)
    return add_column(graph, column, new)


def crossed(head: Proto, known: Known, new: NDArray[np.float32], temperature: float) -> tuple[Evaluated, EvaluatedNew]:
    """What models say that were taught without the photos they are asked about; places are never split.

    Every photo of the new city counts as a place of its own.

    Args:
        head: of the model so far.
        known: photos of its cities; of a city with a single place none is asked about.
        new: ``[M, D]`` of the new city; four or more.
        temperature: of the model.
    """
    folds = min(_FOLDS, len(new))
    fold = assign_folds(known.labels, [str(place) for place in known.places], folds, 0)
    own = np.arange(len(new)) % folds
    before = ask(head, known.embeddings)
    after, found = _empty(len(known.labels), before), _empty(len(new), before)
    for number in range(folds):
        out, own_out = np.flatnonzero(fold == number), np.flatnonzero(own == number)
        taught = teach(head, head, known.take(fold != number), new[own != number], temperature)
        said = ask(taught, np.concatenate([known.embeddings[out], new[own_out]]))
        after = after.but(out, said.take(np.arange(len(out))))
        found = found.but(own_out, said.take(np.arange(len(out), len(out) + len(own_out))))
    judged = np.flatnonzero(fold >= 0)
    asked = Evaluated(known.labels[judged], known.places[judged], before.take(judged), after.take(judged))
    return asked, EvaluatedNew(np.arange(len(new)), found)


def _empty(count: int, like: Scores) -> Scores:
    """Room for answers of a model with one city more."""
    return Scores(np.full((count, like.logits.shape[1] + 1), np.nan), np.full(count, np.nan))
