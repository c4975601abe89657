"""A graph and a tensor inside it in; the part that follows the tensor, as a graph that can be run by itself, out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from flaneur.errors import InputError
from flaneur.onnx_files import proto as onnx_proto
from flaneur.onnx_files.proto import Proto


@dataclass(frozen=True, slots=True)
class Tail:
    """What follows a tensor.

    Args:
        model: takes ``start`` and ``sides``, gives ``end``.
        start: the tensor.
        sides: what else it needs that depends on the photo: what went round the tensor.
        end: the output.
    """

    model: Proto
    start: str
    sides: tuple[str, ...]
    end: str


def tail(model: Proto, start: str, end: str = "logits") -> Tail:
    """Cut a graph at a tensor.

    Args:
        model: whose inputs and nodes are named; nodes in order, as ONNX has them.
        start: the tensor; where it is only another name for one, that one is cut at.
        end: an output.

    Raises:
        InputError: there is no such tensor, or the output does not depend on it.
    """
    graph = model.graph
    makers = {name: node for node in graph.node for name in node.output}
    start = _first_name(start, makers)
    fed = {item.name for item in graph.input} - {item.name for item in graph.initializer}
    seen, after = _reached(graph.node, fed), _reached(graph.node, {start})
    if start not in seen or end not in after:
        raise InputError(f"the graph's {end!r} does not depend on {start!r}.")
    needed, sides, wanted = set(), [], [end]
    while wanted:
        name = wanted.pop()
        if name == start or name in needed or name in sides or name not in {*makers, *fed}:
            continue
        if name in seen and name not in after:
            sides.append(name)
        else:
            needed.update(makers[name].output)
            wanted.extend(makers[name].input)
    made = type(model)()
    made.CopyFrom(model)
    nodes = [node for node in graph.node if needed.intersection(node.output)]
    used = {name for node in nodes for name in node.input}
    _replace(made.graph.node, nodes)
    _replace(made.graph.initializer, [item for item in graph.initializer if item.name in used])
    _replace(made.graph.input, [_any_float(name) for name in (start, *sorted(sides))])
    _replace(made.graph.output, [item for item in graph.output if item.name == end])
    made.graph.ClearField("value_info")
    return Tail(made, start, tuple(sorted(sides)), end)


def with_outputs(model: Proto, names: Iterable[str]) -> Proto:
    """A copy that gives out tensors from inside, float32 ones, too."""
    made = type(model)()
    made.CopyFrom(model)
    known = {item.name for item in made.graph.output}
    made.graph.output.extend(_any_float(name) for name in names if name not in known)
    return made


def _first_name(name: str, makers: Mapping[str, Proto]) -> str:
    while name in makers and makers[name].op_type == "Identity":
        name = makers[name].input[0]
    return name


def _reached(nodes: Iterable[Proto], start: set[str]) -> set[str]:
    """All tensors that depend on some."""
    reached = set(start)
    for node in nodes:
        if reached.intersection(node.input):
            reached.update(node.output)
    return reached


def _replace(items: Proto, kept: list[Proto]) -> None:
    del items[:]
    items.extend(kept)


def _any_float(name: str) -> Proto:
    kind = onnx_proto.message("TensorType", elem_type=1)
    return onnx_proto.message("ValueInfoProto", name=name, type=onnx_proto.message("TypeProto", tensor_type=kind))
