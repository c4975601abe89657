"""ONNX operators without weights in; the torch functions that compute the same out.

Every function takes a node's inputs, its attributes and the version of the operators, and gives its output or outputs.
Shapes are worked out with the tensors, as int64, so one network serves any batch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import torch
from torch import Tensor
from torch.nn import functional

Inputs: TypeAlias = Sequence[Any]
"""A tensor each; ``None`` where one is left out."""
Attributes: TypeAlias = Mapping[str, Any]
Operator: TypeAlias = Callable[[Inputs, Attributes, int], Any]

_TYPES = {1: torch.float32, 6: torch.int32, 7: torch.int64, 9: torch.bool, 10: torch.float16, 11: torch.float64}


def plain(function: Callable[..., Tensor]) -> Operator:
    """An operator that has no attributes.

    >>> plain(torch.neg)([torch.tensor(2.0)], {}, 17)
    tensor(-2.)
    """
    return lambda inputs, _attributes, _opset: function(*inputs)


def listed(inputs: Inputs, position: int) -> list[int] | None:
    """An input of whole numbers as a list; ``None`` where it is left out.

    >>> listed([None, torch.tensor([2, 3])], 1), listed([None], 1)
    ([2, 3], None)
    """
    if len(inputs) <= position or inputs[position] is None:
        return None
    return [int(value) for value in inputs[position].tolist()]


def axes_of(inputs: Inputs, attributes: Attributes) -> list[int] | None:
    """Axes, which newer versions of an operator take as its second input and older ones as an attribute.

    >>> axes_of([None, torch.tensor([1])], {}), axes_of([None], {"axes": [2]}), axes_of([None], {})
    ([1], [2], None)
    """
    given = listed(inputs, 1)
    return attributes.get("axes") if given is None else given


def _cast(inputs: Inputs, attributes: Attributes, _opset: int) -> Tensor:
    return inputs[0].to(_TYPES[attributes["to"]])  # type: ignore[no-any-return]


def _clip(inputs: Inputs, attributes: Attributes, _opset: int) -> Tensor:
    low, high = (inputs[place] if len(inputs) > place else None for place in (1, 2))
    return torch.clamp(
        inputs[0], attributes.get("min") if low is None else low, attributes.get("max") if high is None else high
    )


def _concat(inputs: Inputs, attributes: Attributes, _opset: int) -> Tensor:
    return torch.cat(list(inputs), attributes["axis"])


def _constant(_inputs: Inputs, attributes: Attributes, _opset: int) -> Tensor:
    (value,) = attributes.values()
    return value if isinstance(value, Tensor) else torch.tensor(value)


def _constant_of_shape(inputs: Inputs, attributes: Attributes, _opset: int) -> Tensor:
    value = attributes.get("value", torch.zeros(1))
    return value.reshape(()).expand(listed(inputs, 0)).clone()  # type: ignore[no-any-return]


def _expand(inputs: Inputs, _attributes: Attributes, _opset: int) -> Tensor:
    shape = torch.broadcast_shapes(inputs[0].shape, torch.Size(listed(inputs, 1) or []))  # type: ignore[no-untyped-call]
    return inputs[0].expand(shape)  # type: ignore[no-any-return]


def _flatten(inputs: Inputs, attributes: Attributes, _opset: int) -> Tensor:
    axis = attributes.get("axis", 1) % (inputs[0].ndim + 1)
    return inputs[0].reshape(inputs[0].shape[:axis].numel(), -1)  # type: ignore[no-any-return]


def _gather(inputs: Inputs, attributes: Attributes, _opset: int) -> Tensor:
    values, index = inputs
    axis = attributes.get("axis", 0) % values.ndim
    index = torch.where(index < 0, index + values.shape[axis], index)
    taken = values.index_select(axis, index.reshape(-1))
    return taken.reshape(*values.shape[:axis], *index.shape, *values.shape[axis + 1 :])  # type: ignore[no-any-return]


def _gelu(inputs: Inputs, attributes: Attributes, _opset: int) -> Tensor:
    return functional.gelu(inputs[0], approximate=attributes.get("approximate", "none"))


def _hard_sigmoid(inputs: Inputs, attributes: Attributes, _opset: int) -> Tensor:
    return torch.clamp(inputs[0] * attributes.get("alpha", 0.2) + attributes.get("beta", 0.5), 0, 1)


def _leaky_relu(inputs: Inputs, attributes: Attributes, _opset: int) -> Tensor:
    return functional.leaky_relu(inputs[0], attributes.get("alpha", 0.01))


def _one_hot(inputs: Inputs, _attributes: Attributes, _opset: int) -> Tensor:
    index, depth, ends = inputs
    off, on = ends
    return off + (on - off) * functional.one_hot(index, int(depth)).to(ends.dtype)  # type: ignore[no-any-return]


def _pad(inputs: Inputs, attributes: Attributes, _opset: int) -> Tensor:
    pads = listed(inputs, 1) or []
    mode, rank = attributes.get("mode", "constant"), inputs[0].ndim
    axes = listed(inputs, 3) or list(range(rank))
    around = [0] * (2 * rank)
    for place, axis in enumerate(axes):
        at = 2 * (rank - 1 - axis % rank)
        around[at], around[at + 1] = pads[place], pads[place + len(axes)]
    if mode != "constant":
        return functional.pad(inputs[0], around[:4], "replicate" if mode == "edge" else mode)
    fill = inputs[2].item() if len(inputs) > 2 and inputs[2] is not None else 0.0
    return functional.pad(inputs[0], around, value=fill)


def _pow(inputs: Inputs, _attributes: Attributes, _opset: int) -> Tensor:
    base, exponent = inputs
    return base ** (float(exponent) if exponent.ndim == 0 else exponent)  # type: ignore[no-any-return]


def _reshape(inputs: Inputs, attributes: Attributes, _opset: int) -> Tensor:
    shape = listed(inputs, 1) or []
    if not attributes.get("allowzero", 0):
        shape = [size or inputs[0].shape[axis] for axis, size in enumerate(shape)]
    return inputs[0].reshape(shape)  # type: ignore[no-any-return]


def _shape(inputs: Inputs, attributes: Attributes, _opset: int) -> Tensor:
    return torch.tensor(inputs[0].shape[attributes.get("start", 0) : attributes.get("end")], dtype=torch.int64)


def _slice(inputs: Inputs, _attributes: Attributes, _opset: int) -> Tensor:
    values = inputs[0]
    starts, ends = listed(inputs, 1) or [], listed(inputs, 2) or []
    axes, steps = listed(inputs, 3) or list(range(len(starts))), listed(inputs, 4) or [1] * len(starts)
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        places = range(values.shape[axis])[start:end:step]
        values = values.index_select(axis, torch.tensor(places, dtype=torch.int64, device=values.device))
    return values  # type: ignore[no-any-return]


def _softmax(inputs: Inputs, attributes: Attributes, _opset: int) -> Tensor:
    return torch.softmax(inputs[0], attributes.get("axis", -1))


def _split(inputs: Inputs, attributes: Attributes, _opset: int) -> tuple[Tensor, ...]:
    axis, sizes = attributes.get("axis", 0), listed(inputs, 1)
    if sizes is None:
        parts = attributes["num_outputs"]
        sizes = [-(-inputs[0].shape[axis] // parts)] * (parts - 1)
        sizes.append(inputs[0].shape[axis] - sum(sizes))
    return torch.split(inputs[0], sizes, axis)


def _squeeze(inputs: Inputs, attributes: Attributes, _opset: int) -> Tensor:
    axes = axes_of(inputs, attributes)
    return torch.squeeze(inputs[0]) if axes is None else torch.squeeze(inputs[0], tuple(axes))


def _top_k(inputs: Inputs, attributes: Attributes, _opset: int) -> tuple[Tensor, Tensor]:
    count = int(inputs[1])
    found = torch.topk(inputs[0], count, attributes.get("axis", -1), bool(attributes.get("largest", 1)))
    return found.values, found.indices


def _transpose(inputs: Inputs, attributes: Attributes, _opset: int) -> Tensor:
    return inputs[0].permute(attributes.get("perm", list(range(inputs[0].ndim))[::-1]))  # type: ignore[no-any-return]


def _unsqueeze(inputs: Inputs, attributes: Attributes, _opset: int) -> Tensor:
    axes, made = axes_of(inputs, attributes) or [], inputs[0]
    rank = made.ndim + len(axes)
    for axis in sorted(axis % rank for axis in axes):
        made = made.unsqueeze(axis)
    return made  # type: ignore[no-any-return]


OPERATORS: dict[str, Operator] = {
    "Abs": plain(torch.abs),
    "Add": plain(torch.add),
    "Cast": _cast,
    "Clip": _clip,
    "Concat": _concat,
    "Constant": _constant,
    "ConstantOfShape": _constant_of_shape,
    "Div": plain(torch.div),
    "Equal": plain(torch.eq),
    "Erf": plain(torch.erf),
    "Exp": plain(torch.exp),
    "Expand": _expand,
    "Flatten": _flatten,
    "Gather": _gather,
    "Gelu": _gelu,
    "HardSigmoid": _hard_sigmoid,
    "HardSwish": plain(functional.hardswish),
    "Identity": plain(lambda values: values),
    "LeakyRelu": _leaky_relu,
    "Log": plain(torch.log),
    "MatMul": plain(torch.matmul),
    "Max": plain(torch.maximum),
    "Min": plain(torch.minimum),
    "Mul": plain(torch.mul),
    "Neg": plain(torch.neg),
    "OneHot": _one_hot,
    "Pad": _pad,
    "Pow": _pow,
    "Reciprocal": plain(torch.reciprocal),
    "Relu": plain(torch.relu),
    "Reshape": _reshape,
    "Shape": _shape,
    "Sigmoid": plain(torch.sigmoid),
    "Slice": _slice,
    "Softmax": _softmax,
    "Softplus": plain(functional.softplus),
    "Split": _split,
    "Sqrt": plain(torch.sqrt),
    "Squeeze": _squeeze,
    "Sub": plain(torch.sub),
    "Tanh": plain(torch.tanh),
    "TopK": _top_k,
    "Transpose": _transpose,
    "Unsqueeze": _unsqueeze,
    "Where": plain(torch.where),
}
