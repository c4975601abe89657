"""Declarations of protobuf messages in; their classes out, made at run time, so that no compiler is needed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def message_classes(package: str, declarations: Mapping[str, str]) -> dict[str, Any]:
    """Classes that read and write messages; fields that are not declared survive as unknown ones.

    The messages live in a private descriptor pool, so that they never clash with those of an installed package.

    Args:
        package: their namespace, such as ``flaneur_onnx``.
        declarations: by message its fields, ``type name=number``, separated by semicolons. ``*`` before a type marks a
            repeated field; a type that is itself declared is another message. Syntax is that of proto2.

    >>> Pair = message_classes("doctest_pair", {"Pair": "string key=1; *int64 values=2"})["Pair"]
    >>> Pair.FromString(Pair(key="a", values=[1, 2]).SerializeToString()).values
    [1, 2]
    """
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    kinds = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name=f"{package}.proto", package=package, syntax="proto2")
    for message, declaration in declarations.items():
        entry = file.message_type.add(name=message)
        for text in declaration.split(";"):
            kind, _, rest = text.strip().partition(" ")
            name, _, number = rest.partition("=")
            field = entry.field.add(name=name, number=int(number))
            field.label = kinds.LABEL_REPEATED if kind.startswith("*") else kinds.LABEL_OPTIONAL
            kind = kind.lstrip("*")
            if kind in declarations:
                field.type, field.type_name = kinds.TYPE_MESSAGE, f".{package}.{kind}"
            else:
                field.type = getattr(kinds, f"TYPE_{kind.upper()}")
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    found = {name: pool.FindMessageTypeByName(f"{package}.{name}") for name in declarations}
    return {name: message_factory.GetMessageClass(descriptor) for name, descriptor in found.items()}
