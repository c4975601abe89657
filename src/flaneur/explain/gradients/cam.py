"""A target in; its score's gradient on the network's last map, times that map, out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from flaneur.errors import UsageError
from flaneur.explain.gradients.question import asked, to_square
from flaneur.explain.target import Target


def grad_cam(target: Target, *, local: bool) -> NDArray[np.float32]:
    """See :func:`flaneur.explain.methods.gradcam.explain`."""
    from captum.attr import LayerGradCam, LayerGradientXActivation

    with asked(target) as question:
        network = question.network
        if not network.leads_to_logits("feature_map"):
            raise UsageError(
                f"the feature map of {target.model.name!r} has no part in its answer, so it tells nothing of it. "
                "Use 'tokens' for a transformer, or 'integrated_gradients' or 'occlusion'."
            )
        method = (LayerGradientXActivation if local else LayerGradCam)(question.score, network.layer("feature_map"))
        values: Tensor = method.attribute(question.square().requires_grad_())
    return to_square(values[0].sum(0), target.size_px)
