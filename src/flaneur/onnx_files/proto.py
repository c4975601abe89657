"""ONNX bytes in; an editable message out, and back: the part of ``onnx.proto`` that flaneur needs.

Field names and numbers are those of the published ``onnx.proto`` (a test compares them with the ``onnx`` package). What
is not declared here survives reading and writing as unknown fields. The messages live in a private descriptor pool, so
that they never clash with an installed ``onnx``.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from flaneur.errors import InputError, IntegrityError
from flaneur.files import write_bytes
from flaneur.proto_messages import message_classes

Proto: TypeAlias = Any
"""A message; its fields are those of onnx.proto, made at run time, so a type checker cannot know them."""

MAX_MODEL_BYTES = 1 << 30
"""Larger files are refused unread; the largest encoder in timm that anyone runs on a laptop is a tenth of it."""

OPERATOR_DOMAINS = ("", "ai.onnx", "ai.onnx.ml")

_ELEMENT_TYPES: dict[int, type[np.generic]] = {1: np.float32, 3: np.int8, 7: np.int64, 10: np.float16}
_ATTRIBUTE_FLOAT, _ATTRIBUTE_INT, _ATTRIBUTE_INTS = 1, 2, 7

# message -> "type name = number"; a leading * marks a repeated field, a capitalised type another message.
_MESSAGES: dict[str, str] = {
    "StringStringEntryProto": "string key=1; string value=2",
    "OperatorSetIdProto": "string domain=1; int64 version=2",
    "Dimension": "int64 dim_value=1; string dim_param=2",
    "TensorShapeProto": "*Dimension dim=1",
    "TensorType": "int32 elem_type=1; TensorShapeProto shape=2",
    "TypeProto": "TensorType tensor_type=1",
    "ValueInfoProto": "string name=1; TypeProto type=2; string doc_string=3; *StringStringEntryProto metadata_props=4",
    "TensorProto": """*int64 dims=1; int32 data_type=2; *float float_data=4; *int64 int64_data=7; string name=8;
        bytes raw_data=9; string doc_string=12; *StringStringEntryProto external_data=13; int32 data_location=14;
        *StringStringEntryProto metadata_props=16""",
    "SparseTensorProto": "TensorProto values=1; TensorProto indices=2",
    "AttributeProto": """string name=1; float f=2; int64 i=3; bytes s=4; TensorProto t=5; GraphProto g=6;
        *float floats=7; *int64 ints=8; *bytes strings=9; *TensorProto tensors=10; *GraphProto graphs=11;
        string doc_string=13; int32 type=20; SparseTensorProto sparse_tensor=22;
        *SparseTensorProto sparse_tensors=23""",
    "NodeProto": """*string input=1; *string output=2; string name=3; string op_type=4; *AttributeProto attribute=5;
        string doc_string=6; string domain=7; *StringStringEntryProto metadata_props=9""",
    "GraphProto": """*NodeProto node=1; string name=2; *TensorProto initializer=5; string doc_string=10;
        *ValueInfoProto input=11; *ValueInfoProto output=12; *ValueInfoProto value_info=13;
        *SparseTensorProto sparse_initializer=15; *StringStringEntryProto metadata_props=16""",
    "FunctionProto": "string name=1",
    "ModelProto": """int64 ir_version=1; string producer_name=2; string producer_version=3; string domain=4;
        int64 model_version=5; string doc_string=6; GraphProto graph=7; *OperatorSetIdProto opset_import=8;
        *StringStringEntryProto metadata_props=14; *FunctionProto functions=25""",
}


@cache
def _classes() -> dict[str, Any]:
    return message_classes("flaneur_onnx", _MESSAGES)


def message(kind: str, **fields: object) -> Proto:
    """A new message, such as ``message("NodeProto", op_type="Relu", input=["x"], output=["y"])``."""
    return _classes()[kind](**fields)


def load(source: Path | bytes) -> Proto:
    """Read an ONNX model.

    Args:
        source: the file or its bytes.

    Returns:
        A ``ModelProto``; change it freely, it is yours.

    Raises:
        InputError: no such file.
        IntegrityError: not an ONNX model, larger than 1 GiB, or not self-contained (see :func:`refuse_unsafe`).
    """
    from google.protobuf.message import DecodeError

    where = f"{source}: " if isinstance(source, Path) else ""
    data = read_limited(source) if isinstance(source, Path) else source
    model = message("ModelProto")
    try:
        model.ParseFromString(data)
    except (DecodeError, UnicodeDecodeError) as error:
        raise IntegrityError(f"{where}not an ONNX model ({error}). Restore the file or export it again.") from error
    if not model.HasField("graph") or not model.graph.output:
        raise IntegrityError(f"{where}not an ONNX model: it holds no graph. Restore the file or export it again.")
    refuse_unsafe(model, where)
    return model


def read_limited(path: Path) -> bytes:
    """The bytes of a model file, refused unread above :data:`MAX_MODEL_BYTES`.

    Raises:
        InputError: no such file, or not readable.
        IntegrityError: too large.
    """
    try:
        if path.stat().st_size > MAX_MODEL_BYTES:
            raise IntegrityError(f"{path}: larger than {MAX_MODEL_BYTES >> 20} MiB, which no model of flaneur's is.")
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}).") from error


def to_bytes(model: Proto) -> bytes:
    """The file's bytes; equal models give equal bytes."""
    data: bytes = model.SerializeToString(deterministic=True)
    return data


def save(model: Proto, path: Path) -> None:
    """Write an ONNX file whole or not at all."""
    write_bytes(path, to_bytes(model))


def graphs(graph: Proto) -> Iterator[Proto]:
    """A graph and all graphs nested in its nodes."""
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            nested = [*attribute.graphs, *([attribute.g] if attribute.HasField("g") else [])]
            for inner in nested:
                yield from graphs(inner)


def refuse_unsafe(model: Proto, where: str = "") -> None:
    """Refuse what a self-contained model of standard operators does not have.

    Raises:
        IntegrityError: weights in other files (which may lie anywhere on the disk), operators of unknown domains,
            model-local functions, or sparse tensors.
    """
    if model.functions:
        raise IntegrityError(f"{where}the model brings functions of its own. Export it with them inlined.")
    for graph in graphs(model.graph):
        if graph.sparse_initializer or any(_has_sparse(node) for node in graph.node):
            raise IntegrityError(f"{where}the model holds sparse tensors. Export it with dense ones.")
        for node in graph.node:
            if node.domain not in OPERATOR_DOMAINS:
                raise IntegrityError(
                    f"{where}operator {node.op_type!r} of {node.domain!r} is not standard ONNX. Export it without."
                )
        for tensor in _tensors(graph):
            if tensor.data_location or tensor.external_data:
                raise IntegrityError(
                    f"{where}tensor {tensor.name!r} lies outside the file, which is unsafe. Export it as one file."
                )


def _has_sparse(node: Proto) -> bool:
    return any(attribute.HasField("sparse_tensor") or attribute.sparse_tensors for attribute in node.attribute)


def _tensors(graph: Proto) -> Iterator[Proto]:
    yield from graph.initializer
    for node in graph.node:
        for attribute in node.attribute:
            yield from attribute.tensors
            if attribute.HasField("t"):
                yield attribute.t


def tensor(name: str, values: NDArray[Any]) -> Proto:
    """A ``TensorProto`` of float32, float16, int8 or int64 values."""
    codes = {np.dtype(kind): code for code, kind in _ELEMENT_TYPES.items()}
    little = np.ascontiguousarray(values, values.dtype.newbyteorder("<"))
    code = codes[values.dtype]
    return message("TensorProto", name=name, dims=values.shape, data_type=code, raw_data=little.tobytes())


def array(tensor: Proto) -> NDArray[Any]:
    """The values of a float32, float16, int8 or int64 ``TensorProto``.

    Raises:
        IntegrityError: another element type, or fewer values than its shape needs.
    """
    kind = _ELEMENT_TYPES.get(tensor.data_type)
    if kind is None:
        raise IntegrityError(f"tensor {tensor.name!r} is neither float32, float16, int8 nor int64.")
    try:
        if tensor.HasField("raw_data"):
            values = np.frombuffer(tensor.raw_data, np.dtype(kind).newbyteorder("<")).astype(kind)
        else:
            values = np.array(tensor.int64_data if kind is np.int64 else tensor.float_data, kind)
        return values.reshape(tuple(tensor.dims))
    except ValueError as error:
        raise IntegrityError(f"tensor {tensor.name!r}: {error}.") from error


def node(op_type: str, inputs: list[str], outputs: list[str], **attributes: int | float | list[int]) -> Proto:
    """A ``NodeProto`` named after its first output.

    >>> node("Gemm", ["x", "w"], ["y"], transB=1).op_type
    'Gemm'
    """
    made = message("NodeProto", op_type=op_type, input=inputs, output=outputs, name=outputs[0])
    for name, value in attributes.items():
        attribute = made.attribute.add(name=name)
        if isinstance(value, list):
            attribute.type = _ATTRIBUTE_INTS
            attribute.ints.extend(value)
        elif isinstance(value, float):
            attribute.type, attribute.f = _ATTRIBUTE_FLOAT, value
        else:
            attribute.type, attribute.i = _ATTRIBUTE_INT, value
    return made


def float_value(name: str, shape: list[int | str]) -> Proto:
    """A ``ValueInfoProto`` of float32; a dimension given as text is free."""
    dims = [message("Dimension", **{"dim_param" if isinstance(size, str) else "dim_value": size}) for size in shape]
    kind = message("TensorType", elem_type=1, shape=message("TensorShapeProto", dim=dims))
    return message("ValueInfoProto", name=name, type=message("TypeProto", tensor_type=kind))
