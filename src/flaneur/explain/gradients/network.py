"""A model's ONNX graph in; a torch network that gives the same numbers, and gradients too, out.

Of the graph only that part is made which leads to ``logits``, ``embedding`` and ``feature_map``. Whatever does not
depend on the photo, such as weights stored as float16 or int8, is worked out once. Nothing in the network is a
parameter: no gradient can gather in it, and there is no training mode.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn

from flaneur.errors import UsageError
from flaneur.explain.gradients.layers import LAYERS
from flaneur.explain.gradients.operators import OPERATORS
from flaneur.onnx_files import novelty as onnx_opset
from flaneur.onnx_files import proto as onnx_proto
from flaneur.onnx_files.proto import Proto
from flaneur.predict import Model

_WANTED = ("logits", "embedding", "feature_map")
_OLDEST_OPSET = 13  # from it on Softmax looks at one axis, and Squeeze and Unsqueeze take axes as an input
_ELSEWHERE = "Use a method that needs no gradients, such as occlusion."


class Operation(nn.Module):
    """One node of the graph.

    Args:
        node: of the graph.
        opset: version of the operators.
    """

    def __init__(self, node: Proto, opset: int) -> None:
        super().__init__()
        self.kind = str(node.op_type)
        self.inputs = tuple(node.input)
        self.outputs = tuple(node.output)
        self.attributes = {attribute.name: _attribute(attribute) for attribute in node.attribute}
        self.opset = opset
        self._run = LAYERS.get(self.kind) or OPERATORS[self.kind]

    def forward(self, *values: Tensor | None) -> Any:
        """The node's output, or a tuple of them."""
        return self._run(values, self.attributes, self.opset)


class Network(nn.Module):
    """A graph in torch: images ``[B, 3, S, S]``, preprocessed, to logits ``[B, C]``.

    Args:
        graph: a ``ModelProto``.

    Raises:
        UsageError: an operator that is not known here, or operators of too old a version.
    """

    def __init__(self, graph: Proto) -> None:
        super().__init__()
        nodes = _leading_to(graph.graph, _WANTED)
        _check(graph, nodes)
        with torch.inference_mode(False), torch.no_grad():  # what is made in inference mode has no gradients ever
            self._make(graph, nodes)
        self.eval()

    def _make(self, graph: Proto, nodes: Sequence[Proto]) -> None:
        self.image = str(graph.graph.input[0].name)
        self._constants: dict[str, str] = {}
        for tensor in graph.graph.initializer:
            if any(tensor.name in node.input for node in nodes):
                self._keep(tensor.name, torch.from_numpy(onnx_proto.array(tensor).copy()))
        operations = [Operation(node, onnx_opset.opset(graph)) for node in nodes]
        self.steps = tuple(operation for operation in operations if not self._fold(operation))
        self.operations = nn.ModuleList(self.steps)
        self._forget_unused()

    def forward(self, images: Tensor) -> Tensor:
        """Images ``[B, 3, S, S]``, preprocessed, to logits ``[B, C]``."""
        return self.values(images, ["logits"])["logits"]

    def values(self, images: Tensor, names: Iterable[str]) -> dict[str, Tensor]:
        """What the graph computes on the way.

        Args:
            images: ``[B, 3, S, S]``, preprocessed.
            names: of values of the graph, such as ``feature_map``.
        """
        known: dict[str, Any] = {name: getattr(self, kept) for name, kept in self._constants.items()}
        known |= {self.image: images, "": None}
        for operation in self.steps:
            made = operation(*(known[name] for name in operation.inputs))
            known.update(zip(operation.outputs, made if isinstance(made, tuple) else (made,), strict=False))
        return {name: known[name] for name in names}

    def layer(self, name: str) -> Operation:
        """The operation that makes a value, for hooks.

        Raises:
            UsageError: no operation does.
        """
        for operation in self.steps:
            if name in operation.outputs:
                return operation
        raise UsageError(f"the network computes no {name!r}. {_ELSEWHERE}")

    def constant(self, name: str) -> Tensor | None:
        """What does not depend on the photo, such as weights; ``None`` where no constant has that name."""
        kept = self._constants.get(name)
        return None if kept is None else getattr(self, kept)

    def leading_to(self, name: str) -> set[str]:
        """Names of the values that have a part in a value, itself among them."""
        needed = {name}
        for operation in reversed(self.steps):
            if needed.intersection(operation.outputs):
                needed.update(operation.inputs)
        return needed

    def _keep(self, name: str, values: Tensor) -> None:
        kept = f"constant_{len(self._constants)}"
        self._constants[name] = kept
        self.register_buffer(kept, values, persistent=False)

    def _fold(self, operation: Operation) -> bool:
        """Work out an operation that depends on no photo; whether it was one."""
        if not all(name in self._constants or not name for name in operation.inputs):
            return False
        given = [getattr(self, self._constants[name]) if name else None for name in operation.inputs]
        made = operation(*given)
        for name, values in zip(operation.outputs, made if isinstance(made, tuple) else (made,), strict=False):
            self._keep(name, values)
        return True

    def _forget_unused(self) -> None:
        used = {name for operation in self.steps for name in operation.inputs} | set(_WANTED)
        for name in [name for name in self._constants if name not in used]:
            delattr(self, self._constants.pop(name))


def network_of(model: Model) -> Network:
    """A model's network in torch; the last two are kept.

    Args:
        model: any; its bundle alone is read.

    Raises:
        UsageError: its graph has an operator that is not known here.
    """
    return _network(model.bundle.model)


@lru_cache(maxsize=2)
def _network(data: bytes) -> Network:
    return Network(onnx_proto.load(data))


def _leading_to(graph: Proto, wanted: Sequence[str]) -> list[Proto]:
    """The nodes that some of these values depend on, in the graph's order."""
    needed, kept = set(wanted), []
    for node in reversed(graph.node):
        if needed.intersection(node.output):
            needed.update(node.input)
            kept.append(node)
    return kept[::-1]


def _check(graph: Proto, nodes: Sequence[Proto]) -> None:
    unknown = sorted({node.op_type for node in nodes} - {*LAYERS, *OPERATORS})
    if unknown:
        raise UsageError(f"flaneur knows no gradient of the operators {', '.join(unknown)}. {_ELSEWHERE}")
    if onnx_opset.opset(graph) < _OLDEST_OPSET:
        raise UsageError(f"the graph's operators are older than version {_OLDEST_OPSET}. {_ELSEWHERE}")


def _attribute(attribute: Proto) -> Any:
    return _READ[attribute.type](attribute)


_READ: Mapping[int, Callable[[Proto], Any]] = {
    1: lambda attribute: float(attribute.f),
    2: lambda attribute: int(attribute.i),
    3: lambda attribute: attribute.s.decode(),
    4: lambda attribute: torch.from_numpy(onnx_proto.array(attribute.t).copy()),
    6: lambda attribute: [float(value) for value in attribute.floats],
    7: lambda attribute: [int(value) for value in attribute.ints],
}
