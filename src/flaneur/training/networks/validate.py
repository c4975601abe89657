"""A network and validation photos in; accuracy, macro recall and negative log-likelihood out, in float32."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from flaneur.protocols import PreprocessSpec
from flaneur.training.networks.loader import Examples, plain_batches
from flaneur.training.networks.processes import Group


@torch.inference_mode()
def validate(
    network: nn.Module, examples: Examples, spec: PreprocessSpec, *, batch: int, group: Group
) -> dict[str, float]:
    """Look at the validation photos as they are, each one alone; every process at its share of them.

    Args:
        network: is left in evaluation mode.
        examples: photos and the number of classes.
        spec: what the finished model sees.
        batch: photos at a time.
        group: whose processes share the work.

    Returns:
        ``accuracy``, ``macro_recall`` over the cities there are photos of, ``nll``; nothing if there are no photos.
    """
    network.eval()
    right, counts, loss = np.zeros(examples.classes), np.zeros(examples.classes), 0.0
    own = examples.validation[group.rank :: group.size]
    for part in plain_batches(own, spec, batch=batch):
        images, labels = torch.from_numpy(part.images[:, 0]), torch.from_numpy(part.labels)
        logits = network(images.to(group.device)).float().cpu()
        loss += cross_entropy(logits, labels, reduction="sum").item()
        hits = (logits.argmax(1) == labels).numpy().astype(float)
        right += np.bincount(part.labels, hits, minlength=examples.classes)
        counts += np.bincount(part.labels, minlength=examples.classes)
    loss, *both = group.sums([loss, *right, *counts])
    right, counts = np.array(both).reshape(2, -1)
    if counts.sum() == 0:
        return {}
    return {
        "accuracy": round(float(right.sum() / counts.sum()), 4),
        "macro_recall": round(float((right[counts > 0] / counts[counts > 0]).mean()), 4),
        "nll": round(float(loss / counts.sum()), 4),
    }
