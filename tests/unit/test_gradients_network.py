"""A bundle's graph in torch against ONNX Runtime: operator by operator, and whole models."""

from __future__ import annotations

import numpy as np
import pytest

from flaneur.bundle.folder import read_bundle
from flaneur.errors import UsageError
from flaneur.explain.target import target
from flaneur.onnx_files import graph as onnx_graph
from flaneur.onnx_files import proto as onnx_proto
from flaneur.predict import Model
from marked_city import built_model, marked_photos
from marked_vit import built_transformer

torch = pytest.importorskip("torch")

from flaneur.explain.gradients.network import Network, network_of  # noqa: E402
from flaneur.explain.gradients.question import asked  # noqa: E402

RNG = np.random.default_rng(0)
SHAPE = (2, 3, 6, 6)


def floats(*shape):
    return RNG.normal(size=shape).astype(np.float32)


def whole(*values):
    return np.array(values, np.int64)


def graph(nodes, constants, *, version=18, outputs=("logits",)):
    """A model of these nodes on ``image`` ``[2, 3, 6, 6]``."""
    return onnx_proto.message(
        "ModelProto",
        ir_version=8,
        opset_import=[onnx_proto.message("OperatorSetIdProto", domain="", version=version)],
        graph=onnx_proto.message(
            "GraphProto",
            name="g",
            node=nodes,
            initializer=[onnx_proto.tensor(name, values) for name, values in constants.items()],
            input=[onnx_proto.float_value("image", list(SHAPE))],
            output=[onnx_proto.float_value(name, []) for name in outputs],
        ),
    )


def both(model, image):
    """The same outputs by ONNX Runtime and by torch."""
    import onnxruntime

    onnxruntime.set_default_logger_severity(4)
    for output in model.graph.output:
        output.type.tensor_type.ClearField("shape")
    session = onnxruntime.InferenceSession(onnx_proto.to_bytes(model), providers=["CPUExecutionProvider"])
    names = [output.name for output in model.graph.output]
    expected = dict(zip(names, session.run(names, {"image": image}), strict=True))
    got = Network(model).values(torch.from_numpy(image), names)
    return expected, {name: value.numpy() for name, value in got.items()}


def text(node, **attributes):
    for name, value in attributes.items():
        node.attribute.add(name=name, type=3, s=value.encode())
    return node


C = {"w": floats(4, 3, 3, 3), "b": floats(4), "g": floats(2, 1, 3, 3), "m": floats(6, 5), "v": floats(3)}
C |= {"low": np.float32(-0.3), "high": np.float32(0.4), "two": np.float32(2), "e": np.float32(0.5), "row": floats(6)}
C |= {"plus": np.abs(floats(3)), "pair": floats(36, 4), "tall": floats(4, 6)}
ONE = {
    "Conv strides and uneven pads": ("Conv", ["image", "w", "b"], {"strides": [2, 2], "pads": [0, 0, 1, 1]}),
    "Conv dilated": ("Conv", ["image", "w"], {"dilations": [2, 2], "pads": [2, 2, 2, 2]}),
    "MaxPool": ("MaxPool", ["image"], {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 0, 0]}),
    "MaxPool ceil": ("MaxPool", ["image"], {"kernel_shape": [4, 4], "strides": [3, 3], "ceil_mode": 1}),
    "AveragePool": ("AveragePool", ["image"], {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]}),
    "AveragePool counting pads": (
        "AveragePool", ["image"], {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "count_include_pad": 1}),
    "GlobalAveragePool": ("GlobalAveragePool", ["image"], {}),
    "GlobalMaxPool": ("GlobalMaxPool", ["image"], {}),
    "BatchNormalization": ("BatchNormalization", ["image", "v", "v", "v", "plus"], {"epsilon": 1e-3}),
    "InstanceNormalization": ("InstanceNormalization", ["image", "v", "v"], {}),
    "LayerNormalization": ("LayerNormalization", ["image", "row", "row"], {"axis": -1, "epsilon": 1e-5}),
    "LRN": ("LRN", ["image"], {"size": 3, "alpha": 0.01, "bias": 2.0}),
    "MatMul": ("MatMul", ["image", "m"], {}),
    "Clip": ("Clip", ["image", "low", "high"], {}),
    "Clip above": ("Clip", ["image", "", "high"], {}),
    "Flatten": ("Flatten", ["image"], {"axis": 2}),
    "Gather": ("Gather", ["image", "last"], {"axis": 2}),
    "HardSigmoid": ("HardSigmoid", ["image"], {"alpha": 0.17, "beta": 0.4}),
    "HardSwish": ("HardSwish", ["image"], {}),
    "LeakyRelu": ("LeakyRelu", ["image"], {"alpha": 0.2}),
    "Max": ("Max", ["image", "low"], {}),
    "Pad": ("Pad", ["image", "pads", "high"], {}),
    "Pow": ("Pow", ["image", "two"], {}),
    "Reshape with zero": ("Reshape", ["image", "keep"], {}),
    "ReduceL2": ("ReduceL2", ["image", "sides"], {"keepdims": 0}),
    "ReduceLogSumExp": ("ReduceLogSumExp", ["image", "sides"], {"keepdims": 0}),
    "ReduceMean over all": ("ReduceMean", ["image"], {"keepdims": 1}),
    "ReduceMax": ("ReduceMax", ["image", "sides"], {}),
    "ReduceSum of nothing": ("ReduceSum", ["image"], {"noop_with_empty_axes": 1}),
    "Slice backwards": ("Slice", ["image", "last", "far", "three", "back"], {}),
    "Softmax": ("Softmax", ["image"], {"axis": 1}),
    "Squeeze and more": ("Unsqueeze", ["image", "sides"], {}),
    "Transpose": ("Transpose", ["image"], {"perm": [0, 2, 3, 1]}),
    "Expand": ("Expand", ["image", "wide"], {}),
}  # fmt: skip
C |= {"last": whole(-1, 0), "pads": whole(0, 0, 1, 0, 0, 0, 2, 1), "keep": whole(0, -1, 12), "sides": whole(2, 3)}
C |= {"far": whole(-99, 4), "three": whole(2, 3), "back": whole(-2, 2), "wide": whole(1, 3, 6, 6)}
C["scale"] = np.abs(floats(4, 1, 1, 1))


@pytest.mark.parametrize("case", ONE)
def test_an_operator_computes_what_onnx_runtime_does(case):
    kind, inputs, attributes = ONE[case]
    constants = {name: C[name] for name in inputs if name in C}
    expected, got = both(graph([onnx_proto.node(kind, inputs, ["logits"], **attributes)], constants), floats(*SHAPE))
    assert got["logits"].shape == expected["logits"].shape
    np.testing.assert_allclose(got["logits"], expected["logits"], rtol=1e-5, atol=1e-5)


def test_shapes_worked_out_on_the_way():
    nodes = [
        onnx_proto.node("Shape", ["image"], ["size"], start=0, end=1),
        onnx_proto.node("Concat", ["size", "rest"], ["wanted"], axis=0),
        onnx_proto.node("Reshape", ["image", "wanted"], ["rows"], allowzero=1),
        onnx_proto.node("Split", ["rows", "parts"], ["left", "right"], axis=1),
        onnx_proto.node("Gemm", ["right", "tall"], ["logits"], transB=1, alpha=0.5),
        onnx_proto.node("TopK", ["left", "k"], ["best", "where"], axis=1),
        onnx_proto.node("Erf", ["best"], ["embedding"]),
        onnx_proto.node("OneHot", ["where", "depth", "ends"], ["feature_map"]),
    ]
    constants = {"rest": whole(108), "parts": whole(102, 6), "tall": C["tall"], "k": whole(3), "depth": whole(102)}
    constants["ends"] = np.array([0.0, 1.0], np.float32)
    model = graph(nodes, constants, outputs=("logits", "embedding", "feature_map"))
    expected, got = both(model, floats(*SHAPE))
    for name, value in expected.items():
        np.testing.assert_allclose(got[name], value, rtol=1e-5, atol=1e-5)


def test_packed_weights_and_modes_given_as_text():
    nodes = [
        onnx_proto.node("Cast", ["packed"], ["cast"], to=1),
        onnx_proto.node("Mul", ["cast", "scale"], ["int8"]),
        onnx_proto.node("Cast", ["half"], ["w"], to=1),
        onnx_proto.node("Add", ["int8", "w"], ["both"]),
        text(onnx_proto.node("Conv", ["image", "both"], ["made"], kernel_shape=[3, 3]), auto_pad="NOTSET"),
        text(onnx_proto.node("Pad", ["made", "rim"], ["logits"]), mode="edge"),
    ]
    packed = RNG.integers(-127, 128, (4, 3, 3, 3)).astype(np.int8)
    constants = {"packed": packed, "scale": C["scale"], "half": C["w"].astype(np.float16)}
    constants["rim"] = whole(0, 0, 1, 1, 0, 0, 1, 1)
    model = graph(nodes, constants)
    expected, got = both(model, floats(*SHAPE))
    np.testing.assert_allclose(got["logits"], expected["logits"], rtol=1e-4, atol=1e-4)
    assert [step.kind for step in Network(model).steps] == ["Conv", "Pad"]  # all else depends on no photo


@pytest.mark.parametrize("model", [lambda: Model(read_bundle("base")), built_model, built_transformer])
def test_whole_models_agree_with_onnx_runtime(model):
    asked_for = target(model(), marked_photos(1)[0].image)
    with asked(asked_for) as question:
        mine = question.network.values(question.square(), ["logits", "embedding", "feature_map"])
        speaks = float(question.score(question.square()))
    (theirs,) = asked_for.run([asked_for.picture()], ["logits", "embedding", "feature_map"])
    for name, value in theirs.items():
        assert np.abs(mine[name][0].numpy() - value).max() <= 5e-5 * np.abs(value).max()
    assert speaks == pytest.approx(asked_for.score, abs=1e-3)


def test_smaller_weights_agree_too():
    bundle = read_bundle("base")
    model = onnx_graph.compress_weights(onnx_proto.load(bundle.model), most_bytes=0)
    image = floats(1, 3, 160, 160)
    for output in [output for output in model.graph.output if output.name == "novelty"]:
        model.graph.output.remove(output)
    expected, got = both(model, image)
    for name, value in expected.items():
        assert np.abs(got[name] - value).max() <= 1e-5 * np.abs(value).max()


def test_nothing_is_learnt_and_nothing_trains():
    network = network_of(built_model())
    assert not list(network.parameters())
    assert not any(module.training for module in network.modules())
    assert network_of(built_model()) is network


def test_made_where_gradients_are_forbidden_it_has_them_later():
    with torch.inference_mode():
        network = Network(onnx_proto.load(built_model().bundle.model))
    image = torch.zeros(1, 3, 96, 96, requires_grad=True)
    assert network(image).shape == (1, 3)
    with torch.inference_mode():
        network = network_of(built_transformer())
    torch.autograd.grad(network(image).sum(), image)


def test_unknown_operators_and_old_versions_are_refused():
    nodes = [onnx_proto.node("Unique", ["image"], ["x"]), onnx_proto.node("Resize", ["x"], ["logits"])]
    with pytest.raises(UsageError, match="operators Resize, Unique"):
        Network(graph(nodes, {}))
    with pytest.raises(UsageError, match="older than version 13"):
        Network(graph([onnx_proto.node("Relu", ["image"], ["logits"])], {}, version=12))
    with pytest.raises(UsageError, match="computes no 'embedding'"):
        Network(graph([onnx_proto.node("Relu", ["image"], ["logits"])], {})).layer("embedding")
