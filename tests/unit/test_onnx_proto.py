import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from bundles import tiny_encoder
from flaneur.errors import InputError, IntegrityError
from flaneur.onnx_files import proto as onnx_proto

_NAMES = {"Dimension": onnx.TensorShapeProto.Dimension, "TensorType": onnx.TypeProto.Tensor}


@pytest.mark.parametrize("name", list(onnx_proto._MESSAGES))
def test_declared_fields_are_those_of_the_onnx_package(name):
    theirs = _NAMES.get(name, getattr(onnx, name, None)).DESCRIPTOR
    for ours in onnx_proto._classes()[name].DESCRIPTOR.fields:
        field = theirs.fields_by_name[ours.name]
        assert (field.number, repeated(field)) == (ours.number, repeated(ours))
        enum_as_int = field.type == field.TYPE_ENUM and ours.type == ours.TYPE_INT32
        assert enum_as_int or field.type == ours.type


def repeated(field):
    return field.is_repeated if hasattr(field, "is_repeated") else field.label == 3  # protobuf before 6


def test_unknown_fields_survive():
    theirs = onnx.load_from_string(onnx_proto.to_bytes(tiny_encoder()))
    theirs.training_info.add()
    theirs.graph.quantization_annotation.add(tensor_name="w1")
    again = onnx.load_from_string(onnx_proto.to_bytes(onnx_proto.load(theirs.SerializeToString())))
    assert again == theirs


@pytest.mark.parametrize(
    "values", [np.arange(6, dtype=np.float32).reshape(2, 3), np.array([-3, 4], np.int8), np.array(5)]
)
def test_tensors_round_trip_and_read_equal_in_the_onnx_package(values):
    tensor = onnx_proto.tensor("t", values)
    np.testing.assert_array_equal(onnx_proto.array(tensor), values)
    theirs = onnx.TensorProto.FromString(onnx_proto.to_bytes(tensor))
    np.testing.assert_array_equal(numpy_helper.to_array(theirs), values)


def test_tensors_stored_as_numbers_are_read():
    theirs = helper.make_tensor("t", onnx.TensorProto.FLOAT, [2], [1.5, 2.5])
    ours = onnx_proto.message("TensorProto")
    ours.ParseFromString(theirs.SerializeToString())
    assert onnx_proto.array(ours).tolist() == [1.5, 2.5]


def test_a_tensor_shorter_than_its_shape_is_refused():
    tensor = onnx_proto.tensor("t", np.zeros(4, np.float32))
    tensor.dims[0] = 5
    with pytest.raises(IntegrityError, match="tensor 't'"):
        onnx_proto.array(tensor)


@pytest.mark.parametrize("data", [b"", b"hello, this is no model", b"\x00" * 100, b"\xff" * 50])
def test_other_bytes_are_refused(data, tmp_path):
    with pytest.raises(IntegrityError, match="not an ONNX model"):
        onnx_proto.load(data)
    (tmp_path / "m.onnx").write_bytes(data)
    with pytest.raises(IntegrityError, match=r"m\.onnx"):
        onnx_proto.load(tmp_path / "m.onnx")


def test_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"none\.onnx: cannot be read"):
        onnx_proto.load(tmp_path / "none.onnx")


def test_huge_file_is_refused_unread(tmp_path):
    path = tmp_path / "huge.onnx"
    with path.open("wb") as file:
        file.truncate(onnx_proto.MAX_MODEL_BYTES + 1)
    with pytest.raises(IntegrityError, match="larger than 1024 MiB"):
        onnx_proto.load(path)


def outside(model):
    tensor = model.graph.initializer[0]
    tensor.data_location = 1
    tensor.external_data.add(key="location", value="../../../etc/passwd")


def outside_in_a_nested_graph(model):
    node = model.graph.node.add(op_type="If", output=["x"])
    attribute = node.attribute.add(name="then_branch", type=5)
    attribute.g.node.add(op_type="Constant").attribute.add(name="value", type=4).t.external_data.add(
        key="location", value="/dev/zero"
    )


def foreign_operator(model):
    model.graph.node[0].domain = "com.evil"


def own_function(model):
    model.functions.add(name="f")


def sparse(model):
    model.graph.sparse_initializer.add()


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (outside, "outside the file"),
        (outside_in_a_nested_graph, "outside the file"),
        (foreign_operator, "not standard ONNX"),
        (own_function, "functions of its own"),
        (sparse, "sparse"),
    ],
)
def test_unsafe_models_are_refused(spoil, says):
    model = tiny_encoder()
    spoil(model)
    with pytest.raises(IntegrityError, match=says):
        onnx_proto.load(onnx_proto.to_bytes(model))


def test_save_writes_what_load_reads(tmp_path):
    onnx_proto.save(tiny_encoder(), tmp_path / "m.onnx")
    assert onnx_proto.to_bytes(onnx_proto.load(tmp_path / "m.onnx")) == onnx_proto.to_bytes(tiny_encoder())
