"""A column added to any head: the old logits stay, the new one is linear, novelty knows the new photos."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from bundles import DIM, SIZE_PX, tiny_encoder, tiny_head, tiny_novelty
from flaneur.add_city.answers import ask
from flaneur.bundle.inference import open_session
from flaneur.errors import InputError
from flaneur.onnx_files import graph as onnx_graph
from flaneur.onnx_files.heads import Head, HeadParams, MlpParams, NeighbourParams, PrototypeParams
from flaneur.onnx_files.one_more_city import add_column

RNG = np.random.default_rng(7)


def floats(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape).astype(np.float32)


def unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


HEADS: dict[str, Head] = {
    "linear": tiny_head(3),
    "mlp": MlpParams(HeadParams(floats(DIM, 5), floats(5)), HeadParams(floats(5, 3), floats(3))),
    "prototype": PrototypeParams(floats(DIM), np.abs(floats(DIM)) + 0.1, unit(floats(3, DIM)), 9.0),
    "neighbours": NeighbourParams(
        floats(DIM), floats(DIM, 4), unit(floats(20, 4)), np.arange(20) % 3, floats(20), 3, k=6
    ),
}


@pytest.mark.parametrize("opset", [17, 18])
@pytest.mark.parametrize("novelty", ["combined", "neighbours", "energy", "max_probability"])
@pytest.mark.parametrize("kind", HEADS)
def test_two_columns_stand_beside_any_head(kind: str, novelty: str, opset: int) -> None:
    encoder = tiny_encoder(opset=opset)
    model = onnx_graph.append_head(encoder, HEADS[kind], tiny_novelty(novelty))
    columns, new = [HeadParams(floats(DIM, 1), floats(1)) for _ in range(2)], floats(6, DIM)
    embeddings = np.concatenate([floats(9, DIM), new])
    before = ask(onnx_graph.only_head(model), embeddings)
    more = add_column(add_column(model, columns[0], new), columns[1], floats(3, DIM))
    onnx.checker.check_model(onnx.load_from_string(onnx_graph.to_bytes(more)), full_check=True)
    after = ask(onnx_graph.only_head(more), embeddings)
    np.testing.assert_allclose(after.logits[:, :3], before.logits, atol=1e-5)
    for number, column in enumerate(columns, 3):
        above = after.logits[:, number] - after.logits[:, :number].mean(axis=1)
        np.testing.assert_allclose(above, (embeddings @ column.weight + column.bias)[:, 0], rtol=1e-3, atol=1e-4)
    if novelty == "neighbours":
        assert (after.novelty <= before.novelty + 1e-6).all()
        assert (after.novelty[9:] < before.novelty[9:]).all()
    assert onnx_graph.to_bytes(onnx_graph.strip_head(more)) == onnx_graph.to_bytes(encoder)
    image = np.zeros((2, 3, SIZE_PX, SIZE_PX), np.float32)
    assert open_session(onnx_graph.to_bytes(more)).run(["logits"], {"image": image})[0].shape == (2, 5)


def test_a_linear_head_stays_one() -> None:
    model = add_column(onnx_graph.append_head(tiny_encoder(), tiny_head(3)), tiny_head(1), floats(3, DIM))
    assert [node.op_type for node in model.graph.node if node.name.startswith("head/")] == ["Gemm"]


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(InputError, match="no head of flaneur's"):
        add_column(tiny_encoder(), tiny_head(1), floats(3, DIM))
    model = onnx_graph.append_head(tiny_encoder(), tiny_head(3))
    with pytest.raises(InputError, match="does not fit"):
        add_column(model, tiny_head(2), floats(3, DIM))
    with pytest.raises(InputError, match="does not fit"):
        add_column(model, tiny_head(1), floats(3, DIM + 1))
