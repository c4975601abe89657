"""ONNX operators with weights, windows or statistics in; the torch functions that compute the same out."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from flaneur.explain.gradients.operators import Attributes, Inputs, Operator, axes_of


def _padded(values: Tensor, attributes: Attributes, fill: float) -> Tensor:
    """Values with the pads of a window around them; ONNX lists all beginnings before all ends."""
    pads = attributes.get("pads")
    if attributes.get("auto_pad", "NOTSET") not in ("NOTSET", "VALID"):
        raise NotImplementedError(f"auto_pad {attributes['auto_pad']}")
    if not pads or not any(pads):
        return values
    rank = len(pads) // 2
    around = [pads[axis + end * rank] for axis in reversed(range(rank)) for end in (0, 1)]
    return functional.pad(values, around, value=fill)


def _window(attributes: Attributes) -> tuple[list[int], list[int]]:
    kernel = attributes["kernel_shape"]
    return kernel, attributes.get("strides", [1] * len(kernel))


def _conv(inputs: Inputs, attributes: Attributes, _opset: int) -> Tensor:
    weight, bias = inputs[1], inputs[2] if len(inputs) > 2 else None
    rank = weight.ndim - 2
    strides, dilations = attributes.get("strides", [1] * rank), attributes.get("dilations", [1] * rank)
    run = (functional.conv1d, functional.conv2d, functional.conv3d)[rank - 1]
    return run(_padded(inputs[0], attributes, 0.0), weight, bias, strides, 0, dilations, attributes.get("group", 1))


def _max_pool(inputs: Inputs, attributes: Attributes, _opset: int) -> Tensor:
    kernel, strides = _window(attributes)
    values = _padded(inputs[0], attributes, -math.inf)
    dilations = attributes.get("dilations", [1] * len(kernel))
    return functional.max_pool2d(values, kernel, strides, 0, dilations, bool(attributes.get("ceil_mode", 0)))


def _average_pool(inputs: Inputs, attributes: Attributes, _opset: int) -> Tensor:
    kernel, strides = _window(attributes)
    ceil = bool(attributes.get("ceil_mode", 0))
    sums = functional.avg_pool2d(_padded(inputs[0], attributes, 0.0), kernel, strides, 0, ceil)
    if attributes.get("count_include_pad", 0) or not any(attributes.get("pads", [0])):
        return sums
    ones = torch.ones_like(inputs[0][:1, :1])
    return sums / functional.avg_pool2d(_padded(ones, attributes, 0.0), kernel, strides, 0, ceil)


def _global_pool(pool: Callable[..., Tensor]) -> Operator:
    return lambda inputs, _attributes, _opset: pool(inputs[0], tuple(range(2, inputs[0].ndim)), keepdim=True)


def _gemm(inputs: Inputs, attributes: Attributes, _opset: int) -> Tensor:
    left, right = inputs[0], inputs[1]
    left = left.T if attributes.get("transA", 0) else left
    right = right.T if attributes.get("transB", 0) else right
    made = attributes.get("alpha", 1.0) * (left @ right)
    if len(inputs) > 2 and inputs[2] is not None:
        made = made + attributes.get("beta", 1.0) * inputs[2]
    return made  # type: ignore[no-any-return]


def _batch_normalisation(inputs: Inputs, attributes: Attributes, _opset: int) -> Tensor:
    values, scale, bias, mean, variance = inputs
    return functional.batch_norm(values, mean, variance, scale, bias, eps=attributes.get("epsilon", 1e-5))


def _layer_normalisation(inputs: Inputs, attributes: Attributes, _opset: int) -> Tensor:
    axis = attributes.get("axis", -1) % inputs[0].ndim
    bias = inputs[2] if len(inputs) > 2 else None
    return functional.layer_norm(inputs[0], inputs[0].shape[axis:], inputs[1], bias, attributes.get("epsilon", 1e-5))


def _instance_normalisation(inputs: Inputs, attributes: Attributes, _opset: int) -> Tensor:
    values, scale, bias = inputs
    return functional.instance_norm(values, weight=scale, bias=bias, eps=attributes.get("epsilon", 1e-5))


def _response_normalisation(inputs: Inputs, attributes: Attributes, _opset: int) -> Tensor:
    alpha, beta, offset = (
        attributes.get(name, usual) for name, usual in (("alpha", 1e-4), ("beta", 0.75), ("bias", 1))
    )
    return functional.local_response_norm(inputs[0], attributes["size"], alpha, beta, offset)


def _reduction(function: Callable[[Tensor, list[int], bool], Tensor]) -> Operator:
    def reduce(inputs: Inputs, attributes: Attributes, _opset: int) -> Tensor:
        axes = axes_of(inputs, attributes)
        if axes is None and attributes.get("noop_with_empty_axes", 0):
            return inputs[0]  # type: ignore[no-any-return]
        return function(inputs[0], axes or list(range(inputs[0].ndim)), bool(attributes.get("keepdims", 1)))

    return reduce


LAYERS: dict[str, Operator] = {
    "AveragePool": _average_pool,
    "BatchNormalization": _batch_normalisation,
    "Conv": _conv,
    "Gemm": _gemm,
    "GlobalAveragePool": _global_pool(torch.mean),
    "GlobalMaxPool": _global_pool(torch.amax),
    "InstanceNormalization": _instance_normalisation,
    "LayerNormalization": _layer_normalisation,
    "LRN": _response_normalisation,
    "MaxPool": _max_pool,
    "ReduceL2": _reduction(lambda values, axes, keep: torch.linalg.vector_norm(values, 2, axes, keep)),
    "ReduceLogSumExp": _reduction(torch.logsumexp),
    "ReduceMax": _reduction(torch.amax),
    "ReduceMean": _reduction(torch.mean),
    "ReduceMin": _reduction(torch.amin),
    "ReduceSum": _reduction(torch.sum),
}
