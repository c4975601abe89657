"""A target whose network is a transformer in; which patches its attention brought the answer from, out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flaneur.explain.gradients.extra import need_extra
from flaneur.explain.method_settings import read_settings
from flaneur.explain.target import Target

NEEDS = "train"
UNIT = ""


@dataclass(frozen=True, slots=True)
class TokensSettings:
    """There is nothing to set."""


SETTINGS = TokensSettings


def explain(target: Target, settings: Mapping[str, Any]) -> NDArray[np.float32]:
    """A map for a transformer (ViT, DeiT, DINOv2, CLIP): patches, by the way of attention that made the score.

    A patch counts by what is read off its token at the end, and by what other tokens took from it on the way: each
    layer's attention weighs by its gradient, where that is positive, on the mean of the heads. Where the answer is read
    off a class token, only the way counts. What speaks against the city is not shown.

    Args:
        target: what is asked.
        settings: none.

    Returns:
        ``[S, S]``, at least 0, bilinear between the patches. It has no unit: compare places in one map only.

    Raises:
        UsageError: torch is not installed, or the network has no attention between all parts of a photo.

    Source:
        Chefer, Gur and Wolf, *Generic Attention-model Explainability for Interpreting Bi-Modal and Encoder-Decoder
        Transformers*, ICCV 2021, equations 5 and 6, from the output backwards, so that a network may be read off
        several layers and off patches as well as off a class token.
    """
    read_settings(SETTINGS, settings, "tokens")
    need_extra("tokens")
    from flaneur.explain.gradients.attention import attributed_tokens

    return attributed_tokens(target)
